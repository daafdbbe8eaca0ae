"""Published intervals, P values and survival analyses, to the digits that are printed."""

import math

import pytest

from cetux import survival
from cetux.frequencies import clopper_pearson, fisher_p
from tests.literature.freireich import BOTH, MERCAPTOPURINE, PLACEBO, TREATED


# DESTINY-CRC02, HERACLES, MOUNTAINEER and others, as their publications print them (specification, section 6, item 1)
@pytest.mark.parametrize(
    ("carriers", "assayed", "low", "high"),
    [
        (31, 82, 27.3, 49.2),
        (11, 40, 14.6, 43.9),
        (4, 14, 8.4, 58.1),
        (27, 68, 28.0, 52.3),
        (7, 17, 18.4, 67.1),
        (24, 65, 25.3, 49.8),
        (33, 84, 28.8, 50.5),
        (46, 47, 88.7, 99.9),
    ],
)
def test_clopper_pearson(carriers, assayed, low, high):
    assert [round(100 * bound, 1) for bound in clopper_pearson(carriers, assayed)] == [low, high]


# Yaeger et al.: published as .02, .04 and .14 (item 2)
@pytest.mark.parametrize(
    ("table", "p", "published"),
    [
        ([[1, 11], [14, 14]], 0.0151, 0.02),
        ([[1, 5], [7, 2]], 0.0406, 0.04),
        ([[0, 6], [7, 12]], 0.1372, 0.14),
    ],
)
def test_fisher(table, p, published):
    assert round(fisher_p(table), 4) == p
    assert round(fisher_p(table), 2) == published


# Schoenfeld's formula (item 4): events for 80 % power, by prevalence 5, 10 and 30 %
@pytest.mark.parametrize(("hazard_ratio", "events"), [(2, [344, 182, 78]), (2.73, [164, 87, 38]), (3, [137, 73, 31])])
def test_events_needed(hazard_ratio, events):
    assert [survival.events_needed(hazard_ratio, prevalence) for prevalence in (0.05, 0.10, 0.30)] == events


def test_log_rank_of_the_leukaemia_trial():
    chi2, p = survival.log_rank(MERCAPTOPURINE, PLACEBO)
    assert round(chi2, 2) == 16.79
    assert p == pytest.approx(math.erfc(math.sqrt(chi2 / 2)))  # one degree of freedom


def test_kaplan_meier_of_the_leukaemia_trial():
    """Survival as every textbook prints it, the medians 23 and 8 weeks, and numbers at risk counted by hand."""
    treated = survival.curve("6-MP", MERCAPTOPURINE, (0, 10, 20, 30))
    assert treated.days == (6, 7, 10, 13, 16, 22, 23)
    assert [round(s, 3) for s in treated.survival] == [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448]
    assert treated.at_risk == (21, 15, 8, 4)
    assert (treated.n, treated.events, treated.median_days, treated.median_high_days) == (21, 9, 23, None)
    placebo = survival.curve("placebo", PLACEBO, (0, 8, 12))
    assert placebo.survival == pytest.approx([k / 21 for k in (19, 17, 16, 14, 12, 8, 6, 4, 3, 2, 1, 0)])
    assert (placebo.median_days, placebo.at_risk) == (8, (21, 12, 6))


def test_cox_of_the_leukaemia_trial(monkeypatch):
    """R's coxph, ties by Efron: coefficient -1.572, standard error 0.412."""
    monkeypatch.setattr(survival, "FEW_EVENTS", 5)
    found = survival.cox(BOTH, TREATED)
    assert found.method == "Cox, ties by Efron"
    assert round(math.log(found.ratio), 3) == -1.572
    assert round((math.log(found.high) - math.log(found.low)) / 2 / 1.959964, 3) == 0.412
    assert found.proportional_p > 0.5  # hazards are known to be proportional here
