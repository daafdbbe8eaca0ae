"""One sample's genotypes with contamination, without a FASTA and beside another caller, from counts made here."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.unit.genotype_builders import KEEP, LISTED, SETTINGS, builder, coding, codon, counted, cover

from cetux import records
from cetux.call_comparison import compare_with_vcf
from cetux.counts import HaplotypeCount, HaplotypeCounts, Usable
from cetux.evidence import SampleGenotypes
from cetux.haplotypes import count_haplotypes
from cetux.identity import Site, SiteCount
from cetux.resources import Interval
from cetux.sample_check import Reference, check_sample
from cetux.sample_genotypes import genotype_sample, read_backgrounds
from cetux.sites import CountedSite, KnownSite, SiteCounts, count_sites
from cetux.states import Agreement, Genotype
from cetux.umi_signs import CheckedSample, UmiSigns

SAMPLE = {"specimen": "tissue", "purity": 0.6, "umi": False, "amplicon": False, "dna_ng": None}
CHECK = CheckedSample("s", Usable(), build="GRCh38")
# KRAS 12 is GGT on the minus strand, ACC on the plus strand; G12D (c.35G>A) makes it ATC (specification 7.6)
G12 = codon("KRAS", 12)
G12D = ("KRAS", 12, "ATC")


def genotypes(
    counts: HaplotypeCounts, sites: SiteCounts | None = None, check: CheckedSample = CHECK
) -> SampleGenotypes:
    return genotype_sample(check, counts, sites, "GRCh38", None, SAMPLE, SETTINGS)


def foreign(fraction: float, many: int = 120) -> SiteCounts:
    """Sites of one person, every second heterozygous, mixed with `fraction` of another: depth 1,000, frequency 0.5.

    They lie on 20 chromosomes, 30 Mb apart: many homozygous ones in a row might be a lost segment.
    """
    draw = np.random.default_rng(7)
    sites = []
    for place in range(many):
        alleles = draw.binomial(2, 0.5)
        own = place // 20 % 2 / 2
        shown = int(draw.binomial(1000, 0.001 + (1 - fraction) * own + fraction * alleles / 2))
        known = KnownSite(Site(str(place % 20 + 1), 30_000_000 * (place // 20 + 1), "A", "G"), 0.5)
        sites.append(CountedSite(known, SiteCount(1000 - shown, shown)))
    return SiteCounts("s", Usable(), tuple(sites))


def test_without_a_fasta_the_listed_codons_are_read_and_it_is_said():
    found = genotypes(counted(LISTED, 500))
    assert found.genes["KRAS"].state is Genotype.WT
    assert "listed_codons_only:KRAS,NRAS,BRAF" in found.flags
    assert found.coding_coverage == {}


def test_foreign_dna_raises_the_floor_below_which_nothing_is_reported():
    """Of 500 fragments 10 carry G12D: 2 %, in the grey zone of a clean sample, below 4 % of foreign DNA."""
    counts = counted(LISTED, 500, {G12D: 10})
    clean = genotypes(counts, foreign(0.0)).genes["KRAS"]
    assert [(allele.protein, allele.state) for allele in clean.alleles] == [("G12D", Genotype.MUT_LOW)]
    mixed = genotypes(counts, foreign(0.04))
    assert mixed.genes["KRAS"].alleles == ()
    assert any(flag.startswith("contamination:") for flag in mixed.flags)
    # a real mutation above it stays
    assert genotypes(counted(LISTED, 500, {G12D: 150}), foreign(0.04)).genes["KRAS"].state is Genotype.MUT


def test_what_foreign_dna_may_have_brought_is_no_proof_of_an_earlier_mutation():
    """Beside 4 % of foreign DNA 2 % of G12D may be the other person's: neither detected nor absent."""
    (trace,) = genotypes(counted(LISTED, 500, {G12D: 10}), foreign(0.04)).genes["KRAS"].traces
    assert trace.filters == ("foreign_dna",)
    (own,) = genotypes(counted(LISTED, 2000, {G12D: 15}), foreign(0.0)).genes["KRAS"].traces
    assert own.filters == ()


def test_too_few_sites_to_see_contamination_is_flagged():
    assert "contamination_not_assessable" in genotypes(counted(LISTED, 500), foreign(0.0, 1)).flags


def test_a_sample_that_is_not_usable_has_no_genotype():
    check = CheckedSample("s", Usable(False, "truncated", "copy it again"))
    found = genotypes(counted(LISTED, 500, {G12D: 150}), None, check)
    assert (found.usable.reason, found.genes) == ("truncated", {})


VCF = """##fileformat=VCFv4.2
##source=Mutect2
##contig=<ID=chr12,length=133275309>
##FILTER=<ID=germline,Description="x">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="x">
#CHROM	POS	ID	REF	ALT	QUAL	FILTER	INFO	FORMAT	s
"""


def compared(tmp_path: Path, *records: str):
    (tmp_path / "theirs.vcf").write_text(VCF + "".join(records), encoding="utf-8")
    counts = counted(LISTED, 500, {G12D: 150})
    return compare_with_vcf(genotypes(counts), counts, str(tmp_path / "theirs.vcf"), "GRCh38", None)


def test_another_caller_agrees(tmp_path):
    found = compared(tmp_path, "chr12\t25245350\t.\tC\tT\t.\tPASS\t.\tAD\t350,150\n")
    assert [(one.protein, one.agreement) for one in found.calls] == [("G12D", Agreement.AGREE)]
    assert found.flags == ()


def test_another_caller_that_differs_is_flagged_and_the_count_stands(tmp_path):
    # G12C instead (c.34G>T, 25245351 C>A), and our G12D is missing
    found = compared(tmp_path, "chr12\t25245351\t.\tC\tA\t.\tPASS\t.\tAD\t350,150\n")
    assert {one.agreement for one in found.calls} == {Agreement.ONLY_OURS, Agreement.ONLY_THEIRS}
    assert found.flags == ("differs_from_Mutect2:2",)


def test_a_vcf_that_cannot_be_read_is_said(tmp_path):
    (tmp_path / "theirs.vcf").write_text("no VCF\n", encoding="utf-8")
    counts = counted(LISTED, 500)
    found = compare_with_vcf(genotypes(counts), counts, str(tmp_path / "theirs.vcf"), "GRCh38", None)
    assert not found.usable.ok
    assert found.flags == ("other_calls_not_usable",)


def test_more_foreign_dna_than_can_be_told_makes_the_sample_not_usable():
    found = genotypes(counted(LISTED, 500), foreign(0.15))
    assert not found.usable.ok
    assert found.usable.reason.startswith("contaminated")
    assert found.genes == {}


def test_contamination_that_was_not_looked_at_is_said():
    assert "contamination_not_assessable" in genotypes(counted(LISTED, 500)).flags


def test_normals_of_the_samples_kind_make_it_more_careful(tmp_path):
    """8 of 500 fragments stand out of errors at 1e-4 (0.05 expected), not of those at 1 % (5 expected)."""
    counts = counted(LISTED, 500, {G12D: 8})
    kinds = {"calm": counted(LISTED, 500, rate=1e-4), "loud": counted(LISTED, 500, rate=1e-2)}
    kinds["damaged"] = replace(kinds["loud"], usable=Usable(False, "truncated"))
    for name, normal in kinds.items():
        records.write(replace(normal, sample=name), tmp_path / f"{name}.json")

    def called(*names: str) -> SampleGenotypes:
        normals = read_backgrounds(str(tmp_path / f"{name}.json") for name in names)
        return genotype_sample(CHECK, counts, None, "GRCh38", None, SAMPLE, SETTINGS, normals)

    def proteins(*names: str) -> list[str]:
        return [allele.protein for allele in called(*names).genes["KRAS"].alleles]

    assert proteins() == proteins("calm") == proteins("damaged") == ["G12D"]
    assert proteins("loud") == proteins("calm", "loud") == []
    assert called("calm", "damaged").error_normals == ("calm",)


CONSENSUS = UmiSigns(reads=100, telling=100, consensus=90)
ORDINARY = UmiSigns(reads=100, highest_phred={37: 100})


def plasma(claimed: bool, umi: UmiSigns) -> SampleGenotypes:
    """15 of 2,000 fragments with G12D, 0.75 %: above the 0.5 % of ctDNA with UMIs, below the 1 % of tissue."""
    sample = {"specimen": "ctdna", "purity": None, "umi": claimed, "amplicon": False, "dna_ng": None}
    counts = counted(LISTED, 2000, {G12D: 15})
    return genotype_sample(replace(CHECK, umi=umi), counts, None, "GRCh38", None, sample, SETTINGS)


@pytest.mark.parametrize(
    ("claimed", "umi", "reported", "flags"),
    [
        (True, CONSENSUS, ["G12D"], []),
        (True, ORDINARY, [], ["ctdna_without_umi", "umi_not_shown:ordinary reads"]),
        (True, UmiSigns(), [], ["ctdna_without_umi", "umi_not_shown:no read was looked at"]),
        (False, CONSENSUS, [], ["ctdna_without_umi", "umi_not_claimed"]),
        (False, ORDINARY, [], ["ctdna_without_umi"]),
    ],
)
def test_plasma_has_the_floors_of_umis_where_they_are_claimed_and_shown(
    claimed: bool, umi: UmiSigns, reported: list[str], flags: list[str]
) -> None:
    found = plasma(claimed, umi)
    assert [allele.protein for allele in found.genes["KRAS"].alleles] == reported
    assert [flag for flag in found.flags if "umi" in flag] == flags


def test_the_wild_type_of_plasma_whose_bam_shows_no_umis_excludes_what_tissue_must() -> None:
    """700 fragments do not exclude 0.5 % (3.5 expected), but 5 % (35): NO_CALL by ctDNA, WT by tissue."""
    sample = {"specimen": "ctdna", "purity": None, "umi": True, "amplicon": False, "dna_ng": None}
    states = [
        genotype_sample(replace(CHECK, umi=umi), counted(LISTED, 700), None, "GRCh38", None, sample, SETTINGS)
        .genes["KRAS"]
        .state
        for umi in (CONSENSUS, ORDINARY)
    ]
    assert states == [Genotype.NO_CALL, Genotype.WT]


def kras_counts(shown: dict[int, dict[str, int]]) -> HaplotypeCounts:
    """500 fragments at each listed codon but those of KRAS, which show what is given by codon."""
    counts = counted(LISTED, 500)
    codons = []
    for one in counts.codons:
        bases = shown.get(one.codon, {}) if one.gene == "KRAS" else None
        haplotypes = [HaplotypeCount(text, many, many, 0) for text, many in (bases or {}).items()]
        codons.append(one if bases is None else replace(one, haplotypes=tuple(haplotypes)))
    return replace(counts, codons=tuple(codons))


def test_a_gene_of_which_one_codon_is_read_in_part_is_not_called_uncovered() -> None:
    """Reads that begin inside codon 61: 400 fragments show two of its bases, none all three."""
    kras = genotypes(kras_counts({61: {".TG": 400}})).genes["KRAS"]
    assert (kras.state, kras.failing) == (Genotype.NO_CALL, ("codon 61 read only in part (by 400 fragments)",))


def test_beside_codons_that_are_read_whole_one_in_part_is_told_from_one_uncovered() -> None:
    kras = genotypes(kras_counts({12: {"ACC": 500}, 61: {".TG": 390, "T.G": 10}})).genes["KRAS"]
    told = {text for text in kras.failing if "codon 61" in text or "codon 146" in text or "codon 12 " in text}
    assert told == {"codon 61 read only in part (by 400 fragments)", "codon 146 not covered"}


def test_a_gene_without_any_fragment_is_uncovered() -> None:
    assert genotypes(kras_counts({})).genes["KRAS"].failing == ("no codon is covered",)


def reads_of(tmp_path: Path, phred: int | None) -> SampleGenotypes:
    """300 fragments over KRAS codon 12, checked, counted and called; phred None for reads without qualities (``*``)."""
    bam = builder(G12)
    cover(bam, G12, 300, base_quality=phred or 0)
    for read in bam.reads if phred is None else ():
        read.query_qualities = None
    path = str(bam.write(tmp_path / "s.bam"))
    place = Interval("12", min(G12.positions), max(G12.positions) + 1)
    check = check_sample("s", path, "GRCh38", "hybrid", Reference(), [place])
    assert check.usable.ok, "its coverage counts"
    return genotypes(count_haplotypes("s", path, None, LISTED, KEEP), check=check)


@pytest.mark.fault
@pytest.mark.parametrize("phred", [None, 0])
def test_reads_without_qualities_are_no_missing_coverage(tmp_path: Path, phred: int | None) -> None:
    found = reads_of(tmp_path, phred)
    assert (found.usable.reason, found.genes) == ("the reads carry no base qualities (* or 0)", {})
    assert found.usable.remedy == "Align the FASTQ with its qualities again"


def test_reads_of_low_quality_have_qualities(tmp_path: Path) -> None:
    assert reads_of(tmp_path, 12).usable.ok


def mixed(tmp_path: Path, foreign: float) -> SampleGenotypes:
    """A sample from reads: 100 SNPs on five chromosomes at 300 reads each, and KRAS codon 12 at 600 fragments.

    The patient is wild type; the other person, `foreign` of the DNA, has a tumour in which half of the alleles carry
    G12D. Each person's genotypes are drawn by themselves at an allele frequency of 0.5.
    """
    draw = np.random.default_rng(11)
    bam = builder(G12)
    records = []
    for number in range(100):
        contig, place = f"chr{number % 5 + 1}", 1_000_000 * (number // 5 + 1)
        own, other = draw.binomial(2, 0.5, 2)
        share = 0.001 + 0.998 * ((1 - foreign) * own + foreign * other) / 2
        for i in range(300):
            base = "G" if draw.random() < share else "A"
            bam.add_read(contig, place - 20 - i % 10, "T" * (20 + i % 10) + base + "T" * 20, reverse=bool(i % 2))
        records.append((contig, place))
    mutant = round(600 * foreign / 2)
    cover(bam, G12, 600 - mutant)
    cover(bam, G12, mutant, changes=coding(G12, {1: "A"}))
    head = "##fileformat=VCFv4.2\n##INFO=<ID=AF,Number=A,Type=Float,Description=x>\n"
    head += "".join(f"##contig=<ID=chr{number}>\n" for number in range(1, 6))
    lines = [f"{contig}\t{place + 1}\t.\tA\tG\t.\t.\tAF=0.5\n" for contig, place in sorted(records)]
    snps = tmp_path / "snps.vcf"
    snps.write_text(head + "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" + "".join(lines))
    path = str(bam.write(tmp_path / "s.bam"))
    counts, sites = count_haplotypes("s", path, None, LISTED, KEEP), count_sites("s", path, None, str(snps), KEEP)
    return genotypes(counts, sites)


def test_a_contaminated_sample_from_its_reads_on(tmp_path: Path) -> None:
    """4 % of another person bring 2 % of G12D (12 of 600), which without them would be in the grey zone."""
    found = mixed(tmp_path, 0.04)
    (flag,) = [flag for flag in found.flags if flag.startswith("contamination")]
    assert float(flag.removeprefix("contamination:").removesuffix("%")) == pytest.approx(4, abs=1)
    kras = found.genes["KRAS"]
    assert [(trace.protein, trace.alt_fragments, trace.filters) for trace in kras.traces] == [
        ("G12D", 12, ("foreign_dna",))
    ]
    assert (kras.alleles, kras.state) == ((), Genotype.NO_CALL)


def test_a_fifth_of_another_persons_dna_leaves_no_genotype(tmp_path: Path) -> None:
    found = mixed(tmp_path, 0.2)
    assert (found.usable.ok, found.genes) == (False, {})
    assert found.usable.reason.startswith("contaminated")


def test_a_clean_sample_from_its_reads_on(tmp_path: Path) -> None:
    found = mixed(tmp_path, 0.0)
    assert [flag for flag in found.flags if flag.startswith("contamination")] == []
    assert found.usable.ok and found.genes["KRAS"].traces == ()
