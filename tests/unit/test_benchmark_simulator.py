"""The benchmark's simulators make what they are asked for, and the oracle is worth its name."""

from pathlib import Path

import numpy as np
import pysam
import pytest
from benchmarks import oracle, report
from benchmarks.error_model import BASES, PROFILES, base_strata, error_rates, sequencing_errors, strata
from benchmarks.panel import Panel, normalised
from benchmarks.simulate_counts import CountSimulator, Variant, listed_changes
from benchmarks.simulate_reads import cigar, write_bam, write_reference

from cetux.resources import alleles, codons

CODONS = list(codons("GRCh38"))
NAMES = sorted(PROFILES)


@pytest.fixture(scope="module")
def panel() -> Panel:
    return Panel([codon for codon in CODONS if codon.gene in ("KRAS", "NRAS", "BRAF", "ERBB2")])


@pytest.mark.parametrize("name", NAMES)
def test_the_shares_of_the_strata_sum_to_one(name: str) -> None:
    assert sum(stratum.share for stratum in strata(PROFILES[name])) == pytest.approx(1)


def test_a_quality_states_its_error_and_two_mates_leave_almost_none() -> None:
    errors = sequencing_errors(PROFILES["tissue"])
    assert errors["1"] == pytest.approx(10**-2.5 / 3)
    assert errors["2"] == pytest.approx(10**-3.7 / 3)
    assert errors["3"] < errors["2"] / 100


def test_deamination_shows_as_c_to_t_or_g_to_a_by_the_strand_of_the_molecule() -> None:
    rates = error_rates(PROFILES["ffpe"]) - error_rates(PROFILES["tissue"])
    for index, (orientation, _) in enumerate(base_strata(PROFILES["ffpe"])):
        reference, shown = "CT" if orientation == 0 else "GA"
        expected = np.zeros((4, 4))
        expected[BASES.index(reference), BASES.index(shown)] = 5e-4
        np.testing.assert_allclose(rates[:, :, index], expected, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_drawn_errors_have_the_rates_that_were_asked_for(name: str) -> None:
    simulator = CountSimulator(CODONS, PROFILES[name])
    rng = np.random.default_rng(3)
    expected = np.zeros((len(CODONS), 3, 4))
    seen = np.zeros_like(expected)
    for _ in range(20):
        drawn = simulator.draw(rng, 20_000)
        seen += drawn.errors.sum(axis=3)
        expected += np.einsum("cs,cpas->cpa", drawn.depth, simulator.rates)
    assert seen.sum() == pytest.approx(expected.sum(), abs=5 * np.sqrt(expected.sum()))
    score = (seen - expected)[expected > 5] / np.sqrt(expected[expected > 5])
    assert score.std() == pytest.approx(1, abs=0.15)


def test_flanks_have_the_rates_that_were_asked_for() -> None:
    simulator = CountSimulator(CODONS, PROFILES["ffpe"])
    flanks = simulator.draw(np.random.default_rng(4), 5000).flanks
    expected = flanks.bases[:, None, :] * simulator.base_rates
    assert np.abs(flanks.errors - expected).max() < 6 * np.sqrt(expected.max())
    assert flanks.pairs == pytest.approx(flanks.expected_pairs, rel=0.1)


@pytest.mark.parametrize("vaf", [0.002, 0.05, 0.5])
def test_drawn_variants_have_the_fraction_that_was_asked_for(vaf: float) -> None:
    simulator = CountSimulator(CODONS, PROFILES["tissue"])
    rng = np.random.default_rng(5)
    mutant = depth = 0
    for _ in range(20):
        drawn = simulator.draw(rng, 5000, [Variant(0, "ATC", vaf)])
        shown = simulator.haplotypes(drawn)[0]
        mutant += int(drawn.mutants[0][1].sum())
        depth += int(drawn.depth[0].sum())
        assert sum(int(many.sum()) for many in shown.values()) == int(drawn.depth[0].sum())
    assert mutant == pytest.approx(vaf * depth, abs=4 * np.sqrt(vaf * (1 - vaf) * depth))


def test_a_variant_added_later_leaves_the_other_codons_as_they_were() -> None:
    simulator = CountSimulator(CODONS, PROFILES["tissue"])
    rng = np.random.default_rng(6)
    drawn = simulator.draw(rng, 1000)
    changed = simulator.add_variants(rng, drawn, [Variant(2, "TAA", 0.1)])
    assert (changed.depth == drawn.depth).all()
    assert (np.delete(changed.errors, 2, axis=0) == np.delete(drawn.errors, 2, axis=0)).all()
    assert changed.flanks is drawn.flanks


def test_counts_are_the_same_for_the_same_seed() -> None:
    simulator = CountSimulator(CODONS, PROFILES["ffpe"])
    one, two, other = (simulator.draw(np.random.default_rng(seed), 500) for seed in (7, 7, 8))
    assert (one.errors == two.errors).all() and (one.depth == two.depth).all()
    assert not (one.depth == other.depth).all()


def test_the_oracle_keeps_its_rate_on_wild_type_samples() -> None:
    simulator = CountSimulator(CODONS, PROFILES["tissue"])
    rng = np.random.default_rng(9)
    cut, cut_2 = oracle.thresholds(simulator, 500, 0.05, 400_000, rng)
    assert cut_2 <= cut
    reached = sum(oracle.sample_statistics(simulator, simulator.draw(rng, 500)).max() >= cut for _ in range(200))
    assert 2 <= reached <= 22


def test_two_agreeing_mates_weigh_more_than_one_doubtful_read() -> None:
    error = np.array([[10**-2.5 / 3, 1e-8]])
    depth = np.array([[100, 100]])
    doubtful, agreed = (oracle.statistics(np.array([carried]), depth, error)[0] for carried in ([2, 0], [0, 2]))
    assert agreed > doubtful + 10


def test_listed_changes_are_single_bases_of_listed_proteins() -> None:
    found = listed_changes(CODONS, alleles())
    named = {(CODONS[index].gene, protein) for index, _, protein in found}
    assert ("BRAF", "V600E") in named and ("KRAS", "G12D") in named and ("BRAF", "V600K") not in named


def test_named_alleles_are_left_aligned(panel: Panel) -> None:
    edits = {edit.names[1]: edit for edit in panel.named()}
    assert (edits["Y772_A775dup"].ref, edits["Y772_A775dup"].alt) == ("A", "AGCATACGTGATG")
    assert edits["L755_T759del"].ref[1:] == "TTGAGGGAAAACACA"
    assert (edits["V600K"].ref, edits["V600K"].alt) == ("AC", "TT")
    assert edits["Q61K"].kind == "MNV"
    with pytest.raises(ValueError, match="equals the reference"):
        normalised("ACGT", 1, "C", "C")
    with pytest.raises(ValueError, match="the panel has"):
        panel.edit("BRAF", 600, 0, "CC", "AA", "wrong")


def test_an_indel_near_the_end_of_a_read_is_clipped() -> None:
    assert cigar(np.array([*range(10), *range(13, 20)])) == (0, "10M3D7M")
    assert cigar(np.array([*range(14), *range(17, 20)])) == (0, "14M3S")
    assert cigar(np.array([3, -1, -1, *range(4, 20)])) == (4, "3S16M")
    assert cigar(np.array([-1, *range(4, 20)])) == (4, "1S16M")


def test_a_bam_holds_the_errors_and_fractions_that_were_asked_for(panel: Panel, tmp_path: Path) -> None:
    write_reference(panel, tmp_path / "panel.fa")
    wanted = [(edit, 0.2) for edit in panel.named() if edit.names[1] in ("G12F", "Q61K", "Y772_A775dup")]
    planted = write_bam(panel, PROFILES["tissue"], wanted, 200, 11, tmp_path / "a.bam")
    assert [one.vaf for one in planted] == [0.2] * 3
    for one in planted:
        assert one.mutant == pytest.approx(0.2 * one.molecules, abs=4 * np.sqrt(0.16 * one.molecules))
        assert one.molecules == pytest.approx(200, rel=0.35)
    wrong = shown = duplicates = 0
    spared = {(one.edit.contig, one.edit.start + i) for one in planted for i in range(len(one.edit.ref))}
    with pysam.AlignmentFile(str(tmp_path / "a.bam")) as bam:
        reads = list(bam)
    for read in reads:
        duplicates += read.is_duplicate
        contig, qualities, sequence = str(read.reference_name), read.query_qualities, str(read.query_sequence)
        for index, place in read.get_aligned_pairs(matches_only=True):
            if qualities is not None and qualities[index] == 25 and (contig, place) not in spared:
                shown += 1
                wrong += sequence[index] != panel.bases[contig][place]
    assert wrong / shown == pytest.approx(10**-2.5, rel=0.15)
    assert duplicates / len(reads) == pytest.approx(0.15 / 1.15, rel=0.15)


def test_a_bam_is_the_same_for_the_same_seed(panel: Panel, tmp_path: Path) -> None:
    texts = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_bam(panel, PROFILES["ffpe"], [], 20, seed, tmp_path / f"{name}.bam")
        texts.append(pysam.view(str(tmp_path / f"{name}.bam")))
    assert texts[0] == texts[1] != texts[2]


def test_the_report_replaces_what_stands_between_its_markers(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text("a\n<!-- x -->\nold\n<!-- /x -->\nb\n")
    report.put_between_markers("x", "new", page)
    report.put_between_markers("x", "newer", page)
    assert page.read_text() == "a\n<!-- x -->\n\nnewer\n\n<!-- /x -->\nb\n"
    with pytest.raises(ValueError, match="lacks the markers"):
        report.put_between_markers("y", "new", page)


def test_a_cell_is_missed_beyond_chance_only_where_the_loss_is_large() -> None:
    cell = {"profile": "umi", "depth": 50, "vaf": 0.01, "variants": 200, "oracle": 180}
    found = report.missed([{**cell, "ours": ours} for ours in (175, 168, 120)], "oracle")
    assert [certain for _, certain in found] == [True, False]
