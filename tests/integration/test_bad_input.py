"""Damaged input as a user meets it: a sheet stops the run before anything is written, a bad BAM is quarantined.

The listings of damaged sheets and YAMLs are tested in tests/unit/test_cohort.py, a folder of cases/bad_input each.
"""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pysam
import pytest

from cetux.counts import SampleCheck
from cetux.resources import Interval, contig_lengths
from cetux.sample_check import Reference, check_sample
from tests.builders import BamBuilder
from tests.integration.workflow import ROOT, SNAKEMAKE, snakemake
from tests.unit.test_cohort import CASES, write_cohort

LENGTHS = {f"chr{name}": length for name, length in contig_lengths("GRCh38").items() if name in ("1", "12")}
KRAS = Interval("12", 25_245_340, 25_245_360)
LOCI = [KRAS, Interval("1", 114_713_900, 114_713_920)]


def refused(folder: Path, *options: str) -> str:
    """What a dry run says that must fail and leave the folder as it was; cetux itself speaks on stderr."""
    before = sorted(folder.rglob("*"))
    done = snakemake(folder, *options, "--dry-run", check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert sorted(path for path in folder.rglob("*") if ".snakemake" not in path.parts) == before
    assert "cetux: " in done.stderr or "cetux: " not in done.stdout
    return done.stdout + done.stderr


@pytest.mark.bad_input
@pytest.mark.run
@pytest.mark.parametrize("case", ["everything_at_once", "empty_sheet"])
def test_listing_of_all_problems_stands_on_stderr(case: str, tmp_path: Path) -> None:
    write_cohort(tmp_path)
    for path in (CASES / case).iterdir():
        if path.name != "expected.txt":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    shown = refused(tmp_path)
    expected = (CASES / case / "expected.txt").read_text().splitlines()
    assert f"cetux: {expected[0]}" in shown
    for line in expected[1:]:
        assert line.removesuffix("...") in shown


@pytest.mark.bad_input
@pytest.mark.run
def test_yaml_that_does_not_parse(tmp_path: Path) -> None:
    write_cohort(tmp_path)
    (tmp_path / "cohort.yaml").write_text("samples: [samples.tsv\npatients: x\n")
    assert "not valid JSON or YAML" in refused(tmp_path)


@pytest.mark.run
def test_two_configs_are_merged_and_paths_lie_beside_the_last(tmp_path: Path) -> None:
    write_cohort(tmp_path)
    (tmp_path / "site.yaml").write_text("erbb2: {min_bins: 12}\nassays: {panel: {umi: maybe}}\n")
    (problem,) = [
        line
        for line in refused(tmp_path, "--configfile", "cohort.yaml", "site.yaml").splitlines()
        if line.startswith("  ")
    ]
    assert "key assays.panel.umi: 'maybe' stands where true or false is needed" in problem


@pytest.mark.bad_input
@pytest.mark.run
def test_without_configfile_the_message_says_how(tmp_path: Path) -> None:
    command = [str(SNAKEMAKE), "-s", str(ROOT / "Snakefile"), "--dry-run"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "cetux: no cohort. Give its YAML: snakemake --configfile cohort.yaml" in done.stderr
    assert list(tmp_path.iterdir()) == []


def builder(contigs: dict[str, int] = LENGTHS, md5: dict[str, str] | None = None, reads: int = 40) -> BamBuilder:
    """Reads over both loci, as the caller's contigs allow."""
    bam = BamBuilder(contigs, sample="S", md5=md5 or {})
    for contig, start in (("chr1", LOCI[1].start), ("chr12", KRAS.start)):
        if contig in contigs:
            for i in range(reads):
                bam.add_read(contig, start - 60 + i, "ACGTACGTAC" * 10, duplicate=i == 0)
    return bam


def checked(path: Path, reference: Reference | None = None, build: str = "GRCh38") -> SampleCheck:
    return check_sample("S", str(path), build, "hybrid", reference or Reference(), LOCI)


def test_whole_bam_is_usable(tmp_path: Path) -> None:
    check = checked(builder().write(tmp_path / "S.bam"))
    assert check.usable.ok
    assert (check.build, check.contig_prefix, check.loci_without_reads, check.notes) == ("GRCh38", "chr", (), ())
    assert len(check.fingerprint) == 64


def truncated(path: Path) -> None:
    builder(reads=400).write(path)
    path.write_bytes(path.read_bytes()[:-40])


def half_copied(path: Path) -> None:
    builder(reads=4000).write(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def many_reads(count: int) -> BamBuilder:
    """More than fit into one block of the file; their names do not compress."""
    bam = BamBuilder(LENGTHS, sample="S")
    for i in range(count):
        bam.add_read(
            "chr12", KRAS.start - 90 + i * 80 // count, "ACGTACGTAC" * 10, name=f"{i * 7919 % 100_003}-{i * i}"
        )
    return bam


def block_damaged_under_a_whole_end(path: Path) -> None:
    many_reads(20_000).write(path)
    content = bytearray(path.read_bytes())
    for place in range(len(content) // 4, len(content) * 3 // 4, 50):
        content[place] ^= 0xFF
    path.write_bytes(bytes(content))


def sorted_by_name(path: Path) -> None:
    builder().write(path.with_name("in.bam"))
    pysam.sort("-n", "-o", str(path), str(path.with_name("in.bam")))
    Path(f"{path}.bai").write_bytes(Path(f"{path.with_name('in.bam')}.bai").read_bytes())


def without_index(path: Path) -> None:
    builder().write(path, index=False)


def index_of_another_file(path: Path) -> None:
    builder().write(path)
    Path(f"{path}.bai").write_bytes(b"BAI\1 this is no index")


def index_of_an_earlier_file(path: Path) -> None:
    """The BAM was made again with more reads in front, the index was not."""
    earlier = path.with_name("earlier.bam")
    many_reads(5_000).write(earlier)
    many_reads(20_000).write(path)
    Path(f"{earlier}.bai").replace(f"{path}.bai")


def index_of_a_shorter_file(path: Path) -> None:
    """Blocks of reads were added behind the others: nothing fails, the index ends too early."""
    bam, contents = many_reads(200), []
    for reads in (bam.reads[:100], bam.reads[100:]):
        bam.reads = reads
        contents.append(bam.write(path).read_bytes())
        if len(contents) == 1:
            Path(f"{path}.bai").replace(f"{path}.first")
    front, behind = contents
    header = int.from_bytes(behind[16:18], "little") + 1  # BSIZE of the first block (SAM specification, 4.1)
    path.write_bytes(front[:-28] + behind[header:])  # without the end-of-file mark between them
    Path(f"{path}.first").replace(f"{path}.bai")


def of_the_other_build(path: Path) -> None:
    builder({f"chr{n}": bp for n, bp in contig_lengths("GRCh37").items() if n in ("1", "12")}).write(path)


def of_no_known_build(path: Path) -> None:
    builder({"chr1": 195_471_971, "chr12": 120_129_022}).write(path)


def without_contigs_of_people(path: Path) -> None:
    bam = BamBuilder({"chrM": 16_569}, sample="S")
    bam.add_read("chrM", 10, "ACGT")
    bam.write(path)


def without_reads(path: Path) -> None:
    builder(reads=0).write(path)


def of_another_panel(path: Path) -> None:
    bam = BamBuilder(LENGTHS, sample="S")
    for i in range(40):
        bam.add_read("chr12", 1_000_000 + i, "ACGTACGTAC" * 10)
    bam.write(path)


def with_unmapped_reads_only(path: Path) -> None:
    bam = BamBuilder(LENGTHS, sample="S")
    bam.add_read("chr12", -1, "ACGT", unmapped=True)
    bam.write(path)


def text_file(path: Path) -> None:
    path.write_text("P01 and its reads\n" * 100)
    Path(f"{path}.bai").write_text("x")


def zip_file(path: Path) -> None:
    path.write_bytes(b"PK\3\4" + bytes(range(256)) * 20)


def header_only_bytes(path: Path) -> None:
    builder().write(path)
    path.write_bytes(path.read_bytes()[:100])


NOT_WHOLE = "Copy or make it again; see: samtools quickcheck -v"
BUILD = "Align to the assay's build, or give the sample an assay of its own build"
ASSAY = "Check that the BAM belongs to this assay and is not empty"


@pytest.mark.fault
@pytest.mark.parametrize(
    ("make", "reason", "remedy"),
    [
        (truncated, "the file is not whole", NOT_WHOLE),
        (half_copied, "the file is not whole", NOT_WHOLE),
        (header_only_bytes, "the file is not whole", NOT_WHOLE),
        (text_file, "the file is not whole", NOT_WHOLE),
        (zip_file, "the file is not whole", NOT_WHOLE),
        (block_damaged_under_a_whole_end, "reading at 12:25245341 failed", "Make the index again: samtools index"),
        (sorted_by_name, "the file is sorted by queryname, not by coordinate", "Sort and index it: samtools sort"),
        (without_index, "the file does not open", "index it with: samtools index"),
        (index_of_another_file, "the file does not open", "index it with: samtools index"),
        (index_of_an_earlier_file, "the index does not fit the file", "Make the index again: samtools index"),
        (index_of_a_shorter_file, "the index is of an earlier file", "Make the index again: samtools index"),
        (of_the_other_build, "the header is GRCh37 by its contig lengths, the assay says GRCh38", BUILD),
        (of_no_known_build, "the header fits no known build by its contig lengths", BUILD),
        (without_contigs_of_people, "the header fits no known build by its contig lengths", BUILD),
        (without_reads, "no read lies on any locus of the assay", ASSAY),
        (of_another_panel, "no read lies on any locus of the assay", ASSAY),
        (with_unmapped_reads_only, "no read lies on any locus of the assay", ASSAY),
    ],
)
def test_damaged_bam_is_quarantined(make: Callable[[Path], None], reason: str, remedy: str, tmp_path: Path) -> None:
    path = tmp_path / "S.bam"
    make(path)
    check = checked(path)
    assert not check.usable.ok
    assert reason in check.usable.reason
    assert remedy in check.usable.remedy
    assert len(check.usable.reason) < 400
    assert check.sample == "S"
    assert len(check.fingerprint) == 64


@pytest.mark.fault
def test_contig_length_against_the_fasta(tmp_path: Path) -> None:
    reference = Reference("r.fa", {**LENGTHS, "chr12": 133_275_310}, {})
    usable = checked(builder().write(tmp_path / "S.bam"), reference).usable
    assert usable.reason == "chr12 is 133275309 bp in the header and 133275310 bp in the FASTA"
    assert usable.remedy == "Give the FASTA that the reads were aligned to"


@pytest.mark.fault
def test_checksum_against_the_fasta(tmp_path: Path) -> None:
    reference = Reference("r.fa", LENGTHS, {"chr12": "a" * 32})
    path = builder(md5={"chr12": "b" * 32}).write(tmp_path / "S.bam")
    assert checked(path, reference).usable.reason == "the checksum M5 of chr12 differs between header and FASTA"
    same = builder(md5={"chr12": "A" * 32}).write(tmp_path / "same.bam")
    assert checked(same, reference).usable.ok, "M5 is written in capitals by some"


def test_other_contig_names_than_the_fasta(tmp_path: Path) -> None:
    plain = {name.removeprefix("chr"): length for name, length in LENGTHS.items()}
    usable = checked(builder().write(tmp_path / "S.bam"), Reference("r.fa", plain, {"12": "a" * 32})).usable
    assert "the header lacks 12 of the FASTA" in usable.reason
    assert usable.remedy == "Use BAMs, BED and FASTA with the same contig names"


@pytest.mark.fault
def test_cram_without_fasta(tmp_path: Path) -> None:
    bam = builder().write(tmp_path / "S.bam")
    pysam.view("-C", "--output-fmt-option", "no_ref=1", "-o", str(tmp_path / "S.cram"), str(bam), catch_stdout=False)
    usable = checked(tmp_path / "S.cram").usable
    assert usable.reason == "a CRAM needs the FASTA it was made with"
    assert usable.remedy == "Give reference in the assay's configuration"


def test_read_group_of_another_sample_is_a_note(tmp_path: Path) -> None:
    bam = builder()
    bam.sample = "other"
    bam.reads = [read for read in bam.reads if not read.set_tag("RG", "other")]
    check = checked(bam.write(tmp_path / "S.bam"))
    assert check.usable.ok
    assert "read groups name other, the sheet S" in check.notes


@pytest.mark.fault
def test_bam_that_vanished_after_the_sheet_was_read_is_no_verdict(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        checked(tmp_path / "gone.bam")
