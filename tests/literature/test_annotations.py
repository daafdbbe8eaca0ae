"""The figures of resources/annotations.tsv, entered a second time from the domain specification, section 5.

One entry per study: n (None where the text has none) and its figures as numbers, months or percent. Two numbers of
patients stand in the cited sources and not in the text: BEACON (220 + 221) and DESTINY-CRC01 B and C (15 + 18).
"""

import re

import pytest
from scipy import stats

from tests.literature.sources import resource

ENTERED_AGAIN = {
    "MOUNTAINEER, final": (
        84,
        {"ORR": [39.3, 28.8, 50.5], "DOR": [15.2], "PFS": [8.1, 4.2, 10.2], "OS": [23.9, 18.7, 28.3]},
    ),
    "HERACLES-A": (27, {"ORR": [30, 14, 50]}),
    "HERACLES-A, later": (32, {"ORR": [28], "PFS": [4.7], "OS": [10.0]}),
    "MyPathway": (84, {"ORR": [26.2]}),
    "TRIUMPH": (27, {"ORR": [30]}),
    "TAPUR": (28, {"ORR": [14]}),
    "HERACLES-B": (31, {"ORR": [9.7]}),
    "DESTINY-CRC01, cohort A": (53, {"ORR": [45.3], "PFS": [6.9], "OS": [15.5]}),
    "DESTINY-CRC01, cohorts B and C": (15 + 18, {"ORR": [0, 33, 0]}),
    "DESTINY-CRC02, 5.4 mg/kg": (82, {"ORR": [31, 82, 37.8, 27.3, 49.2]}),
    "DESTINY-CRC02, 6.4 mg/kg": (40, {"ORR": [11, 40, 27.5]}),
    "DESTINY-CRC02, RAS mutant": (14, {"ORR": [4, 14, 28.6, 8.4, 58.1]}),
    "DESTINY-CRC02, RAS wild-type": (68, {"ORR": [27, 68, 39.7]}),
    "NSABP FC-11": (21, {}),
    "S1613": (240, {}),
    "HERALD": (46, {"HR_PFS": [0.42, 0.19, 0.96]}),
    "CodeBreaK 100, phase 2": (62, {"ORR": [9.7], "PFS": [4.0], "OS": [10.6]}),
    "BEACON": (
        220 + 221,
        {
            "OS": [8.4, 7.5, 11.0, 5.4, 4.8, 6.6],
            "HR_OS": [0.60, 0.45, 0.79],
            "PFS": [4.2, 1.5],
            "HR_PFS": [0.40],
            "ORR": [20, 13, 29, 2, 0, 7],
        },
    ),
    "Yaeger 2019, pooled analysis": (28, {"ORR": [14, 28, 50]}),
}
WITHOUT_NUMBERS = {"guideline", "regulatory", "preclinical"}


def numbers(text: str) -> dict[str, list[float]]:
    """Numbers of each figure in the order in which they are printed."""
    figures = [figure.split(" ", 1) for figure in text.split("; ") if figure]
    return {name: [float(one) for one in re.findall(r"\d+(?:\.\d+)?", rest)] for name, rest in figures}


def test_every_figure_is_that_of_the_text():
    found = {
        row["study"]: (int(row["n"]), numbers(row["figures"]))
        for row in resource("annotations.tsv")
        if row["level"] not in WITHOUT_NUMBERS
    }
    assert found == ENTERED_AGAIN
    bare = [row for row in resource("annotations.tsv") if row["level"] in WITHOUT_NUMBERS]
    assert [row["study"] for row in bare if row["n"] or row["figures"]] == []


def test_nothing_from_memory_is_in_the_table():
    """Figures and levels that the text marks as from memory: CodeBreaK 300, KRYSTAL-1, BREAKWATER's, every scheme."""
    text = "\n".join("\t".join(row.values()) for row in resource("annotations.tsv"))
    for word in ("CodeBreaK 300", "KRYSTAL", "adagrasib", "60.9", "12.8", "15.9", "zenocutuzumab", "NRG1"):
        assert word not in text
    for scheme in ("OncoKB", "ESCAT", "CIViC", "tier"):
        assert scheme not in text


@pytest.mark.parametrize(
    ("responders", "n", "study"),
    [
        (33, 84, "MOUNTAINEER, final"),
        (31, 82, "DESTINY-CRC02, 5.4 mg/kg"),
        (4, 14, "DESTINY-CRC02, RAS mutant"),
    ],
)
def test_printed_intervals_are_those_of_clopper_and_pearson(responders, n, study):
    """Section 6: these published intervals are exact ones, so that a slip in n, rate or interval would show."""
    *_, value, low, high = ENTERED_AGAIN[study][1]["ORR"]
    interval = stats.binomtest(responders, n).proportion_ci(method="exact")
    assert [round(100 * one, 1) for one in (responders / n, interval.low, interval.high)] == [value, low, high]
    assert ENTERED_AGAIN[study][0] == n
