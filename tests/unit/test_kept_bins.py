"""Bins that failed are told from copies, and none is left out without its reason."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.test_amplification import LOCUS, SEGMENTS, call, cnr_frame, log2_of, tumour

from cetux.gene_bins import Bins
from cetux.kept_bins import kept_bins


def with_gene(frame: pd.DataFrame, places: list[int], log2: float) -> pd.DataFrame:
    """The frame with the log2 of some bins of ERBB2."""
    hit = frame.index[frame["gene"] == "ERBB2"]
    frame.loc[hit[places], "log2"] = log2
    return frame


def test_one_bin_of_one_read_does_not_hide_an_amplification() -> None:
    """Ten copies at purity 0.5: log2 1.585. A bin of one read among those of hundreds stands at -8.6."""
    frame = with_gene(cnr_frame(erbb2=log2_of(10, 0.5, 2), noise=0.05, bins={"erbb2": 12}), [4], -8.6)
    found = call(frame, tumour(0.5))
    assert (found.state, found.bins_designed, found.bins_kept) == ("AMP", 12, 11)
    assert found.log2 == pytest.approx(1.585, abs=0.06)
    assert found.bins_dropped == ("1 with less than a quarter of the other bins' reads",)


def test_failed_bins_do_not_unsettle_a_negative() -> None:
    found = call(with_gene(cnr_frame(noise=0.05), [3, 17], -6.0), tumour(0.6))
    assert (found.state, found.bins_kept, found.flags) == ("NEG", 28, ())


def test_a_lost_part_of_the_gene_is_no_failure_of_single_bins() -> None:
    """A third of the bins: they are kept, and the step shows as a loss, never as an amplification."""
    found = call(with_gene(cnr_frame(noise=0.05), list(range(10)), -3.0), tumour(0.9))
    assert (found.bins_kept, found.bins_dropped) == (30, ())
    assert "partial_loss" in found.flags and "partial_amplification" not in found.flags
    assert found.raised_part_log2 == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize("places", [list(range(4)), list(range(6)), list(range(24, 30)), [10, 11]])
def test_low_bins_side_by_side_are_kept(places: list[int]) -> None:
    """What is not amplified, or lost, at one end of the gene is a step in it and no failure of bins."""
    found = call(with_gene(cnr_frame(erbb2=2.1, noise=0.05), places, -0.4), tumour(0.8))
    assert (found.bins_kept, found.bins_dropped) == (30, ())
    assert ("partial_amplification" in found.flags) == (len(places) > 2)


@pytest.mark.parametrize("many", [3, 5, 8])
def test_bins_that_stand_high_are_never_left_out(many: int) -> None:
    """A short amplification inside the gene must not become a negative of the rest."""
    found = call(with_gene(cnr_frame(noise=0.05), list(range(12, 12 + many)), 3.0), tumour(0.5))
    assert found.bins_kept == 30
    assert found.state != "NEG"


def test_every_reason_is_counted() -> None:
    """Of 30 designed bins two are not in CNVkit's table, one has no read, one no log2 and one next to no read."""
    frame = with_gene(cnr_frame(noise=0.05), [0], -20.0)
    designed = frame[["chromosome", "start", "end"]]
    hit = frame.index[frame["gene"] == "ERBB2"]
    frame.loc[hit[1], "log2"] = np.nan
    frame = with_gene(frame, [2], -7.0).drop(index=hit[[3, 4]])
    found = kept_bins(Bins(frame, SEGMENTS, designed), LOCUS)
    assert (found.designed, len(found.rows)) == (30, 25)
    assert [text.split(" ")[0] for text in found.dropped] == ["2", "2", "1"]
    assert ["CNVkit" in found.dropped[0], "without a read" in found.dropped[1], "quarter" in found.dropped[2]] == [
        True
    ] * 3


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-9, 5), min_size=1, max_size=40))
def test_leaving_out_never_lowers_the_mean_and_keeps_four_fifths(values: list[float]) -> None:
    frame = cnr_frame(noise=0.0, bins={"erbb2": len(values)})
    frame.loc[frame["gene"] == "ERBB2", "log2"] = values
    kept = kept_bins(Bins(frame, SEGMENTS, frame), LOCUS).rows["log2"]
    assert len(kept) >= 0.8 * len(values)
    assert kept.mean() >= np.mean(values) - 1e-9
    assert set(kept) >= {value for value in values if value >= np.median(values)}
