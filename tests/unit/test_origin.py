"""Where a finding at progression comes from: EMERGENT needs a negative that would have seen it."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.mechanism_cases import CTDNA, POST, PRE, RULES, TISSUE, heregulin, sample

from cetux.axes import Finding, axis_states
from cetux.clonality import Copies, cell_fraction
from cetux.evidence import Allele, SampleEvidence
from cetux.heregulin import HeregulinChange
from cetux.origin import _expanded, is_lost, with_origin
from cetux.states import Axis, Origin, PurityState, Trend

EMERGENT, EXPANDED, PRE_EXISTING = Origin.EMERGENT, Origin.EXPANDED, Origin.PRE_EXISTING
UNRESOLVED = Origin.ORIGIN_UNRESOLVED
CHIP = "chip_not_excluded"
ACROSS = "across_specimen_types"


def finding(which: Axis, post: SampleEvidence) -> Finding:
    (found,) = axis_states([post], None, POST, RULES)[which].findings
    return found


def kras(post: str, pre: Sequence[SampleEvidence], **other) -> Finding:
    return with_origin(finding(Axis.RAS, sample(POST, KRAS=post, **other)), pre, None, RULES)


def amplified(post: SampleEvidence, pre: Sequence[SampleEvidence]) -> Finding:
    return with_origin(finding(Axis.ERBB2, post), pre, None, RULES)


@pytest.mark.parametrize(
    ("before", "after", "origin"),
    [
        ("WT", "MUT G12D 30%", EMERGENT),
        ("WT", "MUT G12D 5%", EMERGENT),
        ("MUT G12D 30%", "MUT G12D 31%", PRE_EXISTING),
        ("MUT G12D 10%", "MUT G12D 30%", EXPANDED),
        ("MUT_LOW G12D 2%", "MUT G12D 30%", EXPANDED),
        ("MUT G12D 10%", "MUT G12D 19%", PRE_EXISTING),
        ("MUT G12D 10%; all at 50x", "MUT G12D 24%; all at 50x", PRE_EXISTING),
        ("MUT G12V 30%", "MUT G12D 30%", EMERGENT),
        ("not assessed", "MUT G12D 30%", UNRESOLVED),
        ("NO_CALL; codon 12 at 4x", "MUT G12D 30%", UNRESOLVED),
        ("NO_CALL; codon 12 at 40x", "MUT G12D 8%", UNRESOLVED),
    ],
    ids=[
        "absent",
        "absent, faint after",
        "unchanged",
        "tripled",
        "from the grey zone",
        "not doubled",
        "doubled, intervals overlap",
        "another change of the codon",
        "gene not read",
        "codon hardly read",
        "limit above what was found",
    ],
)
def test_mutation_in_the_same_specimen_type(before: str, after: str, origin: Origin) -> None:
    found = kras(after, [sample(PRE, KRAS=before)])
    assert (found.origin, found.flags) == (origin, ())


def test_an_inadequate_negative_makes_nothing_emergent() -> None:
    """Rules: "PRE adequate-negative with its limit <= the POST value"; 40 fragments exclude 22 %, but are no WT."""
    assert kras("MUT G12D 30%", [sample(PRE, KRAS="NO_CALL; codon 12 at 40x")]).origin is UNRESOLVED


def test_plasma_without_tumour_dna_makes_nothing_emergent() -> None:
    """Rules: "ctDNA with no tumour variant anywhere is not usable"."""
    found = kras("MUT G12D 3%", [sample(PRE, CTDNA)], specimen=CTDNA)
    assert found.origin is UNRESOLVED


def test_plasma_with_tumour_dna_is_a_negative() -> None:
    found = kras("MUT G12D 3%", [sample(PRE, CTDNA, PIK3CA="MUT H1047R 3%")], specimen=CTDNA)
    assert (found.origin, found.flags) == (EMERGENT, (CHIP,))


def test_without_a_sample_or_with_one_put_aside_the_origin_is_unresolved() -> None:
    assert kras("MUT G12D 30%", []).origin is UNRESOLVED
    assert kras("MUT G12D 30%", [sample(PRE, quarantined="wrong patient")]).origin is UNRESOLVED


@pytest.mark.parametrize(
    ("purity", "depth", "origin", "flags"),
    [
        (0.5, 500, EMERGENT, (CHIP, ACROSS)),
        (0.08, 500, EMERGENT, (CHIP, ACROSS)),
        (0.06, 500, UNRESOLVED, (CHIP,)),
        (None, 500, UNRESOLVED, (CHIP,)),
    ],
    ids=["CCF 0.07", "CCF 0.45", "CCF 0.6", "purity unknown"],
)
def test_across_specimen_types_a_clonal_mutation_must_be_excluded(
    purity: float | None, depth: int, origin: Origin, flags: tuple[str, ...]
) -> None:
    before = sample(PRE, KRAS=f"WT; all at {depth}x", purity=purity, erbb2="NE technical")
    found = kras("MUT G12D 1%", [before], specimen=CTDNA)
    assert (found.origin, found.flags) == (origin, flags)


def test_the_same_type_is_preferred_over_the_other() -> None:
    before = [sample(PRE, name="T"), sample(PRE, CTDNA, name="C", PIK3CA="MUT H1047R 3%")]
    for order in (before, before[::-1]):
        found = kras("MUT G12D 3%", order, specimen=CTDNA)
        assert (found.origin, found.flags) == (EMERGENT, (CHIP,))


def test_seen_in_one_of_several_samples_before_it_was_there() -> None:
    before = [sample(PRE, name="A"), sample(PRE, name="B", KRAS="MUT G12D 30%")]
    assert kras("MUT G12D 31%", before).origin is PRE_EXISTING
    assert kras("MUT G12D 31%", before[::-1]).origin is PRE_EXISTING


def test_grown_over_one_sample_but_not_over_another_is_not_expanded() -> None:
    before = [sample(PRE, name="A", KRAS="MUT G12D 8%"), sample(PRE, name="B", KRAS="MUT G12D 30%")]
    assert kras("MUT G12D 31%", before).origin is PRE_EXISTING


def test_growth_is_of_the_tumour_fraction_not_of_the_purity() -> None:
    """From 10 % at purity 0.3 to 27 % at 0.9 the VAF nearly triples and the CCF stays 0.6."""
    before = sample(PRE, KRAS="MUT G12D 10%", purity=0.3)
    assert kras("MUT G12D 27%", [before], purity=0.9).origin is PRE_EXISTING


DEEP = 20_000
"""Fragments at which the intervals of a VAF are narrow: what is tested is the multiplicity."""


def seen_at(vaf: float, purity: float = 0.5, copies: Copies | None = None) -> Allele:
    """A mutation at an exactly known purity; of copies that were measured, or of two."""
    cells = cell_fraction(round(vaf * DEEP), DEEP, purity, purity, copies)
    (allele,) = sample(POST, KRAS="MUT G12D 30%").genotypes.genes["KRAS"].alleles
    ccf = {"ccf": cells.value, "ccf_low": cells.low, "ccf_high": cells.high, "multiplicity": cells.multiplicity}
    if copies:
        ccf |= {"local_copies": copies.value, "local_copies_low": copies.low, "local_copies_high": copies.high}
    return replace(allele, vaf=vaf, **ccf)


def ccf_doubled(before: Allele, after: Allele) -> bool:
    return after.ccf > 2 * before.ccf and after.ccf_low > before.ccf_high


@pytest.mark.parametrize("half_width", [0.05, 0.4], ids=["copies differ", "copies may be the same"])
def test_a_multiplicity_rounded_otherwise_is_no_growth(half_width: float) -> None:
    """u = v*(p*C + 2*(1-p))/p: 0.45*1.8/0.5 = 1.62 on two copies, a CCF of 0.81; 0.5*1.7/0.5 = 1.7 on one, of 1.7."""
    before, after = (
        seen_at(vaf, copies=Copies(copies, copies - half_width, copies + half_width))
        for vaf, copies in ((0.45, 1.6), (0.5, 1.4))
    )
    assert (before.multiplicity, after.multiplicity) == (2, 1)
    assert (before.ccf, after.ccf) == (pytest.approx(0.81), pytest.approx(1.7))
    assert ccf_doubled(before, after), "by the CCFs alone it would be"
    assert not _expanded(before, after)


def test_growth_does_not_end_where_the_multiplicity_is_rounded_up() -> None:
    """u = 2*v/p: from 0.6, 1.48 is a CCF of 1.48 and 1.52 one of 0.76; both are more than twice what was there."""
    before, less, more = (seen_at(vaf) for vaf in (0.15, 0.37, 0.38))
    assert (before.multiplicity, less.multiplicity, more.multiplicity) == (1, 1, 2)
    assert ccf_doubled(before, less) and not ccf_doubled(before, more)
    assert _expanded(before, less) and _expanded(before, more)


@given(st.floats(0.01, 0.9), st.floats(0.01, 0.9), st.floats(0.01, 0.9))
def test_more_of_a_mutation_that_expanded_has_expanded_too(before: float, one: float, other: float) -> None:
    less, more = sorted((one, other))
    was = seen_at(before)
    assert not _expanded(was, seen_at(less)) or _expanded(was, seen_at(more))
    assert not _expanded(was, seen_at(less)) or less > 2 * before * 0.99


@pytest.mark.parametrize(
    ("before", "after", "grown"),
    [
        (seen_at(0.25), seen_at(3 / 7, copies=Copies(12, 11, 13)), False),
        (seen_at(0.25, copies=Copies()), seen_at(3 / 7, copies=Copies(12, 11, 13)), False),
        (seen_at(0.05, copies=Copies()), seen_at(0.5 / 4, copies=Copies(6, 5.5, 6.5)), True),
        (seen_at(0.05, copies=Copies()), seen_at(0.05, copies=Copies(6, 5.5, 6.5)), False),
    ],
    ids=["clonal, amplified, not measured before", "clonal, amplified", "a subclone that took over", "twice, not more"],
)
def test_where_the_copies_differ_the_cells_must_have_grown(before: Allele, after: Allele, grown: bool) -> None:
    """At purity 0.5 and C copies m*CCF = v*(C + 2): 1 of 2 and 6 of 12; 0.2 of 2 and 1 of 6; 0.2 of 2 and 0.4 of 6."""
    assert _expanded(before, after) is grown


@pytest.mark.parametrize(
    ("before", "after", "origin"),
    [
        ("NEG", "AMP 18", EMERGENT),
        ("POLYSOMY 4.2 over 3.8", "AMP 18", EMERGENT),
        ("AMP 9", "AMP 34", EXPANDED),
        ("AMP 9", "AMP 17", PRE_EXISTING),
        ("AMP 18", "AMP 18", PRE_EXISTING),
        ("EQUIVOCAL 4.6", "AMP 18", UNRESOLVED),
        ("NE technical", "AMP 18", UNRESOLVED),
    ],
)
def test_amplification(before: str, after: str, origin: Origin) -> None:
    found = amplified(sample(POST, erbb2=after), [sample(PRE, erbb2=before)])
    assert (found.origin, found.flags) == (origin, ())


def test_doubled_copies_with_overlapping_intervals_are_not_expanded() -> None:
    before, after = {"text": "AMP 7", "se": 0.15}, {"text": "AMP 15", "se": 0.35}
    assert amplified(sample(POST, erbb2=after), [sample(PRE, erbb2=before)]).origin is PRE_EXISTING


def test_a_negative_that_could_not_have_seen_so_few_copies_makes_nothing_emergent() -> None:
    before, after = sample(PRE), sample(POST, erbb2="AMP 8")
    for detectable, origin in ((8.1, UNRESOLVED), (7.9, EMERGENT), (None, UNRESOLVED)):
        blind = replace(before, erbb2=replace(before.erbb2, detectable_copies=detectable))
        assert amplified(after, [blind]).origin is origin


def test_plasma_without_tumour_dna_does_not_exclude_an_amplification() -> None:
    found = amplified(sample(POST, CTDNA, erbb2="AMP 18"), [sample(PRE, CTDNA)])
    assert found.origin is UNRESOLVED


def test_an_amplification_across_specimen_types_is_flagged() -> None:
    found = amplified(sample(POST, CTDNA, erbb2="AMP 18"), [sample(PRE, TISSUE)])
    assert (found.origin, found.flags) == (EMERGENT, (ACROSS,))


@pytest.mark.parametrize(
    ("before", "origin"),
    [
        ("LOW 420", EMERGENT),
        ("BLQ <62.5", EMERGENT),
        ("HIGH 2500", PRE_EXISTING),
        ("MISSING", UNRESOLVED),
        (None, UNRESOLVED),
        ({"state": "EQUIVOCAL", "value": "<LLOQ", "lloq": "500"}, UNRESOLVED),
        ({"state": "QC_FAIL", "value": "420", "cv_percent": "34"}, UNRESOLVED),
        ({"state": "MATRIX_MISMATCH", "value": "420", "matrix": "plasma"}, UNRESOLVED),
    ],
)
def test_heregulin(before, origin: Origin) -> None:
    (found,) = axis_states([], heregulin(POST, "HIGH 2900"), POST, RULES)[Axis.HRG].findings
    assert with_origin(found, [], heregulin(PRE, before) if before else None, RULES).origin is origin


def test_an_equivocal_sample_before_is_not_mended_by_a_negative_one() -> None:
    before = [sample(PRE, name="A"), sample(PRE, name="B", erbb2="EQUIVOCAL 4.6")]
    for order in (before, before[::-1]):
        assert amplified(sample(POST, erbb2="AMP 18"), order).origin is UNRESOLVED


def test_across_specimen_types_an_amplification_in_half_of_the_cells_must_be_seen() -> None:
    """Half of the cells with 8 copies and half with 2 show 5 on average: 5.1 would not have been seen, 4.9 would."""
    after = sample(POST, CTDNA, erbb2="AMP 8")
    for detectable, origin, flags in ((5.1, UNRESOLVED, ()), (4.9, EMERGENT, (ACROSS,))):
        before = sample(PRE)
        before = replace(before, erbb2=replace(before.erbb2, detectable_copies=detectable))
        found = amplified(after, [before])
        assert (found.origin, found.flags) == (origin, flags)


def with_trace(before: SampleEvidence, filters: tuple[str, ...]) -> SampleEvidence:
    """The sample with KRAS G12D DETECTED at 0.8 %, below the floor of a report."""
    (allele,) = sample(POST, KRAS="MUT G12D 30%").genotypes.genes["KRAS"].alleles
    trace = replace(allele, alt_fragments=4, vaf=0.008, ccf=0.027, ccf_low=0.007, ccf_high=0.14, filters=filters)
    genes = {**before.genotypes.genes, "KRAS": replace(before.genotypes.genes["KRAS"], traces=(trace,))}
    return replace(before, genotypes=replace(before.genotypes, genes=genes))


def test_a_trace_below_the_floors_was_there() -> None:
    assert kras("MUT G12D 30%", [with_trace(sample(PRE), ())]).origin is EXPANDED


def test_what_looked_like_an_artefact_is_not_excluded_by_another_sample() -> None:
    doubtful = with_trace(sample(PRE, name="A"), ("one_strand",))
    assert kras("MUT G12D 30%", [doubtful, sample(PRE, name="B")]).origin is UNRESOLVED


def test_fragments_before_are_said_and_change_no_origin() -> None:
    before = sample(PRE, name="pre")
    before = replace(before, genotypes=replace(before.genotypes, observed={"KRAS G12D": 4, "KRAS G12V": 9}))
    found = kras("MUT G12D 30%", [before])
    assert (found.origin, found.flags) == (EMERGENT, ("fragments_before:pre:4/500",))


def test_fragments_before_beyond_errors_leave_the_baseline_in_doubt() -> None:
    """Also beside another sample that is clean: see the order in which several samples combine."""
    before = sample(PRE, name="pre")
    shown = {"observed": {"KRAS G12D": 4}, "beyond_errors": ("KRAS G12D",)}
    doubtful = replace(before, genotypes=replace(before.genotypes, **shown))
    found = kras("MUT G12D 30%", [doubtful, sample(PRE, name="clean")])
    assert (found.origin, found.flags) == (UNRESOLVED, ("fragments_before:pre:4/500",))
    assert kras("MUT G12V 30%", [doubtful]).origin is EMERGENT
    lost = finding(Axis.RAS, sample(PRE, KRAS="MUT G12D 30%"))
    assert not is_lost(lost, [replace(doubtful, timepoint=POST)], None, RULES)


@pytest.mark.parametrize(
    ("after", "lost"), [("WT", True), ("WT; codon 12 at 200x", True), ("NO_CALL; all at 20x", False)]
)
def test_lost_needs_a_limit_that_covers_what_was_there(after: str, lost: bool) -> None:
    """200 fragments exclude 4.5 %, 500 exclude 1.8 %."""
    before = finding(Axis.RAS, sample(POST, KRAS="MUT G12D 6%"))
    assert is_lost(before, [sample(POST, KRAS=after)], None, RULES) is lost
    faint = finding(Axis.RAS, sample(POST, purity=0.06, erbb2="NE", KRAS="MUT_LOW G12D 3%"))
    assert is_lost(faint, [sample(POST, KRAS=after)], None, RULES) is (after == "WT")


@pytest.mark.parametrize(("state", "origin"), [(PurityState.GIVEN, EMERGENT), (PurityState.ESTIMATED, UNRESOLVED)])
def test_across_specimen_types_an_estimated_purity_excludes_nothing(state: PurityState, origin: Origin) -> None:
    before = sample(PRE, purity=0.5, erbb2="NE technical")
    before = replace(before, erbb2=replace(before.erbb2, purity_state=state))
    assert kras("MUT G12D 1%", [before], specimen=CTDNA).origin is origin


@pytest.mark.parametrize(
    ("purities", "before", "after", "origin"),
    [
        ((None, None), "AMP 12", "AMP 30", UNRESOLVED),
        ((None, 0.6), "AMP 12", "AMP 60", UNRESOLVED),
        ((0.6, None), "AMP 12", "AMP 30", UNRESOLVED),
        ((None, None), "AMP 12", "AMP 23", PRE_EXISTING),
        ((0.6, 0.6), "AMP 12", "AMP 30", EXPANDED),
    ],
    ids=["both unknown", "before unknown", "after unknown", "not doubled", "both known"],
)
def test_growth_at_unknown_purity_cannot_be_judged(
    purities: tuple[float | None, float | None], before: str, after: str, origin: Origin
) -> None:
    """As of alleles: more tumour cells double what is observed as well as more copies do."""
    pre, post = sample(PRE, erbb2=before, purity=purities[0]), sample(POST, erbb2=after, purity=purities[1])
    assert amplified(post, [pre]).origin is origin


def test_one_sample_over_which_nothing_doubled_settles_that_it_was_there() -> None:
    before = [sample(PRE, name=name, purity=None, erbb2=text) for name, text in (("A", "AMP 12"), ("B", "AMP 28"))]
    assert amplified(sample(POST, purity=None, erbb2="AMP 30"), before).origin is PRE_EXISTING


@pytest.mark.parametrize("changed", [{"assay": "Quantikine"}, {"matrix": "plasma"}], ids=["assay", "matrix"])
def test_heregulin_of_another_assay_or_matrix_makes_nothing_emergent(changed: dict[str, str]) -> None:
    (found,) = axis_states([], heregulin(POST, "HIGH 2900"), POST, RULES)[Axis.HRG].findings
    made = with_origin(found, [], replace(heregulin(PRE, "LOW 420"), **changed), RULES)
    assert (made.origin, made.flags[-1]) == (UNRESOLVED, "other_assay_or_matrix")


@pytest.mark.parametrize("trend", [None, *Trend])
def test_heregulin_is_lost_only_by_a_fall_beyond_the_reference_change(trend: Trend | None) -> None:
    (before,) = axis_states([], heregulin(PRE, "HIGH 1200"), PRE, RULES)[Axis.HRG].findings
    change = HeregulinChange(trend, "reference change") if trend else None
    assert is_lost(before, [], heregulin(POST, "LOW 900"), RULES, change) is (trend is Trend.FALL)
    assert not is_lost(before, [], heregulin(POST, "HIGH 1200"), RULES, change)
    assert not is_lost(before, [], None, RULES, change)
