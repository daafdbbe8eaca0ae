"""Purity from SNPs and copy ratios, on simulated tumours of known purity; no number where nothing tells it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.unit.test_amplification import (
    LOCUS,
    ORDER,
    RULES,
    SEGMENTS,
    call_files,
    cnr_frame,
    log2_of,
    write_call_inputs,
)

from cetux import purity, records
from cetux.amplification import Tumour, call_amplification
from cetux.amplification_rules import negative_bounds
from cetux.counts import Usable
from cetux.evidence import CopyNumber, PurityEstimate
from cetux.gene_bins import Bins
from cetux.identity import Site, SiteCount
from cetux.purity import Segment, estimate_purity, purity_segments
from cetux.sites import CountedSite, KnownSite, SiteCounts
from cetux.states import PurityState

COPIES = [(2, 1)] * 26 + [(1, 0)] * 6 + [(3, 1)] * 5 + [(2, 0)] * 4 + [(4, 1)] * 3
"""Copies and those of the rarer allele in 44 segments: a chromosomally unstable, near-diploid tumour."""


def segments(
    true_purity: float, copies: Sequence[tuple[int, int]] = COPIES, seed: int = 0, snps: int = 4
) -> list[Segment]:
    """Counts at 300x of SNPs half of which are heterozygous, and log2 with an error of 0.05, by the purity model."""
    rng, found = np.random.default_rng(seed), []
    for total, minor in copies:
        bulk = true_purity * total + 2 * (1 - true_purity)
        part = (true_purity * minor + 1 - true_purity) / bulk
        depth = rng.poisson(300, snps) + 20
        other = np.where(rng.random(snps) < 0.5, part, 1 - part)
        alt = rng.binomial(depth, np.where(rng.random(snps) < 0.5, other, rng.choice([0.002, 0.998], snps)))
        log2 = log2_of(total, true_purity, 2) + rng.normal(0, 0.05)
        found.append(Segment(log2, 0.05, depth - alt, alt, np.full(snps, 0.5)))
    return found


@pytest.mark.parametrize("truth", [0.3, 0.6, 0.8])
def test_a_known_purity_is_found(truth: float) -> None:
    for seed in (1, 2):
        found = estimate_purity(segments(truth, seed=seed))
        assert found.state is PurityState.ESTIMATED, found.reason
        assert found.purity == pytest.approx(truth, abs=0.05)
        assert found.low is not None and found.high is not None and found.low <= truth <= found.high
        assert found.ploidy == pytest.approx(2, abs=0.3)


def failed(found: PurityEstimate, reason: str) -> bool:
    numbers = (found.purity, found.low, found.high, found.ploidy)
    return found.state is PurityState.FAILED and reason in found.reason and set(numbers) == {None}


@pytest.mark.parametrize("copies", [(2, 1), (4, 2)])
def test_a_quiet_genome_gives_no_number(copies: tuple[int, int]) -> None:
    """Every segment alike: diploid, or doubled as a whole, which is centred on log2 0 and looks the same."""
    for seed in range(4):
        quiet = [
            Segment(0.0 + noise, 0.05, part.ref, part.alt, part.heterozygosity)
            for part, noise in zip(
                segments(0.6, [copies] * 44, seed), np.random.default_rng(seed).normal(0, 0.05, 44), strict=True
            )
        ]
        assert failed(estimate_purity(quiet), "quiet genome")


def test_uneven_coverage_alone_is_no_change() -> None:
    """Gains and losses in log2 that no SNP shares: capture noise, as between normals that were prepared otherwise."""
    rng = np.random.default_rng(5)
    uneven = [
        Segment(float(rng.normal(0, 0.25)), 0.05, part.ref, part.alt, part.heterozygosity)
        for part in segments(0.6, [(2, 1)] * 44)
    ]
    assert estimate_purity(uneven).state is PurityState.FAILED


def mixed(copies: Sequence[tuple[int, int]], true_purity: float, foreign: float, seed: int) -> list[Segment]:
    """As `segments`, with another person's DNA in it: both are drawn from the population's frequencies of each SNP."""
    rng, found = np.random.default_rng(seed), []
    for total, minor in copies:
        rate = rng.uniform(0.1, 0.9, 4)
        own, other = rng.binomial(2, rate), rng.binomial(2, rate)
        bulk = true_purity * total + 2 * (1 - true_purity)
        of_alt = np.where(rng.random(4) < 0.5, minor, total - minor)
        own_copies = np.where(own == 1, true_purity * of_alt + 1 - true_purity, own / 2 * bulk)
        whole = (1 - foreign) * bulk + 2 * foreign
        depth = rng.poisson(300, 4) + 20
        part = ((1 - foreign) * own_copies + foreign * other) / whole
        alt = rng.binomial(depth, part.clip(0.002, 0.998))
        log2 = float(np.log2(whole / 2)) + rng.normal(0, 0.05)
        found.append(Segment(log2, 0.05, depth - alt, alt, 2 * rate * (1 - rate)))
    return found


@pytest.mark.parametrize("foreign", [0.05, 0.1, 0.2])
@pytest.mark.parametrize(("copies", "true_purity"), [([(2, 1)] * 44, 0.15), (COPIES, 0.4), (COPIES, 0.7)])
def test_another_persons_dna_is_not_taken_for_tumour(
    copies: Sequence[tuple[int, int]], true_purity: float, foreign: float
) -> None:
    """It halves homozygous SNPs as a loss at high purity does; a purity read from it would make a false NEG."""
    for seed in range(3):
        found = estimate_purity(mixed(copies, true_purity, foreign, seed))
        assert found.state is PurityState.FAILED, found
    clean = estimate_purity(mixed(COPIES, 0.7, 0.0, 1))
    assert clean.purity == pytest.approx(0.7, abs=0.05)


def test_few_snps_give_no_number() -> None:
    assert failed(estimate_purity(segments(0.6, COPIES[20:30], snps=1)), "heterozygous SNPs, 20 needed")
    assert failed(estimate_purity([]), "heterozygous SNPs")


def test_which_allele_is_alt_and_the_order_of_segments_do_not_matter() -> None:
    parts = segments(0.6)
    turned = [Segment(s.log2, s.se, s.alt, s.ref, s.heterozygosity) for s in parts[::-1]]
    assert estimate_purity(turned) == estimate_purity(parts)


def test_expected_allele_parts_by_hand() -> None:
    """One copy lost at purity 0.6: (0.6*0 + 0.4) / (0.6 + 0.8) = 0.2857. Two and two of four: one half."""
    assert purity._minor_part(0.6, 1, 0) == pytest.approx(0.4 / 1.4)
    assert purity._minor_part(0.3, 4, 2) == pytest.approx(0.5)


def counted(chrom: str, position: int, ref: int, alt: int, frequency: float | None = 0.5) -> CountedSite:
    return CountedSite(KnownSite(Site(chrom, position, "A", "G"), frequency), SiteCount(ref, alt))


def test_snps_go_to_the_segment_that_they_lie_in() -> None:
    """Thin SNPs, sex chromosomes and segments of one bin are left out; an unknown frequency is not taken as certain."""
    ratios = pd.DataFrame(
        {
            "chromosome": ["chr1"] * 8 + ["chrX"] * 4,
            "start": [*range(0, 800, 100), *range(0, 400, 100)],
            "gene": "A",
            "log2": [0.4, 0.6] * 2 + [-0.4, -0.6] * 2 + [0.0] * 4,
            "weight": 1.0,
        }
    ).assign(end=lambda frame: frame["start"] + 50)
    borders = pd.DataFrame(
        {"chromosome": ["chr1", "chr1", "chrX", "chr2"], "start": [0, 400, 0, 0], "end": [400, 800, 400, 9]}
    )
    sites = (
        counted("1", 10, 30, 30),
        counted("1", 400, 50, 10, None),
        counted("1", 20, 5, 5),
        counted("X", 10, 30, 30),
    )
    found = purity_segments(Bins(ratios, borders, ratios), SiteCounts("S1", Usable(), sites), 0.0)
    assert [round(part.log2, 6) for part in found] == [0.5, -0.5]
    assert [(list(part.ref), list(part.alt)) for part in found] == [([30], [30]), ([50], [10])]
    assert found[0].heterozygosity == pytest.approx([0.5])


ESTIMATE = PurityEstimate(PurityState.ESTIMATED, "", 0.6, 0.45, 0.7, 2.0, 80, 44)


def called(erbb2: float, given: float | None, estimate: PurityEstimate | None, sd: float = 0.02) -> CopyNumber:
    source = "pathology" if given else "heterozygous SNPs and copy ratios" if estimate and estimate.purity else ""
    of = Tumour("S1", given or (estimate and estimate.purity), source, 2.0, False, estimate=estimate)
    frame = cnr_frame(erbb2=erbb2, noise=sd)
    segment = pd.DataFrame({"chromosome": ["chr17"], "start": [0], "end": [83_000_000], "log2": [0.0]})
    return call_amplification(Bins(frame, segment, frame[["chromosome", "start", "end"]]), LOCUS, of, RULES)


def test_the_interval_of_copies_holds_that_of_the_purity() -> None:
    """log2 1.5 is 5.66 observed: C = 8.10 at 0.6, 7.23 at 0.7 and 10.1 at 0.45."""
    sure, unsure = called(1.5, 0.6, None), called(1.5, None, ESTIMATE)
    assert unsure.copies == pytest.approx(sure.copies)
    assert unsure.copies_low < 2 + (2 * 2**1.5 - 2) / 0.7 < sure.copies_low
    assert unsure.copies_high > 2 + (2 * 2**1.5 - 2) / 0.45 > sure.copies_high
    assert unsure.purity_state is PurityState.ESTIMATED and "purity_estimated" in unsure.flags
    assert unsure.given_purity is None and sure.given_purity == 0.6


def test_an_estimate_never_makes_a_call_less_cautious() -> None:
    """Beside the same purity from pathology: neither more AMP nor more NEG, and pathology's number stays."""
    for erbb2 in (0.0, 0.2, 0.35, 0.5, 0.8, 1.0, 1.2, 1.5, 2.0):
        for low in (0.1, 0.25, 0.45):
            estimate = PurityEstimate(PurityState.ESTIMATED, "", 0.6, low, 0.75, 2.0, 80, 44)
            alone, beside, plain = called(erbb2, None, estimate), called(erbb2, 0.6, estimate), called(erbb2, 0.6, None)
            assert {alone.state, beside.state, plain.state} <= set(ORDER)
            for found in (alone, beside):
                assert found.state == plain.state or found.state in ("EQUIVOCAL", "NE"), (erbb2, low)
            assert (beside.purity, beside.purity_state) == (0.6, PurityState.GIVEN)


def genome_files(folder: Path, true_purity: float) -> dict[str, str]:
    """Files of one sample whose segments and SNPs are those of `segments`, and ERBB2 with its controls at log2 0."""
    parts, frames, borders, sites = segments(true_purity, seed=3), [cnr_frame(noise=0.02)], [], []
    for at, part in enumerate(parts):
        chrom, first = str(at // 4 + 1), (at % 4) * 20_000_000 + 1_000_000
        starts = first + np.arange(12) * 1_000
        wave = np.tile([0.05, -0.05], 6)
        log2 = {"log2": part.log2 + wave, "gene": f"G{at}"}
        frames.append(pd.DataFrame({"chromosome": f"chr{chrom}", "start": starts, **log2}))
        borders.append((f"chr{chrom}", first, first + 15_000_000, part.log2))
        alleles = enumerate(zip(part.ref, part.alt, strict=True))
        sites += [counted(chrom, first + 10 * i, int(ref), int(alt)) for i, (ref, alt) in alleles]
    others = [part.assign(end=part["start"] + 200, weight=0.9, depth=100.0) for part in frames[1:]]
    frame = pd.concat([frames[0], *others], ignore_index=True)
    paths = write_call_inputs(folder, frame)
    pd.DataFrame(borders, columns=["chromosome", "start", "end", "log2"]).to_csv(paths["x.cns"], sep="\t", index=False)
    paths["sites"] = str(folder / "sites.json")
    records.write(SiteCounts("S1", Usable(), tuple(sites)), paths["sites"])
    return paths


def test_from_files_the_purity_is_estimated_where_none_is_given(tmp_path: Path) -> None:
    paths = genome_files(tmp_path, 0.6)
    found = call_files(paths, sites=paths["sites"], purity=None)
    assert (found.purity_state, found.state) == (PurityState.ESTIMATED, "NEG")
    assert found.purity == pytest.approx(0.6, abs=0.05)
    given = call_files(paths, sites=paths["sites"], purity=0.95)
    assert (given.purity, given.purity_state) == (0.95, PurityState.GIVEN) and "purity_disagrees" in given.flags
    other = call_files(paths, sites=paths["sites"], purity=None, ploidy=4.0)
    assert (other.purity_state, other.state) == (PurityState.FAILED, "NE")
    assert other.purity_estimate is not None and "sample sheet 4.0" in other.purity_estimate.reason


@pytest.mark.parametrize(("given", "flagged"), [(0.38, False), (0.3, True), (0.75, False), (0.95, True)])
def test_disagreement_with_pathology_is_flagged(given: float, flagged: bool) -> None:
    """The interval 0.45 to 0.7, and 0.1 for the pathologist."""
    assert ("purity_disagrees" in called(0.0, given, ESTIMATE).flags) == flagged


def test_a_failed_estimate_leaves_the_purity_unknown(tmp_path: Path) -> None:
    paths = write_call_inputs(tmp_path, cnr_frame(noise=0.02))
    records.write(SiteCounts("S1", Usable(), (counted("17", 45_000_000, 100, 100),)), tmp_path / "sites.json")
    found = call_files(paths, sites=str(tmp_path / "sites.json"), purity=None)
    assert (found.state, found.purity, found.purity_state) == ("NE", None, PurityState.FAILED)
    assert found.purity_estimate is not None and "needed" in found.purity_estimate.reason
    assert call_files(paths, sites=str(tmp_path / "sites.json")).purity_state is PurityState.GIVEN


def test_the_ploidy_of_a_fit_goes_with_its_purity() -> None:
    """Nine copies at purity 0.6 in a genome of four: with two in its place the same bins read as 5.1."""
    own = PurityEstimate(PurityState.ESTIMATED, "", 0.6, 0.55, 0.65, 4.0, 80, 44, 4.0, 4.0)
    frame = cnr_frame(erbb2=log2_of(9, 0.6, 4), noise=0.02)
    of = Tumour("S1", 0.6, "heterozygous SNPs and copy ratios", 4.0, False, estimate=own, ploidy_fitted=True)
    found = call_amplification(Bins(frame, SEGMENTS, frame), LOCUS, of, RULES)
    assert (found.state, found.given_ploidy, found.ploidy) == ("AMP", None, 4.0)
    assert found.copies == pytest.approx(9.0, abs=0.2)
    assert "ploidy_estimated" in found.flags and "ploidy_taken_as_2" not in found.flags


def test_from_files_the_fit_gives_the_ploidy(tmp_path: Path) -> None:
    paths = genome_files(tmp_path, 0.6)
    found = call_files(paths, sites=paths["sites"], purity=None, ploidy=None)
    assert found.ploidy == pytest.approx(2, abs=0.3)
    assert found.given_ploidy is None and "ploidy_estimated" in found.flags


@pytest.mark.parametrize("fitted", [1.6, 2.0, 3.1, 4.5])
@pytest.mark.parametrize("log2", [-0.4, 0.0, 0.2])
def test_a_fitted_ploidy_never_makes_a_negative_easier(fitted: float, log2: float) -> None:
    """Than an unknown one does, which is taken as two for copies and as four for the gain over the ploidy."""
    own = PurityEstimate(PurityState.ESTIMATED, "", 0.6, 0.55, 0.65, fitted, 80, 44, fitted, fitted)
    frame = cnr_frame(erbb2=log2, noise=0.02)
    source = "heterozygous SNPs and copy ratios"
    bounds = []
    for ploidy in (fitted, None):
        of = Tumour("S1", 0.6, source, ploidy, False, estimate=own, ploidy_fitted=ploidy is not None)
        bounds.append(negative_bounds(call_amplification(Bins(frame, SEGMENTS, frame), LOCUS, of, RULES), RULES))
    assert bounds[0][0] >= bounds[1][0] - 1e-9
    assert bounds[0][1] >= bounds[1][1] - 1e-9


def test_an_amplification_must_hold_at_the_purity_that_the_sample_shows() -> None:
    """log2 0.55 is 2.93 observed: 6.6 copies at the purity of the sheet, 0.2, and 3.3 at the sample's, 0.7."""
    own = PurityEstimate(PurityState.ESTIMATED, "", 0.64, 0.58, 0.70, 2.0, 80, 44)
    doubted = called(0.55, 0.2, own)
    assert (doubted.state, "purity_disagrees" in doubted.flags) == ("EQUIVOCAL", True)
    assert "its own SNPs show (0.58 to 0.70)" in doubted.reason
    assert called(0.55, 0.2, replace(own, purity=0.24, low=0.2, high=0.28)).state == "AMP"
    doubled = replace(own, purity=0.6, low=0.55, high=0.65, ploidy=4.0, ploidy_at_low=4.0, ploidy_at_high=4.0)
    frame = cnr_frame(erbb2=log2_of(10, 0.6, 4), noise=0.02)  # 10 copies at the sample's own purity and ploidy
    of = Tumour("S1", 0.4, "pathology", None, False, estimate=doubled)
    assert call_amplification(Bins(frame, SEGMENTS, frame), LOCUS, of, RULES).state == "AMP"
    assert called(2.5, 0.2, own).state == "AMP"  # 11.3 observed, 15.3 copies at 0.7: amplified at both
    assert called(0.55, 0.2, replace(own, purity=0.12, low=0.1, high=0.14)).state == "AMP"


def test_a_negative_holds_at_the_ploidy_of_the_low_end_of_the_fit() -> None:
    """Five copies at purity 0.5 in a genome of 3.7: read as 2.5 at 0.66 in one of 1.9, and the fit allows both."""
    own = PurityEstimate(PurityState.ESTIMATED, "", 0.66, 0.46, 0.68, 1.9, 80, 44, 3.8, 1.9)
    frame = cnr_frame(erbb2=log2_of(5, 0.5, 3.73), noise=0.01)
    of = Tumour("S1", 0.66, "heterozygous SNPs and copy ratios", 1.9, False, estimate=own, ploidy_fitted=True)
    found = call_amplification(Bins(frame, SEGMENTS, frame), LOCUS, of, RULES)
    assert found.state == "EQUIVOCAL"


def test_a_ploidy_of_the_sheet_that_equals_the_fit_is_still_that_of_the_sheet(tmp_path: Path) -> None:
    paths = genome_files(tmp_path, 0.6)
    own = call_files(paths, sites=paths["sites"], purity=None, ploidy=None).ploidy
    found = call_files(paths, sites=paths["sites"], purity=None, ploidy=own)
    assert (found.ploidy, found.given_ploidy) == (own, own) and "ploidy_estimated" not in found.flags


@pytest.mark.parametrize("true_purity", [0.2, 0.3, 0.5, 0.7, 0.9])
@pytest.mark.parametrize("copies", [7, 8, 10, 14])
def test_an_amplification_in_a_doubled_genome_read_as_its_half_is_never_negative(
    true_purity: float, copies: float
) -> None:
    """All copies even: a genome of four at p looks like one of two at 2p / (1 + p), and its C like C / 2."""
    twin = 2 * true_purity / (1 + true_purity)
    own = PurityEstimate(PurityState.ESTIMATED, "", twin, twin - 0.03, min(twin + 0.03, 1.0), 2.0, 80, 44, 2.0, 2.0)
    of = Tumour("S1", twin, "heterozygous SNPs and copy ratios", 2.0, False, estimate=own, ploidy_fitted=True)
    for seed in range(5):
        frame = cnr_frame(erbb2=log2_of(copies, true_purity, 4), noise=0.1, seed=seed)
        found = call_amplification(Bins(frame, SEGMENTS, frame), LOCUS, of, RULES)
        assert found.state in ("AMP", "EQUIVOCAL"), found.reason
