"""Which BAMs of others are taken for consensus reads of UMIs: what each is says its README, not its tags alone."""

from pathlib import Path

import pysam
import pytest

from cetux.evidence import SampleGenotypes
from cetux.haplotypes import ReadFilter, count_haplotypes
from cetux.resources import Interval, codons
from cetux.sample_check import Reference, check_sample, target_loci
from cetux.sample_genotypes import genotype_sample
from cetux.settings import with_defaults
from cetux.states import Genotype
from cetux.umi_proof import is_plausible, is_proven
from cetux.umi_signs import CheckedSample

pytestmark = pytest.mark.real

SERACARE = "reads/seracare_access/SeraCare_0-5.bam"
HDB7 = "reads/horizon_hdb7/sample1-deduped.bam"
VARDICT = "reads/vardict_egfr_l861q/L861Q.bam"
RNA = "reads/ctat_dualbuild/Aligned.sortedByCoord.out.hg19.bam"


def checked(bam: Path, targets: Path) -> CheckedSample:
    """As the workflow checks it, with a BED of all listed codons and of EGFR exon 21, where VarDict's reads lie."""
    lines = [f"{codon.chrom}\t{min(codon.positions)}\t{max(codon.positions) + 1}" for codon in codons("GRCh37")]
    targets.write_text("\n".join(lines), encoding="utf-8")
    loci = [*target_loci(str(targets), "GRCh37"), Interval("7", 55_259_412, 55_259_567)]
    return check_sample("s", str(bam), "GRCh37", "hybrid", Reference(), loci)


@pytest.mark.parametrize(
    ("name", "proven"),
    [
        (SERACARE, True),  # duplex consensus by Marianas, which tells of it in the reads' names
        (HDB7, True),  # "deduped" by Connor: families of three or more
        (VARDICT, False),  # an ordinary panel: bwa and bamsormadup
        (RNA, False),  # ordinary RNA reads
    ],
)
def test_which_are_consensus_reads(name: str, proven: bool, real_data: Path, tmp_path: Path) -> None:
    check = checked(real_data / name, tmp_path / "targets.bed")
    assert check.usable.ok, check.usable.reason
    assert check.umi.reads > 50
    assert (is_proven(check.umi), is_plausible(check.umi)) == (proven, False)


def test_consensus_reads_that_were_renamed_are_plausible_by_their_qualities(real_data: Path, tmp_path: Path) -> None:
    """SeraCare's BAM has no tags and only ABRA2 in @PG: without the names, Phred 90 is all that is left."""
    renamed = tmp_path / "renamed.bam"
    names: dict[str, str] = {}
    with (
        pysam.AlignmentFile(str(real_data / SERACARE)) as reads,
        pysam.AlignmentFile(str(renamed), "wb", template=reads) as written,
    ):
        for read in reads.fetch(until_eof=True):
            read.query_name = names.setdefault(read.query_name or "", f"read{len(names)}")
            written.write(read)
    pysam.index(str(renamed))
    umi = checked(renamed, tmp_path / "targets.bed").umi
    assert (umi.telling, is_proven(umi), is_plausible(umi)) == (0, False, True)


def genotyped(bam: Path, check: CheckedSample) -> SampleGenotypes:
    """As plasma of an assay with ``umi: true``."""
    sample = {"specimen": "ctdna", "purity": None, "umi": True, "amplicon": False, "dna_ng": None}
    counts = count_haplotypes("s", str(bam), None, codons("GRCh37"), ReadFilter(20, 20, False))
    return genotype_sample(check, counts, None, "GRCh37", None, sample, with_defaults({})["genotypes"])


def flags(found: SampleGenotypes) -> list[str]:
    return [flag for flag in found.flags if "umi" in flag]


def test_the_claim_of_umis_is_believed_of_seracare(real_data: Path, tmp_path: Path) -> None:
    """132 of 3,392 reads have KRAS G12C (README), 3.9 %: MUT in ctDNA with UMIs, MUT_LOW by the 5 % of tissue."""
    bam = real_data / SERACARE
    found = genotyped(bam, checked(bam, tmp_path / "targets.bed"))
    states = {allele.protein: allele.state for allele in found.genes["KRAS"].alleles}
    assert (states["G12C"], flags(found)) == (Genotype.MUT, [])


def test_the_claim_of_umis_is_not_believed_of_an_ordinary_panel(real_data: Path, tmp_path: Path) -> None:
    bam = real_data / VARDICT
    found = genotyped(bam, checked(bam, tmp_path / "targets.bed"))
    assert flags(found) == ["ctdna_without_umi", "umi_not_shown:ordinary reads"]
