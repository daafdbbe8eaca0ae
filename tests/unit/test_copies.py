"""The purity model read backwards, and the same measurement at another purity."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.test_amplification import call, cnr_frame, log2_of, tumour

from cetux.copies import at_purity, expected_log2, tumour_copies


@given(copies=st.floats(0.5, 200), purity=st.floats(0.05, 1), ploidy=st.floats(1, 8))
def test_expected_log2_undoes_tumour_copies(copies: float, purity: float, ploidy: float) -> None:
    assert tumour_copies(2 ** expected_log2(copies, purity, ploidy), purity, ploidy) == pytest.approx(copies, rel=1e-6)


def test_expected_log2_of_the_specification() -> None:
    """Table of section 2.3: log2 of 4, 6, 10 and 20 copies at purities 0.1, 0.3 and 0.9."""
    table = {(4, 0.1): 0.14, (6, 0.3): 0.68, (10, 0.9): 2.20, (20, 0.1): 0.93}
    for (copies, purity), log2 in table.items():
        assert expected_log2(copies, purity) == pytest.approx(log2, abs=0.006)


@pytest.mark.parametrize("other", [0.3, 1.0, None])
def test_at_purity_says_what_a_call_at_that_purity_says(other: float | None) -> None:
    frame = cnr_frame(erbb2=1.2, controls_17q=0.2, controls_17p=-0.3, noise=0.05)
    moved, fresh = at_purity(call(frame, tumour(0.6)), other), call(frame, tumour(other))
    for name in ("copies", "copies_low", "copies_arm", "copies_other_arm", "ratio", "ratio_high", "detectable_copies"):
        assert getattr(moved, name) == getattr(fresh, name), name


def test_ratio_by_hand() -> None:
    """Nine copies over three at purity 0.5 in a diploid: Q = 3; observed it is 5.5 over 2.5 copies."""
    frame = cnr_frame(erbb2=log2_of(9, 0.5, 2), controls_17q=log2_of(3, 0.5, 2), noise=0.0)
    assert call(frame, tumour(0.5)).ratio == pytest.approx(3.0)
    assert call(frame, tumour(None)).ratio == pytest.approx(2.2)


def test_what_was_not_measured_has_no_copies() -> None:
    frame = cnr_frame()
    with pytest.raises(ValueError, match="not measured"):
        at_purity(call(frame[frame["gene"] != "ERBB2"]), 0.5)
