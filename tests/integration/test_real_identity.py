"""Identity on reads of others: parts of one BAM, one person in two builds, different reference materials.

No two public BAMs of one person are small enough to lie beside the repository, so one person is had by splitting the
fragments of one BAM: two libraries' worth of chance, no read in common.
"""

import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pysam
import pytest

from cetux.fragments import ReadFilter
from cetux.genomes import contig_prefix, plain_contig
from cetux.identity import LEAST_FRAGMENTS, PairIdentity, Site, SiteCount, pair_identity
from cetux.polymorphisms import find_snps
from cetux.sites import count_bases, count_sites, read_snps
from cetux.states import Identity

pytestmark = pytest.mark.real

KEEP = ReadFilter(20, 20, False)
CTAT = "ctat_dualbuild"
HG19, HG38 = (f"{CTAT}/Aligned.sortedByCoord.out.{build}.bam" for build in ("hg19", "GRCh38"))
MATERIALS = {
    "SeraCare": "seracare_access/SeraCare_0-5.bam",
    "HDB7": "horizon_hdb7/sample1-deduped.bam",
    "VarDict": "vardict_egfr_l861q/L861Q.bam",
    "CTAT demo": HG19,
    "CTAT example": f"{CTAT}/recalibrated.bam",
}
"""BAMs of hg19, of five persons or mixtures of cell lines: the header of each names another sample or material."""

L861Q = ("7", 55_259_523)
"""In hg19, 0-based: 7:55259524 T>A."""

Counts = Mapping[Site, SiteCount]
Bases = Mapping[tuple[str, int], Counter[str]]
Halves = Callable[[str], tuple[str, str]]


@pytest.fixture(scope="module")
def halves(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Halves:
    """Both halves of a BAM, by a checksum of the reads' names: mates stay together."""
    folder = tmp_path_factory.mktemp("halves")

    def split(name: str) -> tuple[str, str]:
        made = (str(folder / f"{Path(name).name}.0.bam"), str(folder / f"{Path(name).name}.1.bam"))
        if not Path(made[1]).exists():
            with pysam.AlignmentFile(str(real_data / "reads" / name)) as whole:
                parts = [pysam.AlignmentFile(path, "wb", template=whole) for path in made]
                for read in whole.fetch(until_eof=True):
                    parts[zlib.crc32((read.query_name or "").encode()) % 2].write(read)
            for part, path in zip(parts, made, strict=True):
                part.close()
                pysam.index(path)
        return made

    return split


def listed(bam: str, vcf: Path) -> Counts:
    return count_sites("s", bam, None, str(vcf), KEEP).counts()


def bases_of(bam: str) -> Bases:
    """What is shown at every autosomal position that is deep enough for a genotype."""
    found = {}
    with pysam.AlignmentFile(bam) as alignment:
        prefix = contig_prefix(dict.fromkeys(alignment.references, 0))
        for number in range(1, 23):
            contig = f"{prefix}{number}"
            if alignment.get_tid(contig) >= 0:
                for position, bases in count_bases(alignment, contig, 0, alignment.get_reference_length(contig), KEEP):
                    if sum(bases.values()) >= LEAST_FRAGMENTS:
                        found[str(number), position] = bases
    return found


def identity_of(one: Bases, other: Bases) -> PairIdentity:
    """By every position at which either of the two varies or they differ: nothing is chosen.

    The alleles are the two commonest bases of both together.
    """
    counts: tuple[dict[Site, SiteCount], dict[Site, SiteCount]] = ({}, {})
    for chrom, position in one.keys() & other.keys():
        both = one[chrom, position], other[chrom, position]
        (ref, _), *rest = (both[0] + both[1]).most_common(2)
        if rest:
            site = Site(chrom, position, ref, rest[0][0])
            for shown, into in zip(both, counts, strict=True):
                into[site] = SiteCount(shown[site.ref], shown[site.alt])
    return pair_identity(*counts)


# --- one person --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("bam", "vcf"), [(HG19, "variants.hg19.vcf"), (HG38, "variants.GRCh38.vcf")])
def test_two_halves_of_one_bam_are_one_person(bam: str, vcf: str, halves: Halves, real_data: Path) -> None:
    """By the list that upstream's own caller made of the whole BAM; the split has no seed that could be chosen."""
    one, other = (listed(half, real_data / "reads" / CTAT / vcf) for half in halves(bam))
    found = pair_identity(one, other)
    assert found.verdict is Identity.SAME_PERSON
    assert found.sites == found.concordant >= 7  # a shared allele weighs 1.0 at most, ln(1,000) = 6.9 are needed


def test_two_halves_with_few_sites_are_undecided(halves: Halves, real_data: Path) -> None:
    """Six 100-kb blocks hold upstream's 28 SNPs where they are deep: fewer than the seven that can decide."""
    one, other = (
        listed(half, real_data / "reads" / CTAT / "variants.GRCh37.vcf") for half in halves(MATERIALS["CTAT example"])
    )
    found = pair_identity(one, other)
    assert found.verdict is Identity.NOT_ASSESSABLE
    assert 0 < found.sites == found.concordant < 7
    assert found.log_odds > 0


@pytest.mark.parametrize("name", MATERIALS)
def test_two_halves_are_never_two_persons(name: str, halves: Halves) -> None:
    """Over every position that varies in either half, artefacts of RNA and of mixed cell lines among them."""
    found = identity_of(*map(bases_of, halves(MATERIALS[name])))
    assert found.verdict is not Identity.DIFFERENT_PERSONS
    assert found.opposite == 0
    assert found.log_odds > 0


def lifted(of_38: Counts, bam_19: str, bam_38: str) -> Counts:
    """Counts at positions of GRCh38 under those of hg19, by reads that are aligned to both: no chain, no offset."""
    places = {name: dict(pairs) for name, pairs in pairs_of(bam_38).items()}
    votes: dict[tuple[str, int], Counter[tuple[str, int]]] = {}
    for read, pairs in pairs_of(bam_19).items():
        for base, place in pairs:
            if base in places.get(read, {}):
                votes.setdefault(places[read][base], Counter())[place] += 1
    found = {}
    for site, count in of_38.items():
        if (site.chrom, site.position) in votes:
            ((chrom, position), _), *_ = votes[site.chrom, site.position].most_common(1)
            found[replace(site, chrom=chrom, position=position)] = count
    return found


def pairs_of(bam: str) -> dict[tuple[str, bool, bool], list[tuple[int, tuple[str, int]]]]:
    """Of each read, by name, mate and strand: its bases with their places."""
    with pysam.AlignmentFile(bam) as alignment:
        return {
            (read.query_name or "", read.is_read1, read.is_reverse): [
                (base, (plain_contig(read.reference_name or ""), place))
                for base, place in read.get_aligned_pairs(matches_only=True)
            ]
            for read in alignment.fetch(until_eof=True)
            if not read.is_unmapped and not read.is_secondary
        }


def test_one_half_in_one_build_and_the_other_half_in_the_other_are_one_person(halves: Halves, real_data: Path) -> None:
    folder = real_data / "reads" / CTAT
    of_19 = listed(halves(HG19)[0], folder / "variants.hg19.vcf")
    of_38 = listed(halves(HG38)[1], folder / "variants.GRCh38.vcf")
    under_19 = lifted(of_38, str(real_data / "reads" / HG19), str(real_data / "reads" / HG38))
    assert set(of_19) == set(under_19)
    found = pair_identity(of_19, under_19)
    assert found.verdict is Identity.SAME_PERSON
    assert found.opposite == 0
    # as they stand the lists of two builds have no position in common, which says nothing of the persons
    assert pair_identity(of_19, of_38).verdict is Identity.NOT_ASSESSABLE


# --- different persons -------------------------------------------------------------------------------


@pytest.mark.parametrize(("one", "other"), list(combinations(MATERIALS, 2)))
def test_different_materials_share_too_little_to_be_told_apart_and_are_never_one_person(
    one: str, other: str, bases: dict[str, Bases]
) -> None:
    """At most four 100-kb blocks are deep in both, of seven that a verdict takes at least (`identity`)."""
    shared = bases[one].keys() & bases[other].keys()
    assert len({(chrom, position // 100_000) for chrom, position in shared}) <= 4
    found = identity_of(bases[one], bases[other])
    assert found.verdict is Identity.NOT_ASSESSABLE


def test_what_two_materials_share_speaks_for_two_persons(real_data: Path) -> None:
    """By upstream's lists of both: each is homozygous where the other has a mutation of TP53, inherited together."""
    folder = real_data / "reads" / CTAT
    lists = (folder / "variants.hg19.vcf", folder / "variants.GRCh37.vcf")
    one, other = (
        {site: count for vcf in lists for site, count in listed(str(real_data / "reads" / bam), vcf).items()}
        for bam in (MATERIALS["CTAT demo"], MATERIALS["CTAT example"])
    )
    found = pair_identity(one, other)
    assert (found.sites, found.opposite, found.verdict) == (1, 1, Identity.NOT_ASSESSABLE)
    assert found.log_odds < 0


@pytest.fixture(scope="module")
def bases(real_data: Path) -> dict[str, Bases]:
    return {name: bases_of(str(real_data / "reads" / bam)) for name, bam in MATERIALS.items()}


def test_the_search_for_snps_takes_no_mutation_for_one(
    bases: dict[str, Bases], real_data: Path, tmp_path: Path
) -> None:
    """The product's own way, with the five BAMs as normals and all that any of them covers as targets.

    Of what three of them cover only one position varies: EGFR L861Q, in a quarter of the reads of two BAMs.
    """
    covered = sorted({place for shown in bases.values() for place in shown})
    deep = Counter(place for shown in bases.values() for place in shown)
    varying = [place for place, many in deep.items() if many >= 3 and len(alleles_at(bases, place)) > 1]
    (tmp_path / "targets.bed").write_text("".join(f"chr{c}\t{p}\t{p + 1}\n" for c, p in covered), encoding="utf-8")
    vcf = str(tmp_path / "found.vcf")
    bams = [str(real_data / "reads" / bam) for bam in MATERIALS.values()]
    find_snps(bams, str(tmp_path / "targets.bed"), "GRCh37", None, KEEP, vcf)
    assert varying == [L861Q]
    assert read_snps(vcf, may_be_empty=True) == []
    counted = count_sites("s", bams[0], None, vcf, KEEP, may_be_empty=True)
    assert counted.usable.ok and counted.sites == ()


def alleles_at(bases: Mapping[str, Bases], place: tuple[str, int]) -> set[str]:
    """Bases that a BAM shows in more than a tenth of its fragments, in any of the BAMs."""
    shown = [bases[name][place] for name in bases if place in bases[name]]
    return {base for one in shown for base, many in one.items() if many > 0.1 * sum(one.values())}
