"""Alleles of common SNPs counted in BAMs that the test builds, and what the join makes of them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pysam
import pytest
from tests import builders
from tests.unit.mechanism_cases import POST, PRE, call, evidence, patient, sample

from cetux import cohort_calls
from cetux.counts import Usable
from cetux.errors import InputError
from cetux.evidence import IdentityCheck
from cetux.fragments import ReadFilter
from cetux.identity import Site, SiteCount
from cetux.sites import CountedSite, KnownSite, SiteCounts, count_sites, read_snps
from cetux.states import Confidence, Identity, Status

CONTIGS = {"chr12": 133_275_309}
START = 25_245_000
REFERENCE = {("chr12", START): "ACGT" * 100}
KEEP = ReadFilter(min_mapping_quality=20, min_base_quality=20, keep_duplicates=False)
VCF = """##fileformat=VCFv4.2
##contig=<ID=chr12,length=133275309>
##INFO=<ID=AF,Number=A,Type=Float,Description="frequency">
#CHROM	POS	ID	REF	ALT	QUAL	FILTER	INFO
chr12	25245101	.	A	G	.	.	AF=0.4
chr12	25245201	.	A	T	.	.	.
chr12	25245202	.	C	CA	.	.	.
chr12	25245203	.	G	GT	.	.	.
chr12	25245203	.	GT	G	.	.	.
chr12	25245203	.	GT	AC	.	.	.
"""


@pytest.fixture
def snps(tmp_path: Path) -> str:
    (tmp_path / "snps.vcf").write_text(VCF, encoding="utf-8")
    return str(tmp_path / "snps.vcf")


def test_single_bases_are_read_with_their_frequency_and_indels_are_not(snps):
    assert [(one.site, one.frequency) for one in read_snps(snps)] == [
        (Site("12", 25_245_100, "A", "G"), pytest.approx(0.4)),
        (Site("12", 25_245_200, "A", "T"), None),
    ]


def test_a_list_need_not_know_frequencies(tmp_path):
    lines = [line for line in VCF.replace("AF=0.4", ".").splitlines(keepends=True) if "INFO=<" not in line]
    (tmp_path / "snps.vcf").write_text("".join(lines), encoding="utf-8")
    assert [one.frequency for one in read_snps(str(tmp_path / "snps.vcf"))] == [None, None]


def test_a_list_that_is_no_vcf_is_named(tmp_path):
    (tmp_path / "snps.vcf").write_text("chr12,1,A,G\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"snps.vcf: it does not read as VCF"):
        read_snps(str(tmp_path / "snps.vcf"))


def counted(tmp_path: Path, snps: str, **read: object) -> list[tuple[int, int]]:
    bam = builders.BamBuilder(CONTIGS, REFERENCE)
    bam.add_fragment("chr12", START + 40, START + 180, count=30)
    bam.add_fragment("chr12", START + 40, START + 180, count=10, changes={START + 100: "G"}, **read)
    bam.write(tmp_path / "S.bam")
    found = count_sites("S", str(tmp_path / "S.bam"), None, snps, KEEP)
    assert found.usable.ok
    return [(one.count.ref, one.count.alt) for one in found.sites]


def test_overlapping_mates_count_once(tmp_path, snps):
    """140-bp fragments of 2 x 100 bp: both mates cover the first site, none the second."""
    assert counted(tmp_path, snps) == [(30, 10), (0, 0)]


@pytest.mark.parametrize("read", [{"mapq": 5}, {"duplicate": True}, {"secondary": True}, {"base_quality": 5}])
def test_reads_that_do_not_count(tmp_path, snps, read):
    assert counted(tmp_path, snps, **read) == [(30, 0), (0, 0)]


def test_reads_without_the_bit_of_a_proper_pair_count_as_they_do_at_codons(tmp_path, snps):
    whole = counted(tmp_path, snps)
    with pysam.AlignmentFile(str(tmp_path / "S.bam")) as bam:
        reads, header = list(bam), bam.header
    with pysam.AlignmentFile(str(tmp_path / "T.bam"), "wb", header=header) as bam:
        for read in reads:
            read.is_proper_pair = False
            bam.write(read)
    pysam.index(str(tmp_path / "T.bam"))
    found = count_sites("T", str(tmp_path / "T.bam"), None, snps, KEEP)
    assert [(one.count.ref, one.count.alt) for one in found.sites] == whole
    assert whole[0] == (30, 10)


def test_a_bam_that_does_not_open_makes_the_sample_not_usable(tmp_path, snps):
    (tmp_path / "S.bam").write_text("no BAM", encoding="utf-8")
    found = count_sites("S", str(tmp_path / "S.bam"), None, snps, KEEP)
    assert not found.usable.ok
    assert found.sites == ()


def person(seed: int, name: str, sites: int = 60) -> SiteCounts:
    """Genotypes of one person in Hardy-Weinberg proportions at frequency 0.4, depth 200, no error."""
    alleles = np.random.default_rng(seed).binomial(2, 0.4, size=sites)
    return SiteCounts(
        name,
        Usable(),
        tuple(
            CountedSite(KnownSite(Site("1", 1_000_000 * (place + 1), "A", "G"), 0.4), SiteCount(200 - 100 * g, 100 * g))
            for place, g in enumerate(alleles)
        ),
    )


def identity(one: SiteCounts, other: SiteCounts) -> IdentityCheck:
    return cohort_calls._identity_of(one.sample, other.sample, {one.sample: one, other.sample: other})


def test_two_samples_of_one_person_and_of_two():
    assert identity(person(1, "pre"), person(1, "post")).verdict is Identity.SAME_PERSON
    assert identity(person(1, "pre"), person(2, "post")).verdict is Identity.DIFFERENT_PERSONS
    assert identity(person(1, "pre", 1), person(1, "post", 1)).verdict is Identity.NOT_ASSESSABLE


@pytest.mark.parametrize(
    ("counted", "reason"),
    [
        ({}, "the assay has no list of SNPs, and fewer than 3 normals to find SNPs in"),
        ({"pre": SiteCounts("pre", Usable())}, "no SNP was found on the targets in the assay's normals"),
        ({"pre": SiteCounts("pre", Usable(False, "reading failed", "Copy it"))}, "SNPs of pre: reading failed"),
    ],
)
def test_why_identity_is_not_assessable(counted, reason):
    found = cohort_calls._identity_of("pre", "post", counted | ({"post": person(1, "post")} if counted else {}))
    assert (found.verdict, found.reason) == (Identity.NOT_ASSESSABLE, reason)


def test_a_list_without_a_snp_is_a_mistake_where_it_was_given(tmp_path):
    (tmp_path / "snps.vcf").write_text(VCF[: VCF.index("chr12\t")], encoding="utf-8")
    with pytest.raises(InputError, match="it holds no biallelic SNP"):
        read_snps(str(tmp_path / "snps.vcf"))
    builders.BamBuilder(CONTIGS, REFERENCE).write(tmp_path / "S.bam")
    found = count_sites("S", str(tmp_path / "S.bam"), None, str(tmp_path / "snps.vcf"), KEEP, may_be_empty=True)
    assert found == SiteCounts("S", Usable())


def test_foreign_dna_before_treatment_is_named_with_a_call_that_rests_on_it():
    mixed = sample(PRE)
    mixed = replace(mixed, genotypes=replace(mixed.genotypes, flags=("contamination:3.46%", "identical_records:2")))
    post = sample(POST, KRAS="MUT G12D 30%")
    found = call(evidence(patient("PR", 270), [mixed, post], pre="LOW 420", post="LOW 420"))
    assert "contamination:3.46%" in found.flags
    assert "identical_records:2" not in found.flags


def acquired(verdict: Identity):
    one = evidence(
        patient("PR", 270),
        [sample(PRE), sample(POST, KRAS="MUT G12D 30%")],
        pre="LOW 420",
        post="LOW 420",
    )
    pair = IdentityCheck("pre-tissue", "post-tissue", verdict, "12 of 60 sites agree")
    return call(one.__class__(**{**one.__dict__, "identity": (pair,)}))


def test_a_swap_makes_the_patient_indeterminate():
    found = acquired(Identity.DIFFERENT_PERSONS)
    assert (found.status, found.primary, found.confidence) == (Status.INDETERMINATE, "", Confidence.NA)
    assert found.missing == ("SAMPLE_SWAP: pre-tissue and post-tissue: 12 of 60 sites agree",)
    assert "sample_swap" in found.flags


def test_an_identity_that_cannot_be_assessed_is_flagged():
    assert "identity_not_assessable" in acquired(Identity.NOT_ASSESSABLE).flags
    same = acquired(Identity.SAME_PERSON)
    assert same.status is Status.MECHANISM
    assert "identity_not_assessable" not in same.flags


def test_duplicates_count_in_amplicon_assays(tmp_path, snps):
    bam = builders.BamBuilder(CONTIGS, REFERENCE)
    bam.add_fragment("chr12", START + 40, START + 180, count=10, duplicate=True)
    bam.write(tmp_path / "S.bam")
    for duplicates, seen in ((True, 10), (False, 0)):
        found = count_sites("S", str(tmp_path / "S.bam"), None, snps, replace(KEEP, keep_duplicates=duplicates))
        assert found.sites[0].count.ref == seen


def test_without_a_list_nothing_is_counted_and_nothing_is_wrong(tmp_path):
    assert count_sites("S", str(tmp_path / "absent.bam"), None, None, KEEP) == SiteCounts("S", Usable())
