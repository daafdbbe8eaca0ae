import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize
from tests.literature.freireich import BOTH, MERCAPTOPURINE, PLACEBO, TREATED

from cetux import survival
from cetux.subjects import FollowUp


def breslow(followed, covariate, penalty):
    """Minus the log partial likelihood of one coefficient, ties by Breslow, less the penalty times log information."""
    rows = [(f.days, f.event, x) for f, x in zip(followed, covariate, strict=True)]

    def minus(beta):
        likelihood = information = 0.0
        for day, event, x in rows:
            if event:
                risk = [(math.exp(beta * z), z) for d, _, z in rows if d >= day]
                total = sum(w for w, _ in risk)
                mean = sum(w * z for w, z in risk) / total
                likelihood += beta * x - math.log(total)
                information += sum(w * z * z for w, z in risk) / total - mean**2
        return -(likelihood + penalty * math.log(information))

    return float(optimize.minimize_scalar(minus, bounds=(-10, 10), method="bounded", options={"xatol": 1e-9}).x)


def test_the_second_implementation_gives_the_published_estimate():
    """Stata's stcox on the leukaemia trial, ties by Breslow, prints a hazard ratio of .2210887 (Rodriguez)."""
    assert math.exp(breslow(BOTH, TREATED, 0.0)) == pytest.approx(0.2210887, abs=5e-7)


def test_firth_is_that_of_a_second_implementation():
    found = survival.cox(BOTH, TREATED)  # 9 events under treatment: few
    assert "Firth" in found.method
    assert math.log(found.ratio) == pytest.approx(breslow(BOTH, TREATED, 0.5), abs=1e-3)
    assert found.low < found.ratio < found.high
    assert found.proportional_p is None


def test_firth_shrinks_towards_no_effect():
    assert 0.2210887 < survival.cox(BOTH, TREATED).ratio < 1


def test_firth_is_finite_under_separation():
    """Every event in one group: the plain estimate is infinite."""
    followed = [FollowUp(day, day <= 3) for day in range(1, 7)]
    found = survival.cox(followed, [1, 1, 1, 0, 0, 0])
    assert 1 < found.ratio < 1000
    assert math.log(found.ratio) == pytest.approx(breslow(followed, [1, 1, 1, 0, 0, 0], 0.5), abs=1e-3)


def test_firth_agrees_with_plain_cox_where_events_are_many(monkeypatch):
    rng = np.random.default_rng(7)
    covariate = rng.integers(2, size=800).astype(float)
    days = rng.exponential(1e6 / np.exp(0.7 * covariate))
    followed = [FollowUp(int(day), True) for day in days]
    plain = survival.cox(followed, covariate)
    monkeypatch.setattr(survival, "FEW_EVENTS", 10**6)
    firth = survival.cox(followed, covariate)
    assert plain.method != firth.method
    assert firth.ratio == pytest.approx(plain.ratio, rel=5e-3)
    assert plain.low < math.exp(0.7) < plain.high


def test_firth_begins_below_ten_events_in_a_group():
    groups = [1.0] * 10 + [0.0] * 12
    ten = [FollowUp(day, True) for day in range(1, 23)]
    assert survival.cox(ten, groups).method == "Cox, ties by Efron"
    nine = [FollowUp(1, False), *ten[1:]]
    assert "Firth" in survival.cox(nine, groups).method


@pytest.mark.parametrize(("events", "covariate"), [((False, False, False), (0, 1, 1)), ((True, True, True), (1, 1, 1))])
def test_no_hazard_without_events_or_contrast(events, covariate):
    assert survival.cox([FollowUp(5, event) for event in events], covariate) is None


def test_no_log_rank_without_events():
    alive = [FollowUp(5, False)] * 3
    assert survival.log_rank(alive, alive) is None
    later = [FollowUp(9, True)] * 3
    assert survival.log_rank(alive, later) is None  # nobody is left to compare with
    assert survival.log_rank([*alive, FollowUp(9, False)], later) is not None


def greenwood(followed, z=1.959964):
    """Kaplan-Meier with its log(-log) interval, written from the textbook formula."""
    rows, s, variance = [], 1.0, 0.0
    for day in sorted({f.days for f in followed if f.event}):
        at_risk = sum(f.days >= day for f in followed)
        died = sum(f.days == day and f.event for f in followed)
        s *= 1 - died / at_risk
        if s == 0:
            rows.append((day, 0.0, 0.0, 0.0))
            break
        variance += died / (at_risk * (at_risk - died))
        half = z * math.sqrt(variance) / math.log(s)
        rows.append((day, s, *sorted((s ** math.exp(half), s ** math.exp(-half)))))
    return rows


@settings(max_examples=25, deadline=None)
@given(st.lists(st.builds(FollowUp, st.integers(0, 400), st.booleans()), min_size=1, max_size=25))
def test_curves_are_those_of_the_formulae(followed):
    found = survival.curve("group", followed, survival.ticks(followed))
    rows = list(zip(found.days, found.survival, found.low, found.high, strict=True))
    expected = greenwood(followed)
    assert len(rows) == len(expected)
    for row, other in zip(rows, expected, strict=True):
        assert row == pytest.approx(other, abs=1e-6)
    median = next((day for day, s, *_ in expected if s <= 0.5 + 1e-12), None)
    assert found.median_days == median
    assert found.n == len(followed) == found.events + len(found.censored_days)
    assert found.at_risk[0] == found.n


@pytest.mark.parametrize(("group", "interval"), [(MERCAPTOPURINE, (13, None)), (PLACEBO, (4, 11))])
def test_interval_of_the_median_inverts_that_of_the_curve(group, interval):
    """First days on which the lower, then the upper end of the curve's interval is at most one half."""
    rows = greenwood(group)
    by_hand = [next((day for day, *row in rows if row[end] <= 0.5), None) for end in (1, 2)]
    found = survival.curve("group", group, ())
    assert (found.median_low_days, found.median_high_days) == tuple(by_hand) == interval


def test_ticks_are_few_and_even():
    assert survival.ticks([]) == (0,)
    assert survival.ticks([FollowUp(240, True)]) == tuple(range(0, 241, 30))
    assert survival.ticks([FollowUp(241, True)]) == (0, 60, 120, 180, 240)
    assert len(survival.ticks([FollowUp(20_000, True)])) < 13


def test_reverse_curve_measures_follow_up():
    """Two deaths on day 10, three alive on days 100, 200 and 300: half were followed to day 200."""
    followed = [FollowUp(10, True), FollowUp(10, True), *(FollowUp(day, False) for day in (100, 200, 300))]
    assert survival.curve("all", survival.reverse(followed), ()).median_days == 200


def test_detectable_ratio_undoes_the_events_needed():
    """344 events are those of HR 2 at 5 %, so they see a little less than 2, and one fewer does not reach it."""
    assert survival.detectable_hazard_ratio(344, 0.05) < 2 < survival.detectable_hazard_ratio(343, 0.05)
    assert survival.detectable_hazard_ratio(0, 0.05) is None
    assert survival.detectable_hazard_ratio(1, 0.01) is None
