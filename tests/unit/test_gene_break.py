"""Breaks inside a gene: found where they are, and no more often than is stated where there are none."""

import numpy as np
import pytest
from tests.unit.test_amplification import LOCUS, RULES, SEGMENTS, call, cnr_frame, tumour

from cetux.amplification import call_amplification
from cetux.gene_bins import Bins
from cetux.gene_break import find_break


@pytest.mark.parametrize("kind", ["normal", "heavy tails"])
def test_false_breaks_are_as_rare_as_stated(kind: str) -> None:
    """Of 1,000 genes without a break 10 are expected at a rate of 0.01 (sd 3.1), whatever the noise's distribution."""
    rng = np.random.default_rng(5)
    found = 0
    for _ in range(1_000):
        log2 = rng.normal(0, 0.2, 27) if kind == "normal" else rng.standard_t(2.5, 27) * 0.2
        found += find_break(log2, np.ones(27), 0.03, 0.01, 0.0) is not None
    assert 1 <= found <= 21


@pytest.mark.parametrize("at", [3, 10, 20])
@pytest.mark.parametrize("right", [True, False])
def test_a_break_is_found_at_its_place(at: int, right: bool) -> None:
    log2 = np.where((np.arange(27) >= at) == right, 1.5, 0.1) + np.random.default_rng(at).normal(0, 0.1, 27)
    found = find_break(log2, np.ones(27), 0.03, 0.01, 0.5)
    assert found is not None
    assert (found.first_right, found.raised_right) == (at, right)
    assert found.raised.log2 == pytest.approx(1.5, abs=0.15)
    assert found.p_value == pytest.approx(0.001)


def test_small_steps_and_few_bins_are_no_break() -> None:
    log2 = np.repeat([0.0, 0.3], 10) + np.tile([-0.01, 0.01], 10)
    assert find_break(log2, np.ones(20), 0.03, 0.01, 0.5) is None
    assert find_break(log2, np.ones(20), 0.03, 0.01, 0.2) is not None
    assert find_break(np.array([0.0, 0.0, 0.0, 2.0, 2.0]), np.ones(5), 0.03, 0.01, 0.5) is None


def test_the_same_bins_give_the_same_p_value() -> None:
    log2 = np.random.default_rng(2).normal(0, 0.2, 27) + np.repeat([0, 0.25], [14, 13])
    values = {getattr(find_break(log2, np.ones(27), 0.03, 0.1, 0.0), "p_value", None) for _ in range(2)}
    assert len(values) == 1


def test_a_gene_broken_in_two_is_never_negative() -> None:
    """The last eight of 30 bins at log2 1.0 (6 copies at purity 0.5): the mean of 0.27 alone would say 2.8 copies."""
    frame = cnr_frame(noise=0.05)
    hit = frame.index[frame["gene"] == "ERBB2"]
    frame.loc[hit[22:], "log2"] += 1.0
    found = call(frame, rules=RULES | {"purity_lower_factor": 1})
    assert "partial_amplification" in found.flags
    assert found.raised_part_log2 == pytest.approx(1.0, abs=0.1)
    assert found.raised_part.startswith("17:3972") and found.raised_part.endswith("27)")
    assert found.state == "EQUIVOCAL"
    unbroken = call(frame, rules=RULES | {"purity_lower_factor": 1, "break_log2": 3.0})
    assert (unbroken.state, unbroken.raised_part_log2, unbroken.flags) == ("NEG", None, found.flags[:-1])


def test_a_broken_gene_is_no_polysomy() -> None:
    """Chromosome 17 at log2 1.04, the last eight bins of ERBB2 higher still."""
    frame = cnr_frame(erbb2=1.04, controls_17q=1.04, noise=0.03)
    assert call(frame, tumour(0.7)).state == "POLYSOMY"
    frame.loc[frame.index[frame["gene"] == "ERBB2"][22:], "log2"] += 1.0
    assert call(frame, tumour(0.7)).state != "POLYSOMY"


def test_bins_in_any_order_have_the_same_break() -> None:
    frame = cnr_frame(noise=0.05)
    frame.loc[frame.index[frame["gene"] == "ERBB2"][:12], "log2"] += 1.5
    shuffled = frame.sample(frac=1, random_state=3)
    moved = call_amplification(Bins(shuffled, SEGMENTS, shuffled), LOCUS, tumour(), RULES)
    assert moved.raised_part == call(frame).raised_part != ""
