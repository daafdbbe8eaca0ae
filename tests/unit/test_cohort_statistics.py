import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.mechanism_cases import sample
from tests.unit.statistics_builders import POST, PRE, called, one

from cetux import records
from cetux.cohort_statistics import COLUMNS, Resampling, describe, table, with_adjusted
from cetux.frequencies import adjusted
from cetux.statistics_records import CohortStatistics, Statistic

FEW_DRAWS = Resampling(50, 1)


def cohort(n):
    """Every third amplified, every second high before treatment; half of all respond, and half of those change."""
    patients = []
    for i in range(n):
        responds = i % 2 == 0
        samples = [sample(PRE, erbb2="AMP 12" if i % 3 == 0 else "NEG", KRAS="MUT G12D 30%" if i % 5 == 0 else "WT")]
        if responds:
            samples.append(sample(POST, erbb2="AMP 12" if i % 4 == 0 else "NEG"))
        patients.append(
            one(
                f"P{i:02}",
                samples,
                pre=f"HIGH {1500 + 7 * i}" if i % 4 < 2 else f"LOW {200 + i}",
                post=f"HIGH {1600 + i}" if responds else None,
                best_response="PR" if responds else "PD",
                progression_day=200 + 9 * i if responds else 40 + i,
                last_contact_day=500 + 11 * i,
                outcome=("dead", "alive", "")[i % 3],
            )
        )
    return called(*patients)


@pytest.fixture(scope="module")
def described():
    return describe(cohort(24), FEW_DRAWS)


def test_the_record_survives_its_file(described):
    assert records.from_json(CohortStatistics, records.to_json(described)) == described


def test_the_table_holds_every_row(described):
    found = list(csv.DictReader(io.StringIO(table(described)), delimiter="\t"))
    assert tuple(found[0]) == COLUMNS
    assert [(row["name"], row["group"], row["n"]) for row in found] == [
        (row.name, row.group, str(row.n)) for row in described.rows
    ]


def test_rows_are_named_once(described):
    names = [(row.name, row.group) for row in described.rows]
    assert len(set(names)) == len(names)


def test_a_row_without_a_number_says_why(described):
    silent = [row for row in described.rows if row.estimate is None and row.p is None and not row.note]
    assert silent == []


def test_numbers_lie_in_their_intervals(described):
    for row in described.rows:
        if row.estimate is not None:
            assert row.low is None or row.low <= row.estimate + 1e-9, row
            assert row.high is None or row.high >= row.estimate - 1e-9, row
        assert row.p is None or 0 < row.p <= 1


def test_every_exploratory_p_is_adjusted_with_all_others(described):
    exploratory = [row for row in described.rows if row.p is not None and not row.primary]
    assert len(exploratory) > 10
    assert [row.p_adjusted for row in exploratory] == adjusted([row.p for row in exploratory])
    assert all(row.p_adjusted is None for row in described.rows if row.p is None or row.primary)


def test_the_primary_rows_are_the_declared_ones(described):
    primary = {(row.name, row.group) for row in described.rows if row.primary}
    assert primary == {
        (name, f"{mechanism}, known at pre")
        for name in ("PFS_log_rank", "PFS_hazard_ratio")
        for mechanism in ("ERBB2_AMP", "HRG_HIGH")
    }


def test_adjustment_leaves_the_order_and_the_primary_p():
    rows = [Statistic("a", "", 9, p=0.04), Statistic("b", "", 9, p=0.001, primary=True), Statistic("c", "", 9, p=0.02)]
    found = with_adjusted([*rows, Statistic("d", "", 9)])
    assert [row.name for row in found] == ["a", "b", "c", "d"]
    assert [row.p_adjusted for row in found] == [0.04, None, 0.04, None]


@pytest.mark.parametrize("n", [0, 1, 2])
def test_a_tiny_cohort_is_counted_and_not_tested(n):
    found = describe(cohort(n), FEW_DRAWS)
    assert found.patients == n and "too few" in found.note
    assert found.rows[0].n == n and "too few" in found.rows[0].note
    assert all(row.p is None for row in found.rows)
    assert all(comparison.curves == () for comparison in found.survival)
    assert records.from_json(CohortStatistics, records.to_json(found)) == found


def test_three_patients_are_drawn():
    assert any(comparison.curves for comparison in describe(cohort(3), FEW_DRAWS).survival)


def test_it_repeats_and_the_order_of_patients_does_not_matter():
    calls = cohort(8)
    again = type(calls)(calls.patients[::-1], calls.rules)
    assert table(describe(again, FEW_DRAWS)) == table(describe(calls, FEW_DRAWS))


@settings(max_examples=10, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["AMP 12", "NEG", "NE technical"]),
            st.sampled_from(["HIGH 2000", "LOW 300", "BLQ <62.5", None]),
            st.sampled_from(["PR", "SD", "PD", "NE"]),
            st.sampled_from([None, 0, 30, 30, 200]),
            st.sampled_from([200, 400, None]),
            st.sampled_from(["dead", "alive", ""]),
        ),
        max_size=8,
    )
)
def test_no_cohort_breaks_it_and_every_count_is_within_it(patients):
    evidence = [
        one(f"P{i}", [sample(PRE, erbb2=erbb2), sample(POST)], pre=blood, post=blood, best_response=response,
            progression_day=day, last_contact_day=last, outcome=outcome)
        for i, (erbb2, blood, response, day, last, outcome) in enumerate(patients)
    ]  # fmt: skip
    found = describe(called(*evidence), Resampling(10, 1))
    records.to_json(found)  # refuses what is not a number
    assert all(0 <= row.n <= len(patients) for row in found.rows)
    amplified = sum(erbb2 == "AMP 12" for erbb2, *_ in patients)
    assayed = sum(erbb2 != "NE technical" for erbb2, *_ in patients)
    (row,) = [r for r in found.rows if (r.name, r.group) == ("baseline_frequency", "ERBB2_AMP, pre")]
    assert row.n == assayed
    assert row.estimate == (amplified / assayed if assayed else None)
