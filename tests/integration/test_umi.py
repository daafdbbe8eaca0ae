"""`umi: true` over a whole run: not believed of ordinary reads, believed of reads that tell what is behind them."""

import csv
from pathlib import Path

import pysam
import pytest

from cetux.umi_proof import NOT_SHOWN_WORDS
from tests.integration.workflow import copy_run, replace_in, snakemake

pytestmark = pytest.mark.run

WANTED = ("results/mechanisms.tsv", "results/samples.tsv", "results/report/index.html", "--cores", "2")


def row(table: Path, column: str, value: str) -> dict[str, str]:
    with table.open(encoding="utf-8", newline="") as handle:
        (found,) = (one for one in csv.DictReader(handle, delimiter="\t") if one[column] == value)
    return found


def flags(run: Path) -> set[str]:
    sample, patient = row(run / "results/samples.tsv", "sample", "P01_KRAS_pre"), call(run)
    return {flag for one in (sample, patient) for flag in one["flags"].split(";") if "umi" in flag}


def call(run: Path) -> dict[str, str]:
    return row(run / "results/mechanisms.tsv", "patient", "P01_KRAS")


def tag(bam: Path) -> None:
    """Every read is said to be the consensus of three, as fgbio says it."""
    plain = bam.rename(bam.with_name("plain.bam"))
    with pysam.AlignmentFile(str(plain)) as reads, pysam.AlignmentFile(str(bam), "wb", template=reads) as tagged:
        for read in reads:
            read.tags = [*read.tags, ("cD", 3), ("cM", 3)]
            tagged.write(read)
    bam.with_name(f"{bam.name}.bai").unlink()  # a link: the finished run's own stays as it is
    pysam.index(str(bam))


def test_umis_that_are_claimed_must_be_shown(finished: Path, tmp_path: Path) -> None:
    run = copy_run(finished, tmp_path / "cohort")
    replace_in(run / "samples.tsv", "P01_KRAS_pre\tP01_KRAS\tpre\ttissue", "P01_KRAS_pre\tP01_KRAS\tpre\tctdna")
    replace_in(run / "cohort.yaml", "    build: GRCh38\n", "    build: GRCh38\n    umi: true\n")
    snakemake(run, *WANTED)
    assert flags(run) == {"ctdna_without_umi", "umi_not_shown:ordinary reads"}
    said = f"P01_KRAS_pre: {NOT_SHOWN_WORDS}"
    assert said in call(run)["why"]
    assert said in (run / "results/report/patients/P01_KRAS.html").read_text(encoding="utf-8")
    tag(run / "bam/P01_KRAS_pre.bam")
    snakemake(run, *WANTED)
    assert flags(run) == set()
    assert NOT_SHOWN_WORDS not in call(run)["why"]
    assert call(run)["primary"] == "RAS_MUT(KRAS G12D)"
