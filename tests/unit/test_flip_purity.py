"""At which purity the call would change."""

import pytest
from tests.unit.test_amplification import RULES, call, cnr_frame, log2_of, tumour
from tests.unit.test_purity import ESTIMATE, called

from cetux.evidence import CopyNumber
from cetux.flip_purity import with_flips


def test_amp_holds_up_to_the_purity_of_six_copies() -> None:
    """12 copies at purity 0.4 in a diploid, 6 observed: C = 2 + 4 / p falls below 6 only above purity 1, so never."""
    found = with_flips(call(cnr_frame(erbb2=log2_of(12, 0.4, 2), noise=0.0), tumour(0.4)), RULES)
    assert (found.state, found.flip_above_purity, found.flip_above_state) == ("AMP", None, None)


def test_amp_flips_where_the_formula_says() -> None:
    """8 copies at purity 0.5, 5 observed: C = 2 + 3 / p is 6 at 0.75."""
    found = with_flips(call(cnr_frame(erbb2=log2_of(8, 0.5, 2), noise=0.0), tumour(0.5)), RULES)
    assert found.state == "AMP"
    assert found.flip_above_purity == pytest.approx(0.75, abs=0.002)
    assert found.flip_above_state == "EQUIVOCAL"
    assert found.flip_below_purity is None or found.flip_below_state != "NEG"


def test_negative_holds_down_to_a_purity() -> None:
    """Two copies: below purity 0.2 the rules know no NEG."""
    found = with_flips(call(cnr_frame(noise=0.0), tumour(0.6)), RULES)
    assert found.state == "NEG"
    assert found.flip_below_purity == pytest.approx(0.2, abs=0.002)
    assert found.flip_below_state == "NE"
    assert (found.flip_above_purity, found.flip_above_state) == (None, None)


@pytest.mark.parametrize("log2", [0.0, 0.3, 0.6, 0.9, 1.3])
@pytest.mark.parametrize("purity", [0.15, 0.3, 0.8])
def test_the_state_is_one_before_and_another_behind(log2: float, purity: float) -> None:
    """Checked against fresh calls of the same bins."""
    frame = cnr_frame(erbb2=log2, noise=0.05)
    found = with_flips(call(frame, tumour(purity)), RULES)
    for place, state, step in (
        (found.flip_below_purity, found.flip_below_state, -0.002),
        (found.flip_above_purity, found.flip_above_state, 0.002),
    ):
        if place is not None:
            assert call(frame, tumour(place - step)).state == found.state
            assert call(frame, tumour(min(1.0, place + step))).state == state != found.state


def test_unknown_purity_has_none() -> None:
    found = with_flips(call(cnr_frame(), tumour(None)), RULES)
    assert (found.flip_below_purity, found.flip_above_purity) == (None, None)


@pytest.mark.parametrize("log2", [0.0, 0.3, 0.5, 0.7, 0.9, 1.1, 1.4])
def test_at_an_estimated_purity_a_flip_is_another_state(log2: float) -> None:
    """The call stands on the whole interval of its purity, and so must what is asked at the next one."""
    found = with_flips(called(log2, None, ESTIMATE), RULES)
    assert isinstance(found, CopyNumber)
    assert found.state not in (found.flip_below_state, found.flip_above_state)
    for place, purity in ((found.flip_below_purity, found.purity), (found.purity, found.flip_above_purity)):
        assert place is None or purity is None or place < purity


@pytest.mark.parametrize("purity", [0.005, 0.01, 0.02])
def test_below_the_first_step_nothing_is_looked_for(purity: float) -> None:
    found = with_flips(call(cnr_frame(erbb2=0.3, noise=0.0), tumour(purity)), RULES)
    assert found.flip_below_purity is None
    assert found.flip_above_purity is None or found.flip_above_purity > purity
