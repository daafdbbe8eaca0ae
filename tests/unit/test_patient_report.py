import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from markupsafe import Markup
from tests.unit.mechanism_cases import POST, PRE, RULES, TISSUE, evidence, patient, sample

from cetux import patient_report
from cetux.allele_names import AlleleNames
from cetux.call_comparison import ComparedCall
from cetux.catalogue import Listing
from cetux.cohort_calls import PatientCall, call_cohort
from cetux.counts import Usable
from cetux.described_alleles import DescribedAllele
from cetux.evidence import Allele, IdentityCheck, PurityEstimate, SampleGenotypes
from cetux.overrides import Override
from cetux.states import Agreement, Axis, Erbb2, Forced, Genotype, Identity, PurityState, Specimen, Status, Verdict
from cetux.umi_proof import NOT_SHOWN_WORDS
from cetux.what_if import WhatIf

ATTACK = "<img src=x onerror=alert(1)>"


def called() -> PatientCall:
    samples = [sample(PRE), sample(POST, erbb2="AMP 22")]
    one = evidence(patient("PR", 300), samples, pre="LOW 420", post="LOW 430")
    return call_cohort([one], RULES).patients[0]


def page_of(one: PatientCall) -> str:
    return " ".join(patient_report.patient_page(one, RULES, ["AMP holds down to purity 0.2"], [], []).split())


def test_the_page_gives_call_evidence_limits_flips_and_annotation() -> None:
    page = page_of(called())
    for text in (
        "Research use only",
        "ERBB2_AMP",
        "AMP holds down to purity 0.2",
        "95 % ",
        "smallest gain over the ploidy that this sample would show",
        "excludes VAF",
        "reported as associated with resistance",
        "entered 2026-",
        "cetux 0.",
    ):
        assert text in page, text
    assert "resistant to" not in page


def test_evidence_stands_by_time_point_and_sample() -> None:
    rows = patient_report.evidence_rows(called())
    assert [row[:4] for row in rows if row[0] == "ERBB2 copies"] == [
        ("ERBB2 copies", "pre", "pre-tissue (tissue)", "NEG"),
        ("ERBB2 copies", "post", "post-tissue (tissue)", "AMP"),
    ]
    assert [(row[1], row[3], row[4]) for row in rows if row[0] == "HRG"] == [
        ("pre", "LOW", "420 pg/mL"),
        ("post", "LOW", "430 pg/mL"),
    ]


def test_a_sample_that_is_not_usable_gives_its_reason_and_no_number() -> None:
    one = call_cohort([evidence(patient(), [sample(quarantined="it is truncated")])], RULES).patients[0]
    (row,) = patient_report.evidence_rows(one)
    assert row == ("all", "pre", "pre-tissue (tissue)", "not usable", "", "it is truncated")


def test_a_sample_without_genotypes_gives_reason_and_remedy_beside_its_copies() -> None:
    whole = sample(erbb2="AMP 22")
    mixed = SampleGenotypes(whole.sample, Usable(False, "contaminated: 6.1 % foreign DNA", "Sequence it again"))
    one = call_cohort([evidence(patient(), [replace(whole, genotypes=mixed)])], RULES).patients[0]
    mutations, copies = patient_report.evidence_rows(one)
    at = ("pre", "pre-tissue (tissue)")
    assert mutations == ("all mutations", *at, "not usable", "", "contaminated: 6.1 % foreign DNA. Sequence it again")
    assert copies[:4] == ("ERBB2 copies", *at, "AMP")
    assert "RAS: pre-tissue: genotypes not usable: contaminated: 6.1 % foreign DNA" in " ".join(
        patient_report.gaps(one)
    )


def test_a_gene_says_how_much_of_its_coding_sequence_was_read() -> None:
    whole = sample()
    covered = replace(whole.genotypes, coding_coverage={"KRAS": 1.0, "NRAS": 0.931})
    one = call_cohort([evidence(patient(), [replace(whole, genotypes=covered)])], RULES).patients[0]
    bounds = {row[0]: row[-1] for row in patient_report.evidence_rows(one)}
    assert bounds["KRAS"].endswith("; 100.0% of the coding sequence read deeply enough")
    assert bounds["NRAS"].endswith("; 93.1% of the coding sequence read deeply enough")
    assert "coding" not in bounds["BRAF"]


@pytest.mark.parametrize("verdict", Identity)
def test_every_pair_of_samples_states_its_verdict_with_the_reason(verdict: Identity) -> None:
    pair = IdentityCheck("pre-tissue", "post-tissue", verdict, "12 of 60 sites agree")
    judged = replace(evidence(patient("PR", 300), [sample(PRE), sample(POST)]), identity=(pair,))
    page = page_of(call_cohort([judged], RULES).patients[0])
    table = page.split("<h3>Are the samples of one person?</h3>")[1].split("</table>")[0]
    cells = ("pre-tissue", "post-tissue", str(verdict), "12 of 60 sites agree")
    assert re.findall(r"<t[dh][^>]*>([^<]*)</t[dh]>", table)[-4:] == list(cells)
    assert "of one person?" not in page_of(called())


def test_every_value_is_escaped() -> None:
    one = called()
    call = replace(
        one.call, primary="RAS_MUT(KRAS <b>)", why=(ATTACK,), missing=(ATTACK,), flags=(ATTACK,), patient=ATTACK
    )
    hostile = replace(one, call=call, samples=tuple(replace(s, sample=ATTACK) for s in one.samples))
    page = patient_report.patient_page(hostile, RULES, [ATTACK], [], [])
    assert "<img src=x" not in page
    assert page.count("&lt;img src=x") >= 6


def described(**given: Any) -> DescribedAllele:
    """BRAF V600E with what stands beside it."""
    found = Allele("BRAF", 600, "V600E", "", ((1, "T"),), Genotype.MUT, 120, 400, 0.3, braf_class=1)
    names = AlleleNames("NM_004333.6", "c.1799T>A", "p.Val600Glu", "NC_000007.14:g.140753336A>T")
    one = DescribedAllele("P1", "pre-tissue", PRE, TISSUE, "BRAF", "V600E", names, Genotype.MUT, found, 120, 400, False)
    return replace(one, **given)


def change_rows(*changes: DescribedAllele) -> list[list[str]]:
    page = patient_report.patient_page(called(), RULES, [], [], [], changes)
    table = page.split("<h3>Changes</h3>")[1].split("</table>")[0].split("<tbody>")[1]
    return [re.findall(r"<td>(.*?)</td>", row) for row in table.split("<tr>")[1:]]


NAMES = "NM_004333.6:c.1799T&gt;A, p.Val600Glu, NC_000007.14:g.140753336A&gt;T"
THEIRS = ComparedCall(
    Agreement.FILTERED, "BRAF", "V600E", "", False, False, their_vaf=0.004, filters=("base_qual", "<b>")
)


def test_a_change_shows_its_names_fraction_class_catalogue_and_the_other_caller() -> None:
    beside = {"catalogue": Listing.CODON, "caller": "Mutect2", "verdict": "AGREE"}
    assert change_rows(described(), described(**beside, theirs=replace(THEIRS, filters=(), their_vaf=0.28))) == [
        ["pre: pre-tissue", "BRAF V600E", NAMES, "MUT", "30.0% (120 of 400)", "BRAF class 1", ""],
        [
            *("pre: pre-tissue", "BRAF V600E", NAMES, "MUT", "30.0% (120 of 400)"),
            *("BRAF class 1; its codon is in the catalogue", "Mutect2: AGREE, 28.0%"),
        ],
    ]


def test_what_only_the_other_caller_has_shows_our_counts_and_no_fraction_of_nothing() -> None:
    only = {"state": None, "allele": None, "caller": "Mutect2", "verdict": "FILTERED", "theirs": THEIRS}
    unread = described(**only, alt_fragments=None, fragments=None, catalogue=Listing.UNKNOWN)
    rows = change_rows(described(**only, alt_fragments=0, catalogue=Listing.NO), unread)
    assert [row[3:] for row in rows] == [
        ["", "0 of 400", "not in the catalogue", "Mutect2: FILTERED (base_qual, &lt;b&gt;), 0.4%"],
        ["", "", "catalogue: cannot be told", "Mutect2: FILTERED (base_qual, &lt;b&gt;), 0.4%"],
    ]


def test_an_unlisted_change_and_an_artefact_say_so() -> None:
    found = described().allele
    assert found is not None
    unlisted = described(allele=replace(found, listed=False, braf_class=None), likely_germline=True)
    artefact = described(allele=replace(found, filters=("one_strand",)), state=Forced.FILTERED)
    rows = change_rows(unlisted, artefact)
    assert [row[3] for row in rows] == ["MUT, UNCLASSIFIED, likely germline", "FILTERED, one_strand"]


def test_hostile_names_of_changes_are_escaped() -> None:
    found = described().allele
    assert found is not None
    hostile = described(
        gene=ATTACK,
        protein=ATTACK,
        names=AlleleNames(ATTACK, ATTACK, ATTACK, ATTACK),
        allele=replace(found, filters=(ATTACK,)),
        caller=ATTACK,
        verdict=ATTACK,
        theirs=replace(THEIRS, filters=(ATTACK,)),
    )
    page = patient_report.patient_page(called(), RULES, [], [], [], [hostile])
    assert "<img src=x" not in page
    assert page.count("&lt;img src=x") >= 9


def test_a_patient_without_any_change_has_no_table_of_them() -> None:
    assert "<h3>Changes</h3>" not in page_of(called())


def test_pages_are_written_with_their_pictures(tmp_path: Path) -> None:
    picture = tmp_path / "post-tissue.svg"
    picture.write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    calls = call_cohort([evidence(patient(), [sample(POST)], post="LOW 420")], RULES)
    patient_report.write_pages(
        calls, WhatIf((), {}), [str(picture)], [], ["post-tissue"], {"P1": [described()]}, str(tmp_path / "pages")
    )
    page = (tmp_path / "pages/P1.html").read_text(encoding="utf-8")
    assert re.search(r'<img class="white" src="data:image/svg\+xml;base64,\w+', page)
    assert 'href="../reads/post-tissue.html"' in page
    assert "BRAF V600E" in page.split("<h3>Changes</h3>")[1]
    assert "No threshold in its plausible range changes class, status or primary mechanism." in page
    assert [path.name for path in (tmp_path / "pages").iterdir()] == ["P1.html"]


def test_the_purity_at_which_the_copies_flip_is_said() -> None:
    one = called()
    samples = tuple(
        replace(s, erbb2=replace(s.erbb2, flip_below_purity=0.22, flip_below_state=Erbb2.EQUIVOCAL))
        for s in one.samples
    )
    assert patient_report.purity_flips(replace(one, samples=samples), RULES) == [
        "ERBB2 of post-tissue: AMP holds down to purity 0.22 (stated 0.60); below it is EQUIVOCAL; "
        "the call is then INDETERMINATE"
    ]
    assert patient_report.purity_flips(one, RULES) == []


def test_an_estimated_purity_is_not_called_stated_and_a_flip_that_moves_no_call_says_so() -> None:
    one = call_cohort([evidence(patient(), [sample(KRAS="MUT G12D 30%")], pre="LOW 420")], RULES).patients[0]
    (only,) = one.samples
    copies = replace(
        only.erbb2, purity_state=PurityState.ESTIMATED, flip_below_purity=0.3, flip_below_state=Erbb2.POLYSOMY
    )
    estimated = replace(one, samples=(replace(only, erbb2=copies),))
    assert patient_report.purity_flips(estimated, RULES) == [
        "ERBB2 of pre-tissue: NEG holds down to purity 0.30 (estimated 0.60); below it is POLYSOMY; "
        "class, status and primary mechanism stay"
    ]
    assert "<h3>ERBB2 state flips</h3>" in page_of(estimated)
    assert "ERBB2 state flips" not in page_of(one)


def test_a_gain_says_how_far_it_reaches_and_which_part_of_the_gene_it_is() -> None:
    (only,) = call_cohort([evidence(patient(), [sample(erbb2="AMP 22")], pre="LOW 420")], RULES).patients[0].samples

    def last_cell(**given: Any) -> str:
        one = replace(only, erbb2=replace(only.erbb2, **given))
        return patient_report._sample_rows(one)[-1][-1]

    assert "raised" not in last_cell()
    wide = last_cell(raised_width_bp=120_000, raised_width_most_bp=2_400_000, extent="focal")
    assert wide.endswith("; raised over 0.12 to 2.40 Mb (gain: focal)")
    assert last_cell(raised_width_bp=9_000_000).endswith("raised over 9.00 or more Mb (gain: no controls to tell)")
    broken = last_cell(raised_part="17:39723319-39728662 (exons 17-27)", break_p_value=0.001)
    place = "17:39723319-39728662 (exons 17-27)"
    failed = last_cell(bins_designed=40, bins_dropped=("2 without a read", "1 left out"))
    assert failed.endswith("of 40 bins not used: 2 without a read; 1 left out")
    assert broken.endswith(f"; part of the gene that stands higher: {place}, p 0.001 of a step by chance")


USABLE = "Nothing: every axis was usable."


def test_nothing_is_missing_only_where_every_axis_was_usable() -> None:
    whole = call_cohort([evidence(patient(), [sample()], pre="LOW 420")], RULES).patients[0]
    assert patient_report.gaps(whole) == []
    assert USABLE in page_of(whole)
    not_judged = replace(whole, call=replace(whole.call, status=Status.NOT_APPLICABLE, axes={}, missing=()))
    assert patient_report.gaps(not_judged) == [f"{axis}: not judged" for axis in Axis]
    assert USABLE not in page_of(not_judged)
    failed = replace(whole.call.axes[Axis.ERBB2], verdict=Verdict.NOT_USABLE, reasons=("4 of 40 bins kept",))
    axes = {**whole.call.axes, Axis.ERBB2: failed}
    assert patient_report.gaps(replace(whole, call=replace(whole.call, axes=axes))) == ["ERBB2: 4 of 40 bins kept"]


def test_every_gap_says_what_would_decide_it() -> None:
    one = call_cohort([evidence(patient(), [sample(erbb2="NE technical")])], RULES).patients[0]
    assert one.explanation is not None
    assert [gap.axis for gap in one.explanation.wanted] == [Axis.ERBB2, Axis.HRG]
    found = patient_report.gaps(one)
    assert len(found) == 2
    for text, gap in zip(found, one.explanation.wanted, strict=True):
        assert text == f"{gap.axis}: {gap.missing}. What would decide: {gap.would_decide}"


def test_what_was_there_before_treatment_is_listed_once_with_what_would_decide() -> None:
    kept = [sample(PRE, KRAS="MUT G12D 30%"), sample(POST, KRAS="MUT G12D 30%")]
    one = call_cohort([evidence(patient("PR", 300), kept, pre="LOW 420", post="LOW 430")], RULES).patients[0]
    (gap,) = patient_report.gaps(one)
    assert gap.startswith("RAS_MUT(KRAS G12D) was there before treatment")
    assert ". What would decide: a further post-treatment sample" in gap
    assert "What would decide: a further post-treatment sample" in page_of(one)


def test_a_check_that_was_not_made_is_missing() -> None:
    whole = call_cohort([evidence(patient(), [sample()], pre="LOW 420")], RULES).patients[0]
    (only,) = whole.samples
    unchecked = replace(only, genotypes=replace(only.genotypes, flags=("contamination_not_assessable",)))
    flagged = replace(
        whole, samples=(unchecked,), call=replace(whole.call, flags=("identity_not_assessable", "rise_not_tested"))
    )
    assert patient_report.gaps(flagged) == [
        "pre-tissue: contamination by another person could not be tested",
        "whether the samples are of one person could not be tested",
        "whether the rise since before treatment is more than noise was not tested",
    ]
    assert USABLE not in page_of(flagged)


def test_plasma_whose_umis_the_bam_does_not_show_is_said_on_the_page_and_in_the_call() -> None:
    whole = sample(specimen=Specimen.CTDNA, umi=False, KRAS="MUT G12D 6%")
    flags = ("ctdna_without_umi", "umi_not_shown:ordinary reads")
    plasma = replace(whole, genotypes=replace(whole.genotypes, flags=flags))
    one = call_cohort([evidence(patient(), [plasma], pre="LOW 420")], RULES).patients[0]
    assert set(flags) <= set(one.call.flags)
    said = f"pre-ctdna: {NOT_SHOWN_WORDS}"
    assert said in one.call.why
    assert said in patient_report.gaps(one)
    assert page_of(one).count(said) == 2
    assert "umi_not_shown:ordinary reads" in page_of(one)


def test_an_override_stands_beside_what_was_computed_at_its_own_time_point() -> None:
    samples = [sample(PRE), sample(POST, erbb2="AMP 22")]
    one = evidence(patient("PR", 300), samples, pre="LOW 420", post="LOW 430")
    said = Override("P1", Axis.ERBB2, PRE, "AMP", "A. Pathologist", "2024-07-22", "FISH", "by FISH", "2027-01-31")
    (found,) = call_cohort([one], RULES, overrides=[said]).patients
    assert found.call.axes[Axis.ERBB2].verdict is Verdict.POSITIVE  # at progression, the judged time point
    page = page_of(found)
    cells = re.findall(r"<t[dh][^>]*>([^<]*)</t[dh]>", page[page.index("Overrides") :])[10:20]
    assert cells[:3] == ["ERBB2", "pre", "NEGATIVE"]
    assert cells[3].startswith("pre-tissue")
    assert cells[4:] == ["AMP", "by FISH", "A. Pathologist", "2024-07-22", "2027-01-31", "FISH"]


def test_reported_evidence_is_the_whole_sentence_with_its_population() -> None:
    one = called()
    item = one.reported[0].evidence[0]
    assert item.population in item.sentence
    assert str(Markup.escape(item.sentence)) in page_of(one)


@pytest.mark.parametrize(("erbb2", "said"), [("NEG", True), ("AMP 22", True), ("POLYSOMY 5 over 5", False)])
def test_the_smallest_gain_stands_only_where_it_says_something(erbb2: str, said: bool) -> None:
    one = call_cohort([evidence(patient(), [sample(erbb2=erbb2)], pre="LOW 420")], RULES).patients[0]
    (row,) = [row for row in patient_report.evidence_rows(one) if row[0] == "ERBB2 copies"]
    assert ("smallest gain over the ploidy" in row[-1]) is said


ESTIMATE = PurityEstimate(PurityState.ESTIMATED, "40 heterozygous SNPs in 30 segments", 0.56, 0.5, 0.64)
FAILED = PurityEstimate(PurityState.FAILED, "3 heterozygous SNPs, 20 needed")


@pytest.mark.parametrize(
    ("purity", "state", "estimate", "says"),
    [
        (0.6, PurityState.GIVEN, None, "; purity 0.6"),
        (0.6, PurityState.GIVEN, FAILED, "; purity 0.6"),
        (0.6, PurityState.GIVEN, ESTIMATE, "; purity 0.6 (given; its SNPs say 0.5 to 0.64)"),
        (0.56, PurityState.ESTIMATED, ESTIMATE, "; purity 0.56 (estimated from its SNPs, 0.5 to 0.64)"),
        (None, PurityState.FAILED, None, "; purity unknown"),
        (None, PurityState.FAILED, FAILED, "; purity unknown (not estimated: 3 heterozygous SNPs, 20 needed)"),
    ],
)
def test_copies_say_where_their_purity_comes_from(
    purity: float | None, state: PurityState, estimate: PurityEstimate | None, says: str
) -> None:
    one = call_cohort([evidence(patient(), [sample()], pre="LOW 420")], RULES).patients[0]
    (only,) = one.samples
    erbb2 = replace(only.erbb2, purity=purity, purity_state=state, purity_estimate=estimate)
    found = replace(one, samples=(replace(only, erbb2=erbb2),))
    (row,) = [row for row in patient_report.evidence_rows(found) if row[0] == "ERBB2 copies"]
    assert row[-2].endswith(says)


def test_the_links_to_the_reads_say_where_there_are_any() -> None:
    page = patient_report.patient_page(called(), RULES, [], [], ["S1"])
    assert ">Reads of S1</a>, where there is an allele" in page
