from pathlib import Path

import pytest
from tests import builders

from cetux import plan

DRY_RUN = """Building DAG of jobs...
Job stats:
job                   count
------------------  -------
count_coverage           19
call_mechanisms           1
all                       1
total                    21

Job stats:
job                   count
------------------  -------
count_coverage           19
total                    19
"""


def test_jobs_are_read_off_the_first_table() -> None:
    assert plan.job_counts(DRY_RUN) == {"count_coverage": 19, "call_mechanisms": 1}
    assert plan.job_counts("Nothing to be done (all requested files are present and up to date).") == {}


def test_earlier_runs_tell_the_time_of_a_job(tmp_path: Path) -> None:
    for sample, seconds in (("A", "2.0"), ("B", "4.0"), ("C", "30.0")):
        (tmp_path / "benchmarks/count_coverage").mkdir(parents=True, exist_ok=True)
        builders.write_tsv(tmp_path / f"benchmarks/count_coverage/{sample}.tsv", [{"s": seconds, "max_rss": "9"}])
    assert plan.earlier_seconds(tmp_path) == {"count_coverage": 4.0}
    assert plan.earlier_seconds(tmp_path / "nowhere") == {}


def test_without_a_record_the_size_of_the_bam_counts() -> None:
    big, small = (plan.steps({"count_coverage": 1, "call_erbb2": 1}, {}, gigabytes) for gigabytes in (10.0, 0.1))
    assert big[0].seconds == pytest.approx(plan.JOB_SECONDS + 150)
    assert big[0].seconds > small[0].seconds
    assert big[1].seconds == small[1].seconds


def test_the_sum_is_jobs_times_seconds_over_cores() -> None:
    said = plan.describe([plan.Step("a", 100, 60.0, True), plan.Step("b", 10, 120.0, True)], cores=4)
    assert "110 jobs, about 2.0 CPU hours, 30 minutes on 4 cores" in said
    assert "guess" not in said
    assert "~" in plan.describe([plan.Step("a", 1, 3.0, False)], cores=1)
    assert "nothing would run" in plan.describe([], cores=1)


def test_bams_are_weighed_by_the_sheet(tmp_path: Path) -> None:
    (tmp_path / "a.bam").write_bytes(bytes(4_000_000))
    rows = [{"sample": "A", "bam": "a.bam"}, {"sample": "B", "bam": "gone.bam"}]
    builders.write_tsv(tmp_path / "samples.tsv", rows)
    assert plan.mean_gigabytes(tmp_path, "samples.tsv") == pytest.approx(0.004)
    assert plan.mean_gigabytes(tmp_path, "none.tsv") == 0.0
