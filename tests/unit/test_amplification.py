"""The rules of `rules.md`, "ERBB2: first match", one by one."""

import csv
import math
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from tests import builders
from tests.builders import CONTROLS_17P, CONTROLS_17Q

from cetux import records
from cetux.amplification import Tumour, call_amplification, call_erbb2
from cetux.amplification_rules import classify, decided, negative_bounds, other_amplifications
from cetux.bin_noise import estimate
from cetux.copies import detectable_copies, tumour_copies
from cetux.counts import CorrectedCoverage, ReferenceNotes, SampleCheck, Usable
from cetux.evidence import CopyNumber
from cetux.gene_bins import EXTENDED_GENES, Bins, Locus, erbb2_locus, extended_loci, read_bins
from cetux.resources import BUILDS, copied_genes
from cetux.shared_noise import SharedVariance, assay_variance, between, shared_noise, shared_variance

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text(encoding="utf-8"))
RULES = {key: said["default"] for key, said in SCHEMA["properties"]["erbb2"]["properties"].items()}
LOCUS = erbb2_locus("GRCh38")
SEGMENTS = pd.DataFrame({"chromosome": ["chr17"], "start": [0], "end": [83_000_000], "log2": [0.0]})
ORDER = ("NE", "NEG", "POLYSOMY", "EQUIVOCAL", "AMP")
with (ROOT / "tests/cases/copy_number/cases.tsv").open(newline="", encoding="utf-8") as handle:
    CASES = list(csv.DictReader(handle, delimiter="\t"))


def cnr_frame(**given: Any) -> pd.DataFrame:
    """The builder's bins, those of ERBB2 put on its exons (it spreads them evenly, most of them over introns)."""
    frame = builders.cnr_frame(**given)
    hit = frame.index[frame["gene"] == "ERBB2"]
    exons = [LOCUS.exons[i % len(LOCUS.exons)].start + i // len(LOCUS.exons) * 3 for i in range(len(hit))]
    frame.loc[hit, "start"] = sorted(exons)
    frame.loc[hit, "end"] = frame.loc[hit, "start"] + 200
    return frame


def tumour(purity: float | None = 0.5, ploidy: float | None = 2.0, amplicon: bool = False) -> Tumour:
    return Tumour("S1", purity, "pathology", ploidy, amplicon)


def call(
    frame: pd.DataFrame, of: Tumour | None = None, rules: Mapping[str, Any] = RULES, locus: Locus = LOCUS
) -> CopyNumber:
    designed = frame[["chromosome", "start", "end"]]
    return call_amplification(Bins(frame, SEGMENTS, designed), locus, of or tumour(), rules)


def log2_of(copies: float, purity: float, ploidy: float) -> float:
    """The purity model of specification 2.3, forwards."""
    return math.log2((purity * copies + 2 * (1 - purity)) / (purity * ploidy + 2 * (1 - purity)))


def known(cell: str) -> float | None:
    return None if cell == "." else float(cell)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_first_match(case: dict[str, str]) -> None:
    labels = list(CONTROLS_17Q)[: int(case["control_loci"])]
    controls = dict.fromkeys(labels, float(case["control_log2"]))
    frame = cnr_frame(erbb2=float(case["log2"]), controls_17q=controls, noise=0.02, bins={"erbb2": int(case["bins"])})
    found = call(frame, tumour(known(case["purity"]), known(case["ploidy"]), case["amplicon"] == "yes"))
    assert found.state == case["state"], (case["why"], found.reason)
    assert found.bins_kept == int(case["bins"])
    if found.state != "NE":
        assert ("ploidy_taken_as_2" in found.flags) == (case["ploidy"] == ".")
        assert ("ratio_not_assessable" in found.flags) == (found.ratio is None)
        assert (found.ratio is None) == (int(case["control_loci"]) < 3 or case["name"] == "lost_arm")


def test_every_state_has_a_case() -> None:
    assert {case["state"] for case in CASES} == set(ORDER)


@pytest.mark.parametrize(
    ("log2", "purity", "ploidy", "copies"),
    [
        (1.00, 0.5, 2, 6.00),
        (0.58, 0.5, 2, 3.98),
        (0.58, 0.2, 2, 6.95),
        (0.26, 0.1, 2, 5.95),
        (2.5, 0.6, 2, 17.52),
        (0.0, 0.5, 4, 4.00),
        (1.0, 0.5, 4, 10.00),
        (0.9, 0.2, 3, 12.53),
    ],
)
def test_tumour_copies_of_the_specification(log2: float, purity: float, ploidy: float, copies: float) -> None:
    assert tumour_copies(2**log2, purity, ploidy) == pytest.approx(copies, abs=0.006)


@pytest.mark.parametrize(
    ("ratio", "purity", "ploidy"),
    [(-1, 0.5, 2), (math.nan, 0.5, 2), (math.inf, 0.5, 2), (1, 0, 2), (1, 1.1, 2), (1, math.nan, 2), (1, 0.5, 0)],
)
def test_tumour_copies_refuses_what_cannot_be(ratio: float, purity: float, ploidy: float) -> None:
    with pytest.raises(ValueError, match="must"):
        tumour_copies(ratio, purity, ploidy)


def test_tumour_copies_may_be_negative() -> None:
    assert tumour_copies(0.5, 0.2) == pytest.approx((0.5 * 2 - 1.6) / 0.2)


@given(
    copies=st.floats(0, 200),
    purity=st.floats(0.05, 1),
    ploidy=st.floats(1, 8),
)
def test_tumour_copies_undoes_the_mixture(copies: float, purity: float, ploidy: float) -> None:
    ratio = (purity * copies + 2 * (1 - purity)) / (purity * ploidy + 2 * (1 - purity))
    assert tumour_copies(ratio, purity, ploidy) == pytest.approx(copies, abs=1e-6)


def test_detectable_copies_by_hand() -> None:
    """SE 0.1: shift (1.95996 + 1.64485) * 0.1 = 0.36048, 2**0.36048 = 1.28385; P 2 at purity 0.5 averages 2."""
    assert detectable_copies(0.1, 0.5, 2) == pytest.approx(2 + 0.28385 * 2 / 0.5, abs=1e-3)
    assert detectable_copies(0.1, 0.5, 4) == pytest.approx(4 + 0.28385 * 3 / 0.5, abs=1e-3)
    assert detectable_copies(0, 0.2, 2) == 2


def test_negative_says_what_it_would_have_seen() -> None:
    found = call(cnr_frame(noise=0.05))
    assert found.state == "NEG"
    assert found.detectable_copies == pytest.approx(detectable_copies(found.log2_se or 0, 0.5, 2))
    assert found.reason.endswith(
        f"; the smallest gain that would have been seen with 95 % power: to {found.detectable_copies:.1f} copies; "
        "an amplification (6 copies and 3 above the ploidy) would have been far above it"
    )


@pytest.mark.parametrize(
    ("ploidy", "smallest", "far"),
    [(2.0, 4.0, True), (2.0, 4.1, False), (3.2, 4.7, True), (3.2, 4.8, False), (None, 4.0, True), (1.5, 3.8, False)],
)
def test_an_amplification_lies_far_above_a_gain_of_half_its_size(
    ploidy: float | None, smallest: float, far: bool
) -> None:
    """Six copies and 3 above the ploidy: gains of 4 over a ploidy of 2, 3 over 3.2 (6.2 copies), and 4.5 over 1.5."""
    facts = replace(call(cnr_frame(noise=0.02), tumour(ploidy=ploidy)), detectable_copies=smallest)
    state, reason = classify(facts, RULES)
    assert state == "NEG"
    assert f"the smallest gain that would have been seen with 95 % power: to {smallest:.1f} copies" in reason
    assert ("far above it" in reason) is far


def test_negative_uses_the_lower_purity_bound() -> None:
    """log2 0.3 at purity 0.5: C = 2.92, but 3.85 at half of it, and its upper bound is above 4."""
    frame = cnr_frame(erbb2=0.3, noise=0.02)
    assert call(frame).state == "EQUIVOCAL"
    assert call(frame, rules=RULES | {"purity_lower_factor": 1}).state == "NEG"


@pytest.mark.parametrize(
    ("log2", "sd", "state"),
    [(0.0, 0.04, "NEG"), (-0.06, 0.04, "NEG"), (-0.06, 0.08, "EQUIVOCAL"), (-0.4, 0.08, "NEG")],
)
def test_a_negative_does_not_rest_on_noise_that_reads_low(log2: float, sd: float, state: str) -> None:
    """Purity 0.2 is judged at 0.1, where four copies stand at log2(2.2 / 2) = 0.138.

    With a shared noise of 0.08 the upper bound lies 1.96 * 0.08 = 0.157 above the reading: below 0.138 at -0.06, but
    not for a gene that reads 0. The bound of -0.4 lies below 0: a loss.
    """
    frame = cnr_frame(erbb2=log2, controls_17q=0.0, noise=0.001)
    assert call(frame, tumour(0.2), RULES | {"shared_log2_sd": sd}).state == state


@given(
    low=st.floats(-2, 2), more=st.floats(0, 2), half=st.floats(0.01, 1), purity=st.floats(0.2, 1), p=st.floats(1.5, 5)
)
def test_upper_bounds_never_fall_with_a_higher_reading(
    low: float, more: float, half: float, purity: float, p: float
) -> None:
    base = replace(call(cnr_frame(noise=0.01)), purity=purity, ploidy=p)
    first, second = (
        negative_bounds(replace(base, log2=log2, log2_high=log2 + half), RULES) for log2 in (low, low + more)
    )
    assert first[0] <= second[0] and first[1] <= second[1]
    at_least = tumour_copies(2 ** (low + half), purity / 2, p)
    assert first[0] >= at_least - 1e-9


def test_negative_takes_an_unknown_ploidy_as_four() -> None:
    """log2 0.8 (ratio 1.74) at purity 1 taken as it stands: C = 3.5; with P = 4 the gain is 0.74 * 4 or more.

    (At half of the purity, the default, the bound of C always binds first: 3 / (2 + 2p) >= 1 for p <= 0.5.)
    """
    frame, as_stated = cnr_frame(erbb2=0.8, noise=0.02), RULES | {"purity_lower_factor": 1, "shared_log2_sd": 0.02}
    assert call(frame, tumour(1.0, 2.0), as_stated).state == "NEG"
    assert call(frame, tumour(1.0, None), as_stated).state == "EQUIVOCAL"


def test_amplification_needs_its_lower_bound() -> None:
    """Scatter of 0.75 between ten bins: the mean says more than six copies, its lower bound fewer than four."""
    frame = cnr_frame(erbb2=1.1, noise=0.02, bins={"erbb2": 10})
    hit = frame["gene"] == "ERBB2"
    frame.loc[hit, "log2"] = 1.1 + 0.75 * np.array([1, -1] * 5)
    found = call(frame)
    assert found.copies is not None and found.copies > 6
    assert found.copies_low is not None and found.copies_low < 4
    assert found.state == "EQUIVOCAL"


@pytest.mark.parametrize("value", [math.nan, -math.inf, math.inf, -25.0])
def test_a_bin_without_a_measurement_is_never_neutral(value: float) -> None:
    """21 of 30 bins without log2, or without a read (CNVkit writes about -20): nine are left."""
    frame = cnr_frame(noise=0.02)
    frame.loc[frame.index[frame["gene"] == "ERBB2"][:21], "log2"] = value
    found = call(frame)
    assert (found.state, found.bins_designed, found.bins_kept) == ("NE", 30, 9)
    assert found.reason.startswith("technical: 9 of 30")


@pytest.mark.parametrize(("column", "value"), [("depth", 0.0), ("weight", 0.0), ("weight", math.nan)])
def test_a_bin_without_reads_or_weight_is_not_kept(column: str, value: float) -> None:
    frame = cnr_frame(noise=0.02)
    frame.loc[frame["gene"] == "ERBB2", column] = value
    assert call(frame).state == "NE"


def test_one_bin_that_outweighs_the_rest_is_no_estimate() -> None:
    frame = cnr_frame(noise=0.02)
    hit = frame.index[frame["gene"] == "ERBB2"]
    frame.loc[hit[1:], "weight"] = 1e-4
    assert call(frame).state == "NE"


def test_no_bin_at_all() -> None:
    frame = cnr_frame()
    found = call(frame[frame["gene"] != "ERBB2"])
    assert (found.state, found.copies, found.log2) == ("NE", None, None)


def test_gene_is_found_by_coordinates_not_by_label() -> None:
    frame = cnr_frame(erbb2=2.46, noise=0.02)
    frame["gene"] = [f"target_{i}" for i in range(len(frame))]
    assert call(frame).state == "AMP"
    moved = frame.copy()
    moved["gene"] = "ERBB2"
    moved = moved[~moved["start"].between(39_700_000, 39_729_000)]
    assert call(moved).state == "NE"


def test_noisy_controls_are_not_evaluable() -> None:
    quiet = cnr_frame(erbb2=2.46, noise=0.05)
    loud = cnr_frame(erbb2=2.46, noise=0.6)
    assert call(quiet).state == "AMP"
    found = call(loud)
    assert found.state == "NE"
    assert "0.35 allowed" in found.reason


def test_control_noise_is_the_sd_of_a_bin() -> None:
    """Also with three bins a locus, where deviations from its own median would say two thirds of it."""
    said = [call(cnr_frame(noise=0.2, seed=seed, bins={"control": 3})).control_mad_log2 for seed in range(30)]
    assert np.mean([value for value in said if value is not None]) == pytest.approx(0.2, rel=0.12)


def test_one_amplified_control_moves_neither_ratio_nor_polysomy() -> None:
    plain = call(cnr_frame(erbb2=1.04, controls_17q=1.04, noise=0.03), tumour(0.7))
    controls = dict.fromkeys(CONTROLS_17Q, 1.04)
    struck = call(cnr_frame(erbb2=1.04, controls_17q=controls | {"CTL17Q_58": 4.0}, noise=0.03), tumour(0.7))
    assert plain.state == struck.state == "POLYSOMY"
    assert struck.ratio == pytest.approx(plain.ratio, rel=0.05)


def test_17p_is_reported_and_never_in_the_ratio() -> None:
    whole, lost = cnr_frame(erbb2=2.46, noise=0.02), cnr_frame(erbb2=2.46, controls_17p=-0.8, noise=0.02)
    first, second = call(whole), call(lost)
    assert second.ratio == pytest.approx(first.ratio, rel=1e-9)
    assert first.copies_other_arm == pytest.approx(2.0, abs=0.15)
    assert second.copies_other_arm == pytest.approx(tumour_copies(2**-0.8, 0.5), abs=0.15)
    assert not any(label.startswith("CTL17P") for label in second.control_loci)
    without = whole[~whole["gene"].isin(CONTROLS_17P)]
    assert call(without).copies_other_arm is None


def test_neighbours_of_the_amplicon_are_no_controls() -> None:
    """A locus at 38.1 Mb (GRCh38), inside the excluded stretch, takes no part."""
    frame = cnr_frame(erbb2=2.46, noise=0.02)
    near = frame[frame["gene"] == "CTL17Q_58"].copy()
    near["start"] -= 20_000_000
    near["end"] -= 20_000_000
    near["gene"], near["log2"] = "CDK12", 2.46
    with_near = call(pd.concat([frame, near]))
    assert with_near.control_loci == call(frame).control_loci
    assert len(with_near.control_loci) == 6


def test_a_gene_across_a_megabase_is_one_locus() -> None:
    """Ten bins from 50.9 to 51.1 Mb are one gene: with one other locus the ratio is not assessable."""
    one = cnr_frame(controls_17q={"CTL17Q_31": 0.0}, noise=0.02)
    gene = pd.DataFrame({"start": range(50_900_000, 51_100_000, 20_000)}).assign(
        chromosome="chr17", gene="LONG", log2=0.0, depth=300.0, weight=0.9
    )
    found = call(pd.concat([one, gene.assign(end=gene["start"] + 200)]))
    assert len(found.control_loci) == 2
    assert "ratio_not_assessable" in found.flags


def test_a_segment_that_disagrees_is_flagged() -> None:
    frame = cnr_frame(erbb2=2.46, noise=0.02)
    assert "segment_disagrees" in call(frame).flags
    agreeing = Bins(frame, SEGMENTS.assign(log2=2.4), frame[["chromosome", "start", "end"]])
    assert "segment_disagrees" not in call_amplification(agreeing, LOCUS, tumour(), RULES).flags


def test_both_builds_give_the_same_call() -> None:
    """The same bins moved to GRCh37: exon by exon, controls by their distance from ERBB2."""
    frame = cnr_frame(erbb2=2.46, controls_17p=-0.5, noise=0.05)
    moved, shift = frame.copy(), LOCUS.exons[0].start - erbb2_locus("GRCh37").exons[0].start
    on_17 = moved["chromosome"] == "chr17"
    moved.loc[on_17, ["start", "end"]] -= shift
    moved = moved[~on_17 | (moved["start"] > 0)]
    here, there = call(frame), call(moved, locus=erbb2_locus("GRCh37"))
    assert here.state == there.state == "AMP"
    assert there.log2 == pytest.approx(here.log2, abs=1e-9)
    assert len(there.control_loci) == len(here.control_loci)
    assert call(frame, locus=erbb2_locus("GRCh37")).state == "NE"


def numbers(found: CopyNumber) -> list[float | None]:
    return [found.log2, found.log2_se, found.copies, found.ratio, found.ratio_high, found.control_mad_log2]


def same(left: CopyNumber, right: CopyNumber) -> bool:
    pairs = zip(numbers(left), numbers(right), strict=True)
    return left.state == right.state and all(a == pytest.approx(b, rel=1e-9) for a, b in pairs)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), factor=st.floats(0.01, 100), log2=st.floats(-0.5, 3))
def test_depth_order_and_naming_do_not_matter(seed: int, factor: float, log2: float) -> None:
    frame = cnr_frame(erbb2=log2, noise=0.1, seed=seed)
    found = call(frame)
    assert same(call(frame.assign(depth=frame["depth"] * factor)), found)
    assert same(call(frame.sample(frac=1, random_state=seed)), found)
    assert same(call(frame.assign(chromosome=frame["chromosome"].str.removeprefix("chr"))), found)


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 1000),
    purity=st.one_of(st.none(), st.floats(0.05, 1)),
    ploidy=st.sampled_from([None, 2.0, 3.0, 4.0]),
    control=st.floats(-0.5, 0.8),
)
def test_more_copies_never_make_it_less(seed: int, purity: float | None, ploidy: float | None, control: float) -> None:
    """Raising ERBB2 alone: once AMP always AMP, and never back to NEG from EQUIVOCAL, POLYSOMY or AMP."""
    states = []
    for log2 in np.arange(-0.3, 3.6, 0.5):
        frame = cnr_frame(erbb2=float(log2), controls_17q=control, noise=0.05, seed=seed)
        states.append(str(call(frame, tumour(purity, ploidy)).state))
    after_negative = [state for state in states if state != "NE"]
    assert "NEG" not in after_negative[next((i for i, s in enumerate(after_negative) if s != "NEG"), len(states)) :]
    assert set(states[states.index("AMP") :] if "AMP" in states else ["AMP"]) == {"AMP"}


@pytest.mark.parametrize(("bins", "weighted"), [(3, False), (10, False), (10, True), (30, False)])
def test_interval_covers_95_percent(bins: int, weighted: bool) -> None:
    """4,000 genes: 95 % gives 3,800, two standard errors 28 on either side; a percentile bootstrap covers 89 at ten."""
    rng = np.random.default_rng(11)
    weight = np.linspace(0.5, 1, bins) if weighted else np.ones(bins)
    inside = 0
    for _ in range(4_000):
        found = estimate(rng.normal(1.0, 0.2, bins), weight, 0.0)
        assert found is not None
        inside += found.low <= 1 <= found.high
    assert inside == pytest.approx(3_800, abs=60)


def test_interval_covers_what_the_bins_share() -> None:
    """Shared sd 0.09 beside 0.2 a bin: the scatter of thirty bins alone covers a half of the genes."""
    rng, inside, without = np.random.default_rng(12), 0, 0
    for _ in range(3_000):
        log2 = rng.normal(0, 0.09) + rng.normal(0, 0.2, 30)
        whole, part = estimate(log2, np.ones(30), 0.09), estimate(log2, np.ones(30), 0.0)
        assert whole is not None and part is not None
        inside, without = inside + (whole.low <= 0 <= whole.high), without + (part.low <= 0 <= part.high)
    assert 0.93 <= inside / 3_000 <= 0.98
    assert without / 3_000 < 0.65


@pytest.mark.parametrize("truth", [0.0, 0.08, 0.2])
def test_shared_noise_is_found_in_the_sample(truth: float) -> None:
    """Forty loci of six bins on one chromosome, a quarter of it gained: the gain is one step and no noise."""
    rng, found = np.random.default_rng(3), []
    starts = np.repeat(np.arange(40) * 3_000_000, 6) + np.tile(np.arange(6) * 1_000, 40)
    frame = pd.DataFrame({"chromosome": "chr3", "start": starts, "end": starts + 200, "gene": "-"})
    for _ in range(20):
        gain = np.where(starts > 90_000_000, 0.6, 0.0)
        frame["log2"] = gain + np.repeat(rng.normal(0, truth, 40), 6) + rng.normal(0, 0.1, 240)
        found.append(shared_noise(shared_variance(frame, LOCUS, 3), 0.0))
    assert np.median(found) == pytest.approx(truth, abs=0.03)
    assert shared_variance(frame[frame["start"] < 9_000_000], LOCUS, 3) is None
    assert shared_noise(None, 0.04) == 0.04


def uneven_frame(sd: float, gene: float = 0.0) -> pd.DataFrame:
    """The builder's bins beside forty loci of another chromosome, each locus off by its own noise of `sd`."""
    rng = np.random.default_rng(8)
    starts = np.repeat(np.arange(40) * 3_000_000, 6) + np.tile(np.arange(6) * 1_000, 40)
    other = pd.DataFrame({"chromosome": "chr3", "start": starts, "end": starts + 200, "gene": "-"})
    other["log2"] = np.repeat(rng.normal(0, sd, 40), 6) + rng.normal(0, 0.1, 240)
    return pd.concat([cnr_frame(erbb2=gene, noise=0.02), other.assign(weight=0.9, depth=100.0)], ignore_index=True)


@pytest.mark.parametrize(
    ("sd", "gene", "state"), [(0.05, 0.0, "NEG"), (0.3, 0.0, "NE"), (0.3, 0.6, "NE"), (0.3, 3.0, "AMP")]
)
def test_a_sample_of_uneven_loci_is_not_evaluable_but_for_a_clear_gain(sd: float, gene: float, state: str) -> None:
    """An SE of 0.3: a gain of 0.6 may be noise, 3.0 is ten times as much; 2 * 2**(3 - 1.96 * 0.3) is 10.6 copies."""
    found = call(uneven_frame(sd, gene), tumour(1.0))
    assert (found.state, found.reason.startswith("technical: uneven")) == (state, state == "NE")


def test_the_noise_of_the_assays_normals_widens_the_interval() -> None:
    """A sample too small to tell its own shared noise takes that of the normals, never less than the setting."""
    assays = (None, SharedVariance(0.08**2, 0.0), SharedVariance(0.01**2, 0.0))
    frame = cnr_frame(noise=0.02)
    bins = Bins(frame, SEGMENTS, frame[["chromosome", "start", "end"]])
    plain, noisy, quiet = (call_amplification(bins, LOCUS, tumour(), RULES, (), assay) for assay in assays)
    assert noisy.log2_se is not None and plain.log2_se is not None
    assert noisy.log2_se**2 - plain.log2_se**2 == pytest.approx(0.08**2 - 0.03**2)
    assert quiet == plain


def test_expected_and_own_noise_are_weighted_by_what_is_known() -> None:
    """Variances 0.0024 and 0.0012 with errors 0.001 and 0.0005: (0.0024 * 1 + 0.0012 * 4) / 5 = 0.00144.

    A variance of 0.01 exceeds the expected 0.0012 by more than 1.645 * hypot(0.001, 0.0005) = 0.0018: it is the
    sample's own. Nothing falls below the floor, and without a spread between the normals nothing below what they show.
    """
    expected = SharedVariance(0.0012, 0.0005)
    assert shared_noise(SharedVariance(0.0024, 0.001), 0.03, expected) ** 2 == pytest.approx(0.00144)
    assert shared_noise(SharedVariance(0.01, 0.001), 0.03, expected) ** 2 == pytest.approx(0.01)
    assert shared_noise(SharedVariance(-0.002, 0.0001), 0.03, expected) == pytest.approx(0.03)
    assert shared_noise(SharedVariance(-0.002, 0.001), 0.03, SharedVariance(0.0025, 0.0)) == pytest.approx(0.05)
    assert shared_noise(None, 0.03, SharedVariance(0.0025, 0.001)) == pytest.approx(0.05)


def test_what_normals_tell_of_their_assay() -> None:
    """Variances 1, 0 (of -1) and 5: mean 2, variance 7; errors of 1, 1 and 2 explain 2 of it, sqrt(5) is left."""
    found = between([SharedVariance(1, 1), SharedVariance(-1, 1), SharedVariance(5, 2)])
    assert found == SharedVariance(2, pytest.approx(5**0.5))
    assert between([SharedVariance(1, 3), SharedVariance(2, 3)]) == SharedVariance(1.5, 0)
    assert between([SharedVariance(1, 3)]) == SharedVariance(1, 0)
    assert between([]) is None
    assert (assay_variance(None, None), assay_variance(0.5, None)) == (None, SharedVariance(0.25, 0.0))


def amplified() -> list[tuple[float, float, float, float, float, int, bool]]:
    """C, P, purity, sd of a bin, shared sd, bins, ploidy known: where C >= 6 and C - P >= 3."""
    cells = [(c, p) for c in (6.0, 8.0, 10.0, 20.0) for p in (2.0, 3.0, 4.0) if c - p >= 3]
    purities, sds = (0.2, 0.3, 0.5, 0.8, 1.0), ((0.1, 0.03), (0.3, 0.03), (0.2, 0.09))
    return [
        (c, p, purity, sd, shared, bins, ploidy_known)
        for c, p in cells
        for purity in purities
        for sd, shared in sds
        for bins, ploidy_known in ((30, True), (10, False))
    ]


def simulated(
    rng: np.random.Generator, base: pd.DataFrame, gene: float, control: float, sd: float, shared: float
) -> pd.DataFrame:
    """The bins of `base` with the log2 of ERBB2 and 17q, noise of each gene and of each bin."""
    frame = base.copy()
    truth = np.where(frame["gene"] == "ERBB2", gene, np.where(frame["gene"].str.startswith("CTL"), control, 0.0))
    codes, genes = pd.factorize(frame["gene"])
    frame["log2"] = truth + rng.normal(0, shared, len(genes))[codes] + rng.normal(0, sd, len(frame))
    return frame


def test_never_negative_where_amplified() -> None:
    rng = np.random.default_rng(21)
    bases = {bins: cnr_frame(noise=0, bins={"erbb2": bins}) for bins in (10, 30)}
    states = []
    for copies, ploidy, purity, sd, shared, bins, ploidy_known in amplified():
        log2 = log2_of(copies, purity, ploidy)
        frame = simulated(rng, bases[bins], log2, log2_of(ploidy, purity, ploidy), sd, shared)
        states.append(str(call(frame, tumour(purity, ploidy if ploidy_known else None)).state))
    assert len(states) == 330
    assert "NEG" not in states
    assert "POLYSOMY" not in states


@pytest.mark.parametrize(("copies", "ploidy"), [(2, 2), (4, 4), (4, 2), (5, 2), (7, 2), (8, 4)])
def test_no_amplification_without_a_focal_gain(copies: float, ploidy: float) -> None:
    """Diploid, tetraploid, and all of chromosome 17 gained."""
    rng, base = np.random.default_rng(int(copies * 10 + ploidy)), cnr_frame(noise=0)
    states = []
    for purity in (0.2, 0.3, 0.6, 1.0):
        log2 = log2_of(copies, purity, ploidy)
        for of in (tumour(purity, ploidy), tumour(purity, None), tumour(None, ploidy)):
            for sd, shared in ((0.1, 0.03), (0.2, 0.03), (0.2, 0.09)):
                states.append(str(call(simulated(rng, base, log2, log2, sd, shared), of).state))
    assert "AMP" not in states


def write_call_inputs(folder: Path, frame: pd.DataFrame, **corrected: Any) -> dict[str, str]:
    paths = {
        name: str(folder / name) for name in ("x.cnr", "x.cns", "x.bed", "status.json", "check.json", "notes.json")
    }
    frame.to_csv(paths["x.cnr"], sep="\t", index=False)
    SEGMENTS.to_csv(paths["x.cns"], sep="\t", index=False)
    frame[["chromosome", "start", "end", "gene"]].to_csv(paths["x.bed"], sep="\t", index=False, header=False)
    records.write(CorrectedCoverage("S1", **({"usable": Usable()} | corrected)), paths["status.json"])
    records.write(SampleCheck("S1", Usable()), paths["check.json"])
    return paths


def call_files(
    paths: dict[str, str],
    notes: str | None = None,
    gc: bool = True,
    sites: str | None = None,
    purity: float | None = 0.5,
    ploidy: float | None = 2.0,
) -> CopyNumber:
    bins = read_bins(paths["x.cnr"], paths["x.cns"], paths["x.bed"])
    status, check = paths["status.json"], paths["check.json"]
    how = (tumour(purity, ploidy), RULES, {"gc": gc, "edges": False})
    return call_erbb2(bins, status, check, notes, "GRCh38", *how, sites)


def test_from_files_with_missing_numbers_and_odd_names(tmp_path: Path) -> None:
    """A gene called NA stays one, contig 17 is text, an empty log2 is missing."""
    frame = cnr_frame(erbb2=2.46, noise=0.02)
    frame["chromosome"] = frame["chromosome"].str.removeprefix("chr")
    frame.loc[frame["gene"] == "CTL17Q_58", "gene"] = "NA"
    frame.loc[frame.index[frame["gene"] == "ERBB2"][:4], "log2"] = np.nan
    found = call_files(write_call_inputs(tmp_path, frame))
    assert (found.state, found.bins_designed, found.bins_kept) == ("AMP", 30, 26)
    assert any(label.startswith("NA (17:58.1Mb") for label in found.control_loci)


def test_flags_say_what_the_correction_went_without(tmp_path: Path) -> None:
    paths = write_call_inputs(tmp_path, cnr_frame(noise=0.02))
    records.write(ReferenceNotes((), {"N02": "truncated"}), paths["notes.json"])
    assert set(call_files(paths, paths["notes.json"], gc=False).flags) == {
        "flat_reference",
        "normal_left_out:N02",
        "no_gc_correction",
    }
    records.write(ReferenceNotes(tuple("ABCDE"), {}, compared=True), paths["notes.json"])
    assert call_files(paths, paths["notes.json"]).flags == ()


def test_a_reference_of_unknown_normals_says_so(tmp_path: Path) -> None:
    """A frozen one without its notes may be flat; of three normals nobody can tell which is the tumour."""
    paths = write_call_inputs(tmp_path, cnr_frame(noise=0.02))
    assert call_files(paths).flags == ("reference_unknown",)
    records.write(ReferenceNotes(("A", "B", "C"), {}, compared=False), paths["notes.json"])
    assert set(call_files(paths, paths["notes.json"]).flags) == {"normals_not_compared", "few_normals"}


def test_what_noise_alone_reads_at_a_tiny_purity_is_no_amplification() -> None:
    """At purity 0.02 six copies stand at a log2 of 0.057: two genes in ten reach that by a noise of 0.06."""
    rng, base = np.random.default_rng(8), cnr_frame(noise=0.0)
    for purity in (0.01, 0.02, 0.05):
        states = [call(simulated(rng, base, 0.0, 0.0, 0.1, 0.045), tumour(purity)).state for _ in range(150)]
        assert "AMP" not in states
    assert call(cnr_frame(erbb2=log2_of(20, 0.05, 2), noise=0.05), tumour(0.05)).state == "AMP"


def test_a_gained_chromosome_at_a_tiny_purity_is_no_focal_gain() -> None:
    """Eight copies of all of 17 at purity 0.02 stand at log2 0.085, and noise makes a ratio Q of two out of it."""
    rng, base = np.random.default_rng(9), cnr_frame(noise=0.0)
    gained = log2_of(8, 0.02, 2)
    states = [call(simulated(rng, base, gained, gained, 0.1, 0.045), tumour(0.02)).state for _ in range(300)]
    assert "AMP" not in states


def test_copies_below_zero_are_no_number() -> None:
    """log2 -0.35 at purity 0.2 would be -0.15 copies; at any higher purity it is a loss all the same."""
    frame = cnr_frame(erbb2=-0.35, noise=0.02)
    found = call(frame, tumour(0.2))
    assert (found.state, found.copies, found.copies_low, found.ratio) == ("NEG", None, None, None)
    assert "copies_below_zero" in found.flags and "the purity is higher than 0.2" in found.reason
    assert found.log2 == pytest.approx(-0.35, abs=0.02)
    assert decided(found, RULES) == found
    assert call(frame, tumour(0.4)).copies == pytest.approx(0.92, abs=0.1)


def test_a_genome_counts_the_bins_over_introns_too() -> None:
    """Bins of 1 kb, side by side over the 29 kb from the first coding exon on."""
    span = erbb2_locus("GRCh38", whole_genome=True).exons
    assert [(one.start, one.end) for one in span] == [(LOCUS.exons[0].start, LOCUS.exons[-1].end)]
    starts = np.arange(span[0].start, span[0].end, 1_000)
    gene = pd.DataFrame({"start": starts}).assign(chromosome="chr17", gene="-", log2=1.6, depth=30.0, weight=1.0)
    frame = cnr_frame(noise=0.02)
    frame = pd.concat([frame[frame["gene"] != "ERBB2"], gene.assign(end=starts + 1_000)], ignore_index=True)
    assert len(starts) == 29
    counted = {whole: call(frame, locus=erbb2_locus("GRCh38", whole)).bins_kept for whole in (False, True)}
    assert counted[True] == 29 > counted[False]


@pytest.mark.parametrize("stage", ["status.json", "check.json"])
def test_a_sample_that_is_not_usable_is_not_evaluable(tmp_path: Path, stage: str) -> None:
    paths = write_call_inputs(tmp_path, cnr_frame(erbb2=2.46))
    bad = Usable(False, "the BAM is truncated", "Copy it again")
    record = CorrectedCoverage("S1", bad) if stage == "status.json" else SampleCheck("S1", bad)
    records.write(record, paths[stage])
    found = call_files(paths)
    assert (found.state, found.reason, found.copies) == ("NE", "technical: the BAM is truncated", None)


def test_record_survives_disk(tmp_path: Path) -> None:
    found = call(cnr_frame(erbb2=2.46))
    records.write(found, tmp_path / "call.json")
    assert records.read(CopyNumber, tmp_path / "call.json") == found


def test_t_quantile_is_that_of_effective_bins() -> None:
    """Two equal bins: df 1, mean 0.5, se 0.5 (sd 0.7071 over sqrt 2), half-width 12.706 * 0.5."""
    found = estimate(np.array([0.0, 1.0]), np.ones(2), 0.0)
    assert found is not None
    assert (found.log2, found.se) == (0.5, pytest.approx(0.5))
    assert found.high == pytest.approx(0.5 + stats.t.ppf(0.975, 1) * 0.5)
    assert estimate(np.array([1.0]), np.ones(1), 0.0) is None
    assert estimate(np.empty(0), np.empty(0), 0.0) is None


def plasma(purity: float | None) -> Tumour:
    return Tumour("S1", purity, "tumour fraction", 2.0, False, plasma=True)


@pytest.mark.parametrize(
    ("copies", "purity", "tissue", "in_plasma"),
    [
        (10.0, 0.5, "AMP", "EQUIVOCAL"),
        (24.0, 0.5, "AMP", "EQUIVOCAL"),
        (28.0, 0.5, "AMP", "AMP"),
        (28.0, 0.03, "AMP", "AMP"),
        (28.0, 0.012, "AMP", "NE"),
        (2.0, 0.6, "NEG", "NEG"),
    ],
)
def test_plasma_has_thresholds_of_its_own(copies: float, purity: float, tissue: str, in_plasma: str) -> None:
    """25.82 adjusted copies and 2.4 observed: 28 copies at a fraction of 0.012 are observed as 2.31."""
    frame = cnr_frame(erbb2=log2_of(copies, purity, 2), noise=0.01)
    rules = RULES | {"shared_log2_sd": 0.01}
    assert call(frame, tumour(purity), rules).state == tissue
    assert call(frame, plasma(purity), rules).state == in_plasma


@pytest.mark.parametrize(("observed", "state"), [(2.2, "NE"), (2.6, "EQUIVOCAL"), (5.0, "EQUIVOCAL"), (7.0, "AMP")])
def test_plasma_of_unknown_tumour_fraction(observed: float, state: str) -> None:
    assert call(cnr_frame(erbb2=math.log2(observed / 2), noise=0.01), plasma(None)).state == state


def test_few_normals_are_flagged(tmp_path: Path) -> None:
    paths = write_call_inputs(tmp_path, cnr_frame(noise=0.02))
    for many in (0, 1, 4, 5):
        records.write(ReferenceNotes(tuple(f"N{i}" for i in range(many)), {}), paths["notes.json"])
        flags = call_files(paths, paths["notes.json"]).flags
        assert ("few_normals" in flags, "flat_reference" in flags) == (0 < many < 5, many == 0)


def test_files_also_give_the_purity_of_a_flip(tmp_path: Path) -> None:
    found = call_files(write_call_inputs(tmp_path, cnr_frame(noise=0.02)))
    assert found.flip_below_purity == pytest.approx(0.2, abs=0.1)
    records.write(found, tmp_path / "call.json")
    assert records.read(CopyNumber, tmp_path / "call.json") == found


def gene_frame(gene: str, log2: float, build: str = "GRCh38") -> pd.DataFrame:
    """The builder's bins and, on the other gene's arm, six bins of it and four controls of four bins."""
    landmarks = copied_genes(build)
    span = landmarks[gene]
    arm = landmarks[f"{span.chrom}p"] if span.end <= landmarks[f"{span.chrom}p"].end else landmarks[f"{span.chrom}q"]
    away = [start for start in range(arm.start + 1_000_000, arm.end, 2_000_000) if abs(start - span.start) > 4_000_000]
    places = [(span.start + 5_000 * i, gene, log2) for i in range(6)]
    places += [(start + 1_000 * i, f"CTL{start}", 0.0) for start in away[:4] for i in range(4)]
    rng = np.random.default_rng(6)
    other = pd.DataFrame(places, columns=["start", "gene", "log2"])
    other["log2"] += rng.normal(0, 0.05, len(other))
    other = other.assign(chromosome=f"chr{span.chrom}", end=other["start"] + 200, weight=0.9, depth=100.0)
    return pd.concat([cnr_frame(noise=0.02), other], ignore_index=True)


@pytest.mark.parametrize("gene", EXTENDED_GENES)
def test_the_other_genes_are_annotated(tmp_path: Path, gene: str) -> None:
    """log2 1.5 at purity 0.5 is 2 * (5.66 - 1) = 9.3 copies against 2 of the arm's controls."""
    found = call_files(write_call_inputs(tmp_path, gene_frame(gene, 1.5)))
    assert found.state == "NEG"
    states = {other.gene: str(other.state) for other in found.others}
    assert states == dict.fromkeys(EXTENDED_GENES, "NE") | {gene: "AMP"}
    (text,) = other_amplifications(found)
    assert re.fullmatch(rf"{gene}_AMP\(9\.\d copies, ratio 4\.\d\)", text)
    quiet = call_files(write_call_inputs(tmp_path, gene_frame(gene, 0.0)))
    assert other_amplifications(quiet) == []


def test_controls_of_the_other_genes_lie_on_their_own_arm() -> None:
    for build in BUILDS:
        arms = {locus.gene: (locus.arm, locus.other_arm) for locus in extended_loci(build)}
        marks = copied_genes(build)
        assert arms == {
            "EGFR": (marks["7p"], marks["7q"]),
            "MET": (marks["7q"], marks["7p"]),
            "KRAS": (marks["12p"], marks["12q"]),
        }
