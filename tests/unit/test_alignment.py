"""CRAM in all its versions gives the counts of the BAM; what cannot be decoded is quarantined, never empty."""

from dataclasses import replace
from pathlib import Path

import pysam
import pytest
from tests.builders import BamBuilder, random_reference, write_fasta
from tests.unit.genotype_builders import KEEP, coding, codon, cover

from cetux.codons import plus_strand
from cetux.counts import HaplotypeCounts, Usable
from cetux.haplotypes import count_haplotypes
from cetux.resources import Interval, contig_lengths
from cetux.sample_check import Reference, check_sample

G12 = replace(codon("KRAS", 12), positions=(1002, 1001, 1000))
CONTIGS = {"chr12": 2000}
LENGTHS = {"chr12": contig_lengths("GRCh38")["12"]}


def fasta(path: Path, seed: int = 1) -> str:
    return str(write_fasta(path, CONTIGS, bases(seed)))


def bases(seed: int) -> dict[tuple[str, int], str]:
    return random_reference([("chr12", 0, 2000)], {("chr12", 1000): plus_strand(G12)}, seed=seed)


def written(path: Path) -> str:
    """200 fragments over the codon, 20 of them G12D, 5 with low qualities, 3 whose mates disagree."""
    bam = BamBuilder(CONTIGS, bases(1))
    cover(bam, G12, 172)
    cover(bam, G12, 20, changes=coding(G12, {1: "A"}))
    cover(bam, G12, 5, base_quality=12)
    cover(bam, G12, 3, right_changes=coding(G12, {0: "T"}))
    return str(bam.write(path))


def cram(bam: str, version: str, reference: str) -> str:
    path = bam.replace(".bam", f".{version}.cram")
    pysam.view("-O", f"cram,version={version}", "-T", reference, "-o", path, bam, catch_stdout=False)
    pysam.index(path)
    return path


def counted(path: str, reference: str | None) -> HaplotypeCounts:
    return count_haplotypes("s", path, reference, [G12], KEEP)


@pytest.mark.parametrize("version", ["2.1", "3.0", "3.1"])
def test_a_cram_gives_the_counts_of_its_bam(tmp_path: Path, version: str) -> None:
    bam, reference = written(tmp_path / "s.bam"), fasta(tmp_path / "reference.fa.gz")
    path = cram(bam, version, reference)
    assert Path(path).read_bytes()[:6] == b"CRAM" + bytes(map(int, version.split(".")))
    of_bam = counted(bam, None)
    assert {one.bases: one.fragments for one in of_bam.codons[0].haplotypes} == {"ACC": 172, "ATC": 20, "AC.": 3}
    assert counted(path, reference) == of_bam


@pytest.mark.fault
@pytest.mark.parametrize("version", ["2.1", "3.0", "3.1"])
def test_a_cram_without_its_reference_is_quarantined(
    tmp_path: Path, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REF_PATH", str(tmp_path / "nowhere"))
    monkeypatch.setenv("REF_CACHE", str(tmp_path / "nowhere"))
    made = fasta(tmp_path / "reference.fa.gz")
    path = cram(written(tmp_path / "s.bam"), version, made)
    other = fasta(tmp_path / "other.fa.gz", seed=2)
    for file in tmp_path.glob("reference.fa.gz*"):
        file.unlink()
    for reference, reason in ((None, "needs the FASTA"), (made, ""), (other, "")):
        found = counted(path, reference)
        assert not found.usable.ok and found.codons == ()
        assert reason in found.usable.reason and found.usable.remedy


@pytest.mark.parametrize("version", ["2.1", "3.0", "3.1"])
def test_a_cram_is_checked_as_its_bam_is(tmp_path: Path, version: str) -> None:
    """Spliced, clipped, duplicate, secondary and consensus reads: check and counts are those of the BAM."""
    bam = BamBuilder(LENGTHS, bases(1), sample="s")
    cover(bam, G12, 100, tags={"cD": 4, "cM": 2, "RX": "ACGT"})
    cover(bam, G12, 20, changes=coding(G12, {1: "A"}), tags={"cD": 1, "cM": 1})
    cover(bam, G12, 10, changes=coding(G12, {2: "A"}), duplicate=True)
    stretch = bases(1)["chr12", 0]
    for i, flag in enumerate(("secondary", "supplementary", "qcfail")):
        bam.add_read("chr12", 960, stretch[960:1001] + "T" + stretch[1002:1030], name=f"x{i}", **{flag: True})
    spliced = stretch[940:981] + stretch[1001:1040]
    bam.add_read("chr12", 940, spliced, cigar="41M20N39M", name="spliced")
    bam.add_read("chr12", 990, "G" * 10 + stretch[990:1040], cigar="10S50M", name="clipped")
    path = str(bam.write(tmp_path / "s.bam"))
    made = str(write_fasta(tmp_path / "r.fa.gz", LENGTHS, bases(1)))
    of_cram = cram(path, version, made)
    checks = [
        check_sample("s", one, "GRCh38", "hybrid", Reference(path=made), [Interval("12", 1000, 1003)])
        for one in (path, of_cram)
    ]
    assert checks[1].usable == Usable()
    assert replace(checks[1], fingerprint="") == replace(checks[0], fingerprint="")
    assert checks[1].umi.telling > 100 and checks[1].umi.umi_tags > 100, "the comparison is of something"
    of_bam = counted(path, None)
    # codon 12 lies at 1000 to 1002, and the spliced read skips 981 to 1000; the clipped one is the 101st
    assert {one.bases: one.fragments for one in of_bam.codons[0].haplotypes} == {"ACC": 101, "ATC": 20, ".CC": 1}
    assert counted(of_cram, made) == of_bam
