"""Reads of others, counted and called: the figures of ../shared/data/README.md."""

import csv
from pathlib import Path

import pytest

from cetux.coding import SCANNED_GENES, coding_scan, transcripts
from cetux.counts import HaplotypeCounts, SampleCheck, Usable
from cetux.evidence import Allele, SampleGenotypes
from cetux.genotype import Sample, call_genotypes
from cetux.haplotypes import ReadFilter, count_haplotypes
from cetux.resources import alleles, codons, contig_lengths
from cetux.sample_genotypes import genotype_sample
from cetux.settings import with_defaults
from cetux.states import Genotype, Specimen
from cetux.umi_signs import CheckedSample, UmiSigns
from tests.builders import write_fasta

pytestmark = pytest.mark.real

TISSUE = Sample(Specimen.TISSUE, purity=None, umi=False, amplicon=False)
PLASMA = Sample(Specimen.CTDNA, purity=None, umi=True, amplicon=False)


def count_and_call(bam: Path, build: str, sample: Sample) -> tuple[HaplotypeCounts, SampleGenotypes]:
    counts = count_haplotypes("s", str(bam), None, codons(build), ReadFilter(20, 20, False))
    check = SampleCheck("s", Usable(), build=build)
    genes, settings = transcripts(build, None), with_defaults({})["genotypes"]
    return counts, call_genotypes(check, counts, codons(build), genes, alleles(), sample, settings)


def reference(real_data: Path, path: Path) -> str:
    """A FASTA of GRCh37 without ``chr``: KRAS, NRAS and BRAF as published, N elsewhere."""
    sequences = {}
    with (real_data / "reference/regions.tsv").open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle, delimiter="\t"):
            if row["gene"] in SCANNED_GENES:
                lines = (real_data / f"reference/fasta_plus_strand/{row['gene']}.fa").read_text().splitlines()
                bases = "".join(line.strip() for line in lines if not line.startswith(">")).upper()
                sequences[row["chrom"], int(row["hg19_start"]) - 1] = bases
    contigs = {name: contig_lengths("GRCh37")[name] for name, _ in sequences}
    return str(write_fasta(path, contigs, sequences))


def found(called: SampleGenotypes) -> dict[str, Allele]:
    return {f"{gene} {allele.protein}": allele for gene, one in called.genes.items() for allele in one.alleles}


@pytest.fixture(scope="module")
def seracare(real_data: Path) -> tuple[HaplotypeCounts, SampleGenotypes]:
    return count_and_call(real_data / "reads/seracare_access/SeraCare_0-5.bam", "GRCh37", PLASMA)


@pytest.mark.parametrize(
    ("name", "fragments", "depth"),
    [
        # reads of the README; every record over KRAS exon 2 stands twice, which cancels in the fraction
        ("KRAS G12D", 170, 3384),
        ("KRAS G12C", 132, 3392),
        ("KRAS Q61H", 89, 1706),
        ("BRAF V600E", 66, 1506),
        ("NRAS Q61R", 91, 1463),
        ("PIK3CA H1047R", 110, 2378),
    ],
)
def test_seracare_alleles(
    seracare: tuple[HaplotypeCounts, SampleGenotypes], name: str, fragments: int, depth: int
) -> None:
    allele = found(seracare[1])[name]
    assert allele.state is Genotype.MUT
    assert allele.vaf == pytest.approx(fragments / depth, rel=0.1)


def test_seracare_shows_no_other_mutation(seracare: tuple[HaplotypeCounts, SampleGenotypes]) -> None:
    assert set(found(seracare[1])) == {
        *("KRAS G12D", "KRAS G12C", "KRAS Q61H", "BRAF V600E", "NRAS Q61R", "PIK3CA H1047R", "ERBB2 Y772_A775dup"),
    }


def test_seracare_shows_no_other_change_in_the_whole_coding_sequences(real_data: Path, tmp_path: Path) -> None:
    """The alleles that the vendor put in, all of them listed, and nothing at any other codon of KRAS, NRAS and BRAF."""
    fasta = reference(real_data, tmp_path / "GRCh37.fa.gz")
    scan = coding_scan("GRCh37", fasta)
    assert scan.notes == ()
    # amino acids of NP_004976 (KRAS 4B), NP_002515 and NP_004324, and their stops; less the 23 codons of the rules
    assert sum(not codon.required for codon in scan.counted) == 188 + 189 + 766 + 3 - 23
    bam = str(real_data / "reads/seracare_access/SeraCare_0-5.bam")
    counts = count_haplotypes("s", bam, fasta, scan.counted, ReadFilter(20, 20, False))
    check = CheckedSample("s", Usable(), build="GRCh37", umi=UmiSigns(reads=10, telling=10, consensus=10))
    sample = {"specimen": "ctdna", "purity": None, "umi": True, "amplicon": False}
    called = genotype_sample(check, counts, None, "GRCh37", fasta, sample, with_defaults({})["genotypes"])
    alleles_of = {name: found(called)[name] for name in found(called) if name.split()[0] in SCANNED_GENES}
    assert set(alleles_of) == {"KRAS G12D", "KRAS G12C", "KRAS Q61H", "BRAF V600E", "NRAS Q61R"}
    assert all(allele.listed and allele.state is Genotype.MUT for allele in alleles_of.values())
    # so that the silence means something: unlisted codons were read, at 200 fragments or more
    by_gene = called.coding_coverage
    assert by_gene["KRAS"] * 189 + by_gene["NRAS"] * 190 + by_gene["BRAF"] * 767 > 150


def test_seracare_duplication_of_erbb2_is_listed(seracare: tuple[HaplotypeCounts, SampleGenotypes]) -> None:
    allele = found(seracare[1])["ERBB2 Y772_A775dup"]
    assert (allele.hgvs_c, allele.listed) == ("c.2313_2324dup", True)


def test_seracare_records_that_stand_twice_are_dropped(seracare: tuple[HaplotypeCounts, SampleGenotypes]) -> None:
    assert seracare[0].identical_records_dropped > 2000


def test_seracare_codon_13_is_wild_type_and_uncovered_codons_are_no_call(
    seracare: tuple[HaplotypeCounts, SampleGenotypes],
) -> None:
    kras, nras = (seracare[1].genes[gene] for gene in ("KRAS", "NRAS"))
    codon_13 = next(limit for limit in kras.codons if limit.codon == 13)
    assert codon_13.fragments > 1300
    assert codon_13.excluded_vaf is not None and codon_13.excluded_vaf < 0.007
    assert {"codon 117 not covered", "codon 146 not covered"} <= set(kras.failing)
    assert {"codon 12 not covered", "codon 13 not covered"} <= set(nras.failing)


def test_both_builds_of_the_same_reads_give_the_same_calls(real_data: Path) -> None:
    folder = real_data / "reads/ctat_dualbuild"
    hg19, hg38 = (
        found(count_and_call(folder / f"Aligned.sortedByCoord.out.{name}.bam", build, TISSUE)[1])
        for name, build in (("hg19", "GRCh37"), ("GRCh38", "GRCh38"))
    )
    assert hg19 == hg38
    assert {"KRAS G12V", "NRAS G13D", "PIK3CA E545K", "ERBB2 L755S"} <= set(hg19)


def test_two_fragments_of_nine_are_no_mutation(real_data: Path) -> None:
    bam = real_data / "reads/ctat_dualbuild/Aligned.sortedByCoord.out.GRCh38.bam"
    assert count_and_call(bam, "GRCh38", TISSUE)[1].genes["BRAF"].state is Genotype.NO_CALL


def test_horizon_alleles(real_data: Path) -> None:
    called = found(count_and_call(real_data / "reads/horizon_hdb7/sample1-deduped.bam", "GRCh37", TISSUE)[1])
    assert called["PIK3CA H1047R"].vaf == pytest.approx(134 / 647, rel=0.1)
    assert called["PIK3CA E545K"].state is Genotype.MUT_LOW
    # 8 of 626 reads, in which both mates of a fragment count
    assert called["PIK3CA E545K"].alt_fragments == 8
    assert set(called) == {"PIK3CA H1047R", "PIK3CA E545K"}


def test_a_variant_outside_the_listed_codons_is_not_called(real_data: Path) -> None:
    called = count_and_call(real_data / "reads/vardict_egfr_l861q/L861Q.bam", "GRCh37", TISSUE)[1]
    assert found(called) == {}
    assert {gene.state for gene in called.genes.values()} == {Genotype.NO_CALL}
