"""At which other purity the call would change: the decision itself, asked again."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cetux.amplification_rules import classify
from cetux.copies import moved_to
from cetux.evidence import CopyNumber
from cetux.states import Erbb2

_STEP = 0.02
_CLOSE = 0.0005


def with_flips(call: CopyNumber, rules: Mapping[str, Any]) -> CopyNumber:
    """The call with the nearest purity below and above at which its state changes, and what it becomes there.

    The same measurement means more copies the lower the purity is taken: AMP holds up to the purity above, NEG down to
    the purity below. Steps of 0.02 find the first change, bisection its place to 0.0005. None where the state holds
    down to 0.02 or up to 1, and for a call at unknown purity.
    """
    if call.purity is None or call.log2 is None:
        return call
    below, state_below = _flip(call, rules, call.purity, -_STEP)
    above, state_above = _flip(call, rules, call.purity, _STEP)
    return replace(
        call,
        flip_below_purity=below,
        flip_below_state=state_below,
        flip_above_purity=above,
        flip_above_state=state_above,
    )


def _flip(call: CopyNumber, rules: Mapping[str, Any], purity: float, step: float) -> tuple[float | None, Erbb2 | None]:
    same, other = purity, purity
    if step < 0 and purity <= _STEP:
        return None, None
    while _state(call, rules, other) == call.state:
        same = other
        if same in (_STEP, 1.0):
            return None, None
        other = min(1.0, max(_STEP, same + step))
    while abs(other - same) > _CLOSE:
        middle = (same + other) / 2
        if _state(call, rules, middle) == call.state:
            same = middle
        else:
            other = middle
    return round(other, 3), _state(call, rules, other)


def _state(call: CopyNumber, rules: Mapping[str, Any], purity: float) -> Erbb2:
    return classify(moved_to(call, purity), rules)[0]
