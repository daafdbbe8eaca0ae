"""What both profiles say is the same, and nothing in them or in the rules breaks retries on a cluster."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
RULES = sorted((ROOT / "workflow" / "rules").glob("*.smk"))


def profile(name: str) -> dict[str, object]:
    content: dict[str, object] = yaml.safe_load((ROOT / "profiles" / name / "config.yaml").read_text(encoding="utf-8"))
    return content


def test_the_slurm_profile_repeats_the_default_one_word_for_word():
    """So --workflow-profile, which replaces the default profile, and --profile, which yields to it, do the same."""
    default, slurm = profile("default"), profile("slurm")
    assert {key: slurm.get(key) for key in default} == default


def test_memory_and_time_grow_with_each_attempt_and_there_are_some():
    slurm = profile("slurm")
    resources = slurm["default-resources"]
    assert isinstance(resources, dict)
    assert all(str(resources[name]).endswith("* attempt") for name in ("runtime", "mem_mb"))
    assert slurm["retries"] == 2


def test_jobs_are_neither_grouped_nor_put_into_arrays():
    """Groups multiply CPUs until a job can never start; arrays hang where not all ready jobs are taken at once."""
    assert {"groups", "group-components", "slurm-array-jobs"} & set(profile("slurm")) == set()


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_no_rule_retries_by_itself_or_joins_a_group(path: Path):
    """A rule's own retries would run inside the allocation that has just proved too small."""
    assert re.findall(r"^    (?:retries|group):", path.read_text(encoding="utf-8"), re.MULTILINE) == []


def test_the_joins_run_where_snakemake_runs_and_what_reads_bams_does_not():
    text = "".join(path.read_text(encoding="utf-8") for path in RULES)
    (listed,) = re.findall(r"^localrules:\n((?:    \w+,\n)+)", text, re.MULTILINE)
    local = set(re.findall(r"\w+", listed))
    assert {"call_heregulin", "call_mechanisms", "write_tables", "write_report", "record_provenance"} <= local
    assert local <= set(re.findall(r"^rule (\w+):", text, re.MULTILINE)), "a rule that is not there"
    reading = {
        rule
        for rule, body in re.findall(r"^rule (\w+):\n(.*?)(?=^rule |\Z)", text, re.M | re.S)
        if "=sample_bam," in body
    }
    assert reading >= {"check_sample", "count_haplotypes", "count_coverage"}
    assert not reading & local
