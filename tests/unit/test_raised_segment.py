"""Width and extent of a gain."""

import pandas as pd
import pytest
from tests.unit.test_amplification import LOCUS, call, cnr_frame, tumour

from cetux.bin_noise import Estimate
from cetux.raised_segment import raised_width


def spread_out(raised: tuple[int, int], log2: float = 1.5) -> pd.DataFrame:
    """A bin of 200 bp each 50 kb of chromosome 17 from 30 to 50 Mb; `raised` from and to which base."""
    frame = pd.DataFrame({"start": range(30_000_000, 50_000_000, 50_000)}).assign(chromosome="chr17", gene="-")
    frame["end"] = frame["start"] + 200
    return frame.assign(log2=frame["start"].between(*raised) * log2, weight=1.0)


def level(log2: float) -> Estimate:
    return Estimate(log2, 0.03, log2 - 0.06, log2 + 0.06, 10)


def test_width_by_hand() -> None:
    """Raised from 39.30 to 40.20 Mb: 19 bins, 900,200 bp; the next bins begin and end 49,800 bp further out."""
    found = raised_width(spread_out((39_300_000, 40_200_000)), LOCUS, level(1.5), 0.0)
    assert found is not None
    assert (found.least_bp, found.most_bp) == (900_200, 900_200 + 2 * 49_800)


def test_one_noisy_bin_ends_no_segment() -> None:
    frame = spread_out((39_300_000, 40_200_000))
    frame.loc[frame["start"] == 39_900_000, "log2"] = 0.0
    found = raised_width(frame, LOCUS, level(1.5), 0.0)
    assert found is not None and found.least_bp == 900_200


def test_a_gain_to_the_last_bin_has_no_upper_bound() -> None:
    found = raised_width(spread_out((39_300_000, 60_000_000)), LOCUS, level(1.5), 0.0)
    assert found is not None
    assert (found.least_bp, found.most_bp) == (49_950_200 - 39_300_000, None)


@pytest.mark.parametrize(("log2", "controls"), [(0.0, 0.0), (0.15, 0.0), (1.0, 1.0), (-1.0, 0.0)])
def test_no_gain_no_width(log2: float, controls: float) -> None:
    assert raised_width(spread_out((0, 1)), LOCUS, level(log2), controls) is None


def test_a_gain_within_its_noise_has_no_width() -> None:
    assert raised_width(spread_out((39_300_000, 40_200_000)), LOCUS, Estimate(0.5, 0.3, -0.1, 1.1, 10), 0.0) is None


@pytest.mark.parametrize(
    ("gene", "arm", "other", "said"),
    [
        (0.0, 0.0, 0.0, "none"),
        (1.5, 0.0, 0.0, "focal"),
        (0.6, 0.6, 0.0, "arm"),
        (0.6, 0.6, 0.6, "chromosome"),
        (2.0, 0.6, 0.6, "focal+chromosome"),
        (2.0, 0.6, 0.0, "focal+arm"),
        (-0.6, -0.6, 0.0, "none"),
    ],
)
def test_extent(gene: float, arm: float, other: float, said: str) -> None:
    """Noise of 0.01: lower, the intervals (sd of 0.03 and more) would miss no step of these."""
    frame = cnr_frame(erbb2=gene, controls_17q=arm, controls_17p=other - (other == 0) * 0.02, noise=0.01)
    frame.loc[frame["gene"].str.startswith("CTL17Q"), "log2"] -= (arm == 0) * 0.02
    assert call(frame, tumour()).extent == said


def test_without_controls_nothing_is_said() -> None:
    frame = cnr_frame(erbb2=1.5, noise=0.02)
    assert call(frame[~frame["gene"].str.startswith("CTL17Q")]).extent == ""
