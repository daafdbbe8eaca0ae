"""Calls: states, floors, guards, limits, names; from reads where the reads matter, else from counts."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.builders import reference_bases
from tests.unit.genotype_builders import (
    LISTED,
    PLASMA,
    TISSUE,
    TRANSCRIPTS,
    builder,
    call,
    coding,
    codon,
    count,
    counted,
    cover,
)

from cetux.codons import plus_strand, protein_change
from cetux.counts import HaplotypeCounts, IndelCount, Usable
from cetux.evidence import Allele, SampleGenotypes
from cetux.genotype import _STRAND_GUARD_P, Sample, _looks_so
from cetux.haplotypes import ReadFilter
from cetux.hgvs import haplotype_name
from cetux.resources import Codon
from cetux.states import Genotype, Specimen

G12, V600, ERBB2_776 = codon("KRAS", 12), codon("BRAF", 600), codon("ERBB2", 776)
KRAS = [one for one in LISTED if one.gene == "KRAS"]


def alleles_of(called: SampleGenotypes) -> dict[str, Allele]:
    return {allele.protein: allele for gene in called.genes.values() for allele in gene.alleles}


def traces_of(called: SampleGenotypes) -> dict[str, Allele]:
    return {allele.protein: allele for gene in called.genes.values() for allele in gene.traces}


def read_and_call(
    path: Path, one: Codon, wild: int, mutant: int, sample: Sample = TISSUE, **given: object
) -> SampleGenotypes:
    bam = builder(one)
    cover(bam, one, wild)
    cover(bam, one, mutant, **given)
    return call(count(bam, path, [one]), [one], sample)


# -- states and floors --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mutants", "state"), [(50, Genotype.MUT), (25, Genotype.MUT), (24, Genotype.MUT_LOW), (5, Genotype.MUT_LOW)]
)
def test_tissue_floors(mutants: int, state: Genotype) -> None:
    called = call(counted(KRAS, 500, {("KRAS", 12, "ATC"): mutants}), KRAS)
    assert (called.genes["KRAS"].state, alleles_of(called)["G12D"].state) == (state, state)


@pytest.mark.parametrize(
    ("mutants", "state"), [(20, Genotype.MUT), (19, Genotype.MUT_LOW), (4, Genotype.MUT_LOW), (3, Genotype.WT)]
)
def test_plasma_floors_with_umis(mutants: int, state: Genotype) -> None:
    counts = counted(KRAS, 4000, {("KRAS", 12, "ATC"): mutants}, stratum="N5", rate=3e-6, flank_bases=1_000_000)
    assert call(counts, KRAS, PLASMA).genes["KRAS"].state is state


def test_detected_below_the_floors_is_a_trace_and_the_gene_stays_wild_type() -> None:
    called = call(counted(KRAS, 2000, {("KRAS", 12, "ATC"): 15}, rate=1e-5), KRAS)
    assert called.genes["KRAS"].state is Genotype.WT
    assert traces_of(called)["G12D"].state is Genotype.WT
    assert called.genes["KRAS"].alleles == ()


def test_what_errors_explain_is_not_detected() -> None:
    called = call(counted(KRAS, 2000, {("KRAS", 12, "ATC"): 8}, rate=2e-3), KRAS)
    assert (traces_of(called), alleles_of(called)) == ({}, {})


@pytest.mark.parametrize(("mutants", "known", "detected"), [(2, False, False), (3, True, False), (4, False, True)])
def test_a_known_change_needs_fewer_fragments_than_one_among_all(mutants: int, known: bool, detected: bool) -> None:
    """500 fragments with an error rate of 1e-4, Poisson: two or more errors 1.2e-3, three 2e-5, four 3e-7. A known
    change may be false in 1e-4; of some 300 changes that share 8e-4 each in 3e-6.
    """
    called = call(counted(LISTED, 500, {("KRAS", 12, "ATC"): mutants}), LISTED)
    assert called.observed["KRAS G12D"] == mutants
    assert called.beyond_errors == (("KRAS G12D",) if known else ())
    assert list(traces_of(called)) == (["G12D"] if detected else [])


@pytest.mark.parametrize(("mutants", "known"), [(1, ()), (2, ("BRAF V600K",))])
def test_a_known_change_of_several_bases_needs_two_fragments(mutants: int, known: tuple[str, ...]) -> None:
    """A second wrong base beside a first in 1 %: 5e-4 expected in 500 fragments, two of them with a chance of 3e-7."""
    called = call(counted(LISTED, 500, {("BRAF", 600, "CTT"): mutants}), LISTED)
    assert (called.beyond_errors, traces_of(called)) == (known, {})


def test_what_looks_like_an_artefact_is_not_beyond_errors() -> None:
    counts = counted(LISTED, 500, {("KRAS", 12, "ATC"): 3})
    at_ends = tuple(
        replace(
            one, haplotypes=tuple(replace(h, at_ends=h.fragments if h.bases == "ATC" else 0) for h in one.haplotypes)
        )
        for one in counts.codons
    )
    assert call(replace(counts, codons=at_ends), LISTED).beyond_errors == ()


def test_fewer_than_five_fragments_are_no_mutation() -> None:
    called = call(counted(KRAS, 40, {("KRAS", 12, "ATC"): 4}), KRAS)
    assert called.genes["KRAS"].state is Genotype.NO_CALL
    assert list(traces_of(called)) == ["G12D"]


def test_a_mutation_overrides_a_codon_that_is_not_covered() -> None:
    counts = counted(KRAS, 500, {("KRAS", 12, "ATC"): 100})
    empty = tuple(replace(one, haplotypes=()) if one.codon == 146 else one for one in counts.codons)
    gene = call(replace(counts, codons=empty), KRAS).genes["KRAS"]
    assert gene.state is Genotype.MUT
    assert gene.failing == ("codon 146 not covered",)


def test_a_codon_that_is_not_covered_is_no_wild_type() -> None:
    counts = counted(KRAS, 500)
    empty = tuple(replace(one, haplotypes=()) if one.codon == 146 else one for one in counts.codons)
    assert call(replace(counts, codons=empty), KRAS).genes["KRAS"].state is Genotype.NO_CALL


def test_a_mutated_gene_says_what_else_it_excludes_where_its_codons_allow() -> None:
    changed = {("KRAS", 12, "ATC"): 100}
    wild, mutated = (call(counted(KRAS, 500, given), KRAS).genes["KRAS"] for given in ({}, changed))
    assert mutated.state is Genotype.MUT and wild.excluded_vaf is not None
    assert mutated.excluded_vaf == pytest.approx(wild.excluded_vaf, rel=0.02)
    assert call(counted(KRAS, 60, {("KRAS", 12, "ATC"): 20}), KRAS).genes["KRAS"].excluded_vaf is None


def test_a_silent_change_is_no_mutation() -> None:
    called = call(counted(KRAS, 500, {("KRAS", 12, "GCC"): 250}), KRAS)
    assert called.genes["KRAS"].state is Genotype.WT


def test_counts_that_are_not_usable_call_nothing() -> None:
    called = call(HaplotypeCounts("s", Usable(False, "truncated", "copy it again")), KRAS)
    assert (called.usable.reason, called.genes) == ("truncated", {})


# -- limits -------------------------------------------------------------------------------------------------------


def test_200_fragments_exclude_5_percent_and_170_do_not() -> None:
    wild = call(counted(KRAS, 200, rate=1e-5), KRAS).genes["KRAS"]
    assert wild.state is Genotype.WT
    assert wild.excluded_vaf == pytest.approx(0.0453, abs=0.0005)
    shallow = call(counted(KRAS, 170, rate=1e-5), KRAS).genes["KRAS"]
    assert shallow.state is Genotype.NO_CALL
    assert "depth 170 excludes VAF 5.3%, not 5.0%" in shallow.failing[0]


def test_1260_molecules_exclude_half_a_percent_in_plasma_with_umis() -> None:
    clean = {"stratum": "N5", "rate": 1e-6, "flank_bases": 3_000_000}
    enough, short = (call(counted(LISTED, n, **clean), LISTED, PLASMA).genes["KRAS"] for n in (1260, 1200))  # type: ignore[arg-type]
    assert (enough.state, short.state) == (Genotype.WT, Genotype.NO_CALL)
    assert enough.excluded_vaf == pytest.approx(0.005, rel=0.01)


def test_input_dna_limits_the_claim() -> None:
    counts = counted(KRAS, 5000, stratum="N5", rate=1e-6, flank_bases=3_000_000)
    rich, poor = (call(counts, KRAS, replace(PLASMA, dna_ng=ng)).genes["KRAS"] for ng in (30.0, 3.0))
    assert (rich.state, poor.state) == (Genotype.WT, Genotype.NO_CALL)
    # 3 ng are 990 haploid genomes: more depth would change nothing
    assert poor.failing[0].startswith("codon 12 with DNA of 990 molecules excludes VAF")


def test_the_purity_turns_the_limit_into_a_cancer_cell_fraction() -> None:
    gene = call(counted(KRAS, 500, rate=1e-5), KRAS, replace(TISSUE, purity=0.4)).genes["KRAS"]
    assert gene.excluded_vaf is not None
    assert gene.excluded_ccf == pytest.approx(gene.excluded_vaf * 2 / 0.4)


def test_a_purity_at_which_a_clonal_mutation_would_not_show_is_no_call() -> None:
    gene = call(counted(KRAS, 250, rate=1e-5), KRAS, replace(TISSUE, purity=0.05)).genes["KRAS"]
    assert gene.state is Genotype.NO_CALL
    assert "purity too low" in gene.failing[0]


@settings(max_examples=10, deadline=None)
@given(st.integers(100, 2000))
def test_twice_the_fragments_never_raise_the_limit_of_a_call(depth: int) -> None:
    few, many = (call(counted([G12], n), [G12]).genes["KRAS"].codons[0].excluded_vaf for n in (depth, 2 * depth))
    assert few is not None and many is not None and many <= few


@pytest.mark.parametrize(
    ("stratum", "rate", "sample", "depth"), [("F2", 1e-4, TISSUE, 600), ("N5", 3e-6, PLASMA, 2500)]
)
def test_the_limit_of_a_call_has_95_percent_power(stratum: str, rate: float, sample: Sample, depth: int) -> None:
    """1,200 samples drawn at the stated limit: as many are called as the limit says, within 3 standard errors."""
    wild = counted(KRAS, depth, stratum=stratum, rate=rate, flank_bases=1_000_000)
    limit = call(wild, KRAS, sample).genes["KRAS"].codons[0].excluded_vaf
    assert limit is not None
    rng, found = np.random.default_rng(4), {}
    drawn = rng.binomial(depth, limit, 1200)
    for mutants in set(drawn.tolist()):
        counts = counted(KRAS, depth, {("KRAS", 12, "ATC"): mutants}, stratum, rate, 1_000_000)
        found[mutants] = "G12D" in alleles_of(call(counts, KRAS, sample))
    assert 0.93 <= np.mean([found[mutants] for mutants in drawn.tolist()]) <= 0.97


def test_false_detections_of_wild_type_samples() -> None:
    """400 samples of all listed codons: more than 3 with anything DETECTED has a chance below 1e-3 at 1 in 1,000.

    Each of their 403 changes of a protein, were it known from elsewhere, may be false in 1 of 10,000: 16 in all, and
    more than 30 with a chance of 4e-4.
    """
    rng, false, known = np.random.default_rng(5), 0, 0
    for _ in range(400):
        errors = rng.binomial(200_000, 1e-4, 12)
        counts = counted(LISTED, 500, _drawn_errors(rng, 500, 1e-4))
        drawn = tuple(replace(one, errors=int(n)) for one, n in zip(counts.background.errors, errors, strict=True))
        counts = replace(counts, background=replace(counts.background, errors=drawn))
        called = call(counts, LISTED)
        false += bool(alleles_of(called) or traces_of(called))
        known += len(called.beyond_errors)
        assert Genotype.MUT not in {gene.state for gene in called.genes.values()}
    assert false <= 3
    assert known <= 30


def _drawn_errors(rng: np.random.Generator, depth: int, rate: float) -> dict[tuple[str, int, str], int]:
    found: dict[tuple[str, int, str], int] = {}
    many = rng.binomial(depth, rate, (len(LISTED), 3, 4))
    for index, place, base in zip(*np.nonzero(many), strict=True):
        one, shown = LISTED[index], "ACGT"[base]
        reference = plus_strand(one)
        if shown != reference[place]:
            bases = reference[:place] + shown + reference[place + 1 :]
            found[one.gene, one.codon, bases] = int(many[index, place, base])
    return found


# -- alleles ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gene", "number", "changes", "protein", "hgvs"),
    [
        ("BRAF", 600, {0: "A", 1: "A"}, "V600K", "c.1798_1799delinsAA"),
        ("BRAF", 600, {0: "A", 1: "G"}, "V600R", "c.1798_1799delinsAG"),
        ("BRAF", 600, {1: "A", 2: "T"}, "V600D", "c.1799_1800delinsAT"),
        ("BRAF", 600, {1: "A"}, "V600E", "c.1799T>A"),
        ("KRAS", 12, {0: "T", 1: "T"}, "G12F", "c.34_35delinsTT"),
        ("KRAS", 12, {0: "C", 1: "T"}, "G12L", "c.34_35delinsCT"),
        ("NRAS", 61, {0: "A", -1: "T"}, "Q61K", "c.180_181delinsTA"),
        ("NRAS", 61, {0: "T", 1: "T"}, "Q61L", "c.181_182delinsTT"),
    ],
)
def test_changes_of_one_molecule_are_one_allele(
    tmp_path: Path, gene: str, number: int, changes: dict[int, str], protein: str, hgvs: str
) -> None:
    one = codon(gene, number)
    before = {("chr1", max(one.positions) + 1): "T"} if gene == "NRAS" else {}
    bam = builder(one, planted=before)
    cover(bam, one, 200)
    cover(bam, one, 20, changes=coding(one, changes))
    found = alleles_of(call(count(bam, tmp_path, [one]), [one]))
    assert {name: (allele.hgvs_c, allele.alt_fragments) for name, allele in found.items()} == {protein: (hgvs, 20)}


def test_adjacent_changes_of_different_molecules_stay_apart() -> None:
    called = call(counted(KRAS, 500, {("KRAS", 12, "ATC"): 25, ("KRAS", 12, "ACA"): 20}), KRAS)
    assert {name: allele.alt_fragments for name, allele in alleles_of(called).items()} == {"G12D": 25, "G12C": 20}


def test_a_fragment_read_in_part_counts_at_the_bases_that_it_shows() -> None:
    """G12D is the middle base: 20 + 5 of 500 fragments show it, and 40 do not show that base."""
    part = {("KRAS", 12, "ATC"): 20, ("KRAS", 12, "AT."): 5, ("KRAS", 12, ".CC"): 50, ("KRAS", 12, "A.C"): 40}
    (allele,) = alleles_of(call(counted(KRAS, 500, part), KRAS)).values()
    assert (allele.protein, allele.alt_fragments, allele.fragments) == ("G12D", 25, 460)


def test_the_rest_of_a_change_of_two_bases_supports_no_other_allele() -> None:
    """With one of its two bases not read V600K looks like V600M or V600E."""
    part = {("BRAF", 600, "CTT"): 60, ("BRAF", 600, "C.T"): 20, ("BRAF", 600, "CT."): 20}
    braf = [one for one in LISTED if one.gene == "BRAF"]
    called = call(counted(braf, 1000, part), braf)
    (allele,) = (alleles_of(called) | traces_of(called)).values()
    assert (allele.protein, allele.alt_fragments, allele.fragments) == ("V600K", 60, 960)


def test_errors_on_a_frequent_mutant_are_no_further_alleles() -> None:
    """V600K at 40 %: some of its fragments lose one base by error (V600M, V600E), some gain one."""
    changed = {("BRAF", 600, "CTT"): 2000, ("BRAF", 600, "CAT"): 3, ("BRAF", 600, "CTC"): 3, ("BRAF", 600, "GTT"): 3}
    braf = [one for one in LISTED if one.gene == "BRAF"]
    called = call(counted(braf, 5000, changed, rate=5e-4), braf)
    assert list(alleles_of(called) | traces_of(called)) == ["V600K"]


def test_an_in_frame_deletion_is_one_unclassified_indel_and_no_substitution(tmp_path: Path) -> None:
    wanted = [V600, codon("BRAF", 601)]
    bam = builder(*wanted)
    cover(bam, V600, 200)
    cover(bam, V600, 40, deletions={min(V600.positions) - 1: 3})
    (allele,) = alleles_of(call(count(bam, tmp_path, wanted), wanted)).values()
    assert (allele.listed, allele.alt_fragments, allele.fragments) == (False, 40, 240)
    assert allele.protein in ("V600indel", "K601indel") and allele.hgvs_c.endswith("del")


@pytest.mark.parametrize("start", [-16, -4])
def test_the_erbb2_duplication_is_listed_wherever_the_aligner_put_it(tmp_path: Path, start: int) -> None:
    first = min(ERBB2_776.positions)
    bam = builder(ERBB2_776, planted={("chr17", first - 15 + i): base for i, base in enumerate("GCATACGTGATGGCT")})
    cover(bam, ERBB2_776, 200)
    cover(bam, ERBB2_776, 30, insertions={first + start: "GCATACGTGATG"})
    (allele,) = alleles_of(call(count(bam, tmp_path, [ERBB2_776]), [ERBB2_776])).values()
    assert (allele.protein, allele.hgvs_c, allele.listed) == ("Y772_A775dup", "c.2313_2324dup", True)


def test_every_listed_substitution_is_detected_by_its_name() -> None:
    from cetux.resources import alleles

    for (gene, name), known in alleles().items():
        one = next((one for one in LISTED if (one.gene, one.codon) == (gene, known.codon)), None)
        if one is None:
            continue
        reference = plus_strand(one)
        for place in range(3):
            for base in set("ACGT") - {reference[place]}:
                changes = ((place, base),)
                if f"{one.wt_aa}{one.codon}{protein_change(one, changes)}" != name:
                    continue
                bases = reference[:place] + base + reference[place + 1 :]
                called = call(counted([one], 500, {(gene, one.codon, bases): 100}), [one])
                assert alleles_of(called)[name].hgvs_c == haplotype_name(TRANSCRIPTS[gene], one, changes)


# -- guards against artefacts -------------------------------------------------------------------------------------


def test_guard_only_in_the_last_five_bases_of_reads(tmp_path: Path) -> None:
    bam = builder(G12)
    first = min(G12.positions)
    cover(bam, G12, 300)
    bases = "".join(bam.reference[next(iter(bam.reference))][400 - 42 : 400]) + "ATC"
    for i in range(40):
        bam.add_read("chr12", first - 42, bases, name=f"end{i}", reverse=bool(i % 2))
    called = call(count(bam, tmp_path, [G12]), [G12])
    assert alleles_of(called) == {}
    assert traces_of(called)["G12D"].filters == ("read_ends",)
    assert called.genes["KRAS"].state is Genotype.NO_CALL
    assert called.flags == ("artefact:KRAS_G12D:read_ends",)


@pytest.mark.parametrize(("at_ends", "inside"), [(40, 1), (40, 4), (4, 1)])
def test_a_stray_fragment_inside_does_not_clear_what_stands_at_read_ends(
    tmp_path: Path, at_ends: int, inside: int
) -> None:
    bam = builder(G12)
    first = min(G12.positions)
    cover(bam, G12, 300)
    bases = "".join(bam.reference[next(iter(bam.reference))][400 - 42 : 400]) + "ATC"
    for i in range(at_ends):
        bam.add_read("chr12", first - 42, bases, name=f"end{i}", reverse=bool(i % 2))
    cover(bam, G12, inside, changes=coding(G12, {1: "A"}))
    called = call(count(bam, tmp_path, [G12]), [G12])
    assert alleles_of(called) == {}


def single_reads(folder: Path, forward: int, reverse: int, many: int = 400) -> SampleGenotypes:
    """As many single reads with G12D on each strand, among reads of which every second lies on either."""
    bam = builder(G12)
    stretch = bam.reference[next(iter(bam.reference))]
    for i in range(many):
        left = 30 + i % 25
        text = stretch[400 - left : 400 + 70]
        mutant = i // 2 < (reverse if i % 2 else forward)
        shown = text[:left] + "ATC" + text[left + 3 :] if mutant else text
        bam.add_read("chr12", min(G12.positions) - left, shown, name=f"single{i}", reverse=bool(i % 2))
    return call(count(bam, folder, [G12]), [G12])


@pytest.mark.parametrize(("forward", "reverse", "many"), [(5, 0, 100), (0, 6, 100), (7, 0, 120), (40, 1, 400)])
def test_guard_few_fragments_on_one_strand_or_nearly_all(tmp_path: Path, forward: int, reverse: int, many: int) -> None:
    called = single_reads(tmp_path, forward, reverse, many)
    assert alleles_of(called) == {}
    assert traces_of(called)["G12D"].filters == ("one_strand",)


@pytest.mark.parametrize(("forward", "reverse"), [(3, 2), (6, 2), (20, 8)])
def test_an_uneven_split_over_the_strands_is_no_artefact(tmp_path: Path, forward: int, reverse: int) -> None:
    """By chance eight fragments are as uneven as six and two in 29 % of mutations."""
    assert list(alleles_of(single_reads(tmp_path, forward, reverse, 100))) == ["G12D"]


def test_guards_take_few_true_mutations() -> None:
    """Fragments of a true change lie as those of the reference do: half on a strand, a twentieth at read ends."""
    rng = np.random.default_rng(4)
    for fragments, most in ((5, 0.07), (8, 0.012), (20, 0.005), (500, 0.001)):
        forward = rng.binomial(fragments, 0.5, 4_000)
        ends = rng.binomial(fragments, 0.05, 4_000)
        taken = [
            _looks_so(int(f), fragments, 0.5, _STRAND_GUARD_P)
            or _looks_so(fragments - int(f), fragments, 0.5, _STRAND_GUARD_P)
            or _looks_so(int(e), fragments, 0.05, 0.01)
            for f, e in zip(forward, ends, strict=True)
        ]
        assert np.mean(taken) <= most


@pytest.mark.parametrize(
    ("shift", "many", "detected"),
    [
        (0, 8, True),  # 0.27 % of 3,000 molecules, outside of a repeat
        (6, 8, False),  # one of seven equal bases less: copying slips so often
        (6, 240, True),  # 8 % is more than slippage
        (3, 8, True),
    ],
)
def test_slippage_in_a_run_of_equal_bases_is_no_frameshift(shift: int, many: int, detected: bool) -> None:
    counts = counted([V600], 3_000, rate=0.0, flank_bases=2_000_000)
    start = min(V600.positions)
    lost = IndelCount(start, shift, "C", "", many, 3_000, many // 2, many // 2, 0, 1_400, 1_400, 100)
    with_indel = replace(counts, codons=(replace(counts.codons[0], indels=(lost,)),))
    with_indel = replace(with_indel, background=replace(counts.background, indel_bases=10_000_000))
    called = call(with_indel, [V600], PLASMA)
    found = [one for gene in called.genes.values() for one in (*gene.alleles, *gene.traces)]
    assert bool(found) is detected


@pytest.mark.parametrize("rate", [0.02, 0.045, 0.06, 0.08])
def test_heavy_damage_makes_no_mutation(tmp_path: Path, rate: float) -> None:
    """C>T in this part of the sequenced strand, everywhere: at 6 % that is 3 % of the reads over each C."""
    wanted = [codon("KRAS", number) for number in (12, 13, 59, 61, 117, 146)]
    bam, rng = builder(*wanted), np.random.default_rng(3)
    for one in wanted[0], wanted[3], wanted[4], wanted[5]:
        for i in range(500):
            start, strand = min(one.positions) - 62 - i % 30, "+-"[i // 30 % 2]
            bases = reference_bases(bam.reference, f"chr{one.chrom}", start, start + 160)
            wrong, right = ("C", "T") if strand == "+" else ("G", "A")
            changes = {start + j: right for j, base in enumerate(bases) if base == wrong and rng.random() < rate}
            bam.add_fragment(f"chr{one.chrom}", start, start + 160, changes=changes, strand=strand)
    counts = count(bam, tmp_path, wanted)
    called = call(counts, wanted)
    assert alleles_of(called) == {}
    assert counts.background.variable <= 0.02 * counts.background.positions
    shown = [flag for flag in called.flags if flag.startswith("damage:")]
    assert (len(shown) == 2) == (rate > 0.02)  # C>T and G>A of the plus strand, each over half of the fragments
    assert called.error_rates["C>T"] == pytest.approx(rate / 2, rel=0.2)


def test_guard_only_on_one_strand_where_the_reference_is_on_both(tmp_path: Path) -> None:
    bam = builder(G12)
    first = min(G12.positions)
    stretch = bam.reference[next(iter(bam.reference))]
    text = stretch[400 - 40 : 400 + 43]
    for i in range(400):
        mutant = i % 2 == 0 and i < 60
        shown = text[:40] + "ATC" + text[43:] if mutant else text
        bam.add_read("chr12", first - 40, shown, name=f"single{i}", reverse=bool(i % 2))
    called = call(count(bam, tmp_path, [G12]), [G12])
    assert alleles_of(called) == {}
    assert traces_of(called)["G12D"].filters == ("one_strand",)
    amplicon = call(count(bam, tmp_path, [G12]), [G12], replace(TISSUE, amplicon=True))
    assert list(alleles_of(amplicon)) == ["G12D"]


def test_guard_only_in_badly_mapped_reads(tmp_path: Path) -> None:
    mutant = coding(G12, {1: "A"})
    assert alleles_of(read_and_call(tmp_path, G12, 300, 60, changes=mutant, mapq=0)) == {}
    bam = builder(G12)
    cover(bam, G12, 300)
    cover(bam, G12, 60, changes=mutant, mapq=0)
    called = call(count(bam, tmp_path, [G12], ReadFilter(0, 20, False)), [G12])
    assert alleles_of(called) == {}
    assert traces_of(called)["G12D"].filters == ("mapping",)


def test_guard_one_of_two_identical_records(tmp_path: Path) -> None:
    """Five fragments, each standing twice, are five: with three they stay below the floor."""
    bam = builder(G12)
    cover(bam, G12, 50)
    cover(bam, G12, 3, changes=coding(G12, {1: "A"}))
    bam.reads = [read for read in bam.reads for _ in (0, 1)]
    called = call(count(bam, tmp_path, [G12]), [G12])
    assert alleles_of(called) == {}
    assert "identical_records:106" in called.flags


def test_a_true_variant_on_both_strands_and_inside_reads_passes_all_guards(tmp_path: Path) -> None:
    called = read_and_call(tmp_path, G12, 300, 30, changes=coding(G12, {1: "A"}))
    assert alleles_of(called)["G12D"].filters == ()


def test_strands_are_symmetric() -> None:
    """The same counts from the other strand of the molecules give the same call."""
    plus = counted(KRAS, 500, {("KRAS", 12, "ATC"): 9}, stratum="N2")
    minus = replace(
        plus,
        codons=tuple(
            replace(one, haplotypes=tuple(replace(h, forward=h.reverse, reverse=h.forward) for h in one.haplotypes))
            for one in plus.codons
        ),
    )
    one, two = (alleles_of(call(counts, KRAS))["G12D"] for counts in (plus, minus))
    assert (one.state, one.p_value) == (two.state, two.p_value)


def test_scanning_more_codons_never_makes_a_listed_one_harder_to_call() -> None:
    more = [*KRAS, *(replace(one, gene="OTHER", required=()) for one in LISTED if one.gene != "KRAS")]
    alone, among = (call(counted(given, 400), given).genes["KRAS"] for given in (KRAS, more))
    assert alone.codons == among.codons


def test_a_change_outside_the_list_is_unclassified() -> None:
    braf = [one for one in LISTED if one.gene == "BRAF"]
    called = call(counted(braf, 500, {("BRAF", 600, "CCC"): 100}), braf)
    assert not alleles_of(called)["V600G"].listed or alleles_of(called)["V600G"].braf_class is not None


def test_plasma_without_umis_gets_the_thresholds_of_tissue() -> None:
    sample = Sample(Specimen.CTDNA, purity=None, umi=False, amplicon=False)
    called = call(counted(KRAS, 500, {("KRAS", 12, "ATC"): 4}), KRAS, sample)
    assert called.flags == ("ctdna_without_umi",)
    assert alleles_of(called) == {}


@pytest.mark.parametrize(
    ("first", "second", "names", "coding_name"),
    [
        # KRAS 12 is GGT and 13 GGC, c.34 to c.39
        ({1: "A"}, {0: "A"}, ("G12D", "G13S"), "c.35_37delinsATA"),
        ({0: "T"}, {0: "A"}, ("G12C", "G13S"), "c.34_37delinsTGTA"),
        ({0: "T"}, {1: "A"}, ("G12C", "G13D"), "c.34_38delinsTGTGA"),
    ],
)
def test_changes_of_both_codons_on_one_molecule_bear_one_name(
    tmp_path: Path,
    first: dict[int, str],
    second: dict[int, str],
    names: tuple[str, str],
    coding_name: str,
) -> None:
    wanted = [codon("KRAS", 12), codon("KRAS", 13)]
    bam = builder(*wanted)
    cover(bam, wanted[0], 200)
    cover(bam, wanted[0], 40, changes=coding(wanted[0], first) | coding(wanted[1], second))
    found = alleles_of(call(count(bam, tmp_path, wanted), wanted))
    assert {name: one.hgvs_c for name, one in found.items()} == dict.fromkeys(names, coding_name)
    assert all(one.listed for one in found.values())
