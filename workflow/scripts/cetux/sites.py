"""Count the alleles of common SNPs in one sample, for `identity`: are two samples of one person, is one mixed?"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pysam

from cetux.alignment import open_alignment
from cetux.counts import Usable
from cetux.errors import InputError, Problem, UnusableSample
from cetux.fragments import ReadFilter
from cetux.genomes import contig_prefix, plain_contig
from cetux.identity import Site, SiteCount

_NOT_COUNTED = 0x4 | 0x100 | 0x200 | 0x800
_DUPLICATE = 0x400
_MOST_FRAGMENTS = 100_000


@dataclass(frozen=True)
class KnownSite:
    """A common SNP with the frequency of alt in the population, 0..1, None if not known."""

    site: Site
    frequency: float | None


@dataclass(frozen=True)
class CountedSite:
    """A common SNP and what one sample shows there."""

    known: KnownSite
    count: SiteCount


@dataclass(frozen=True)
class SiteCounts:
    """Every SNP of the assay's list in one sample, as `count_sites` writes it."""

    sample: str
    usable: Usable
    sites: tuple[CountedSite, ...] = ()

    def counts(self) -> dict[Site, SiteCount]:
        """What the sample shows, by site."""
        return {counted.known.site: counted.count for counted in self.sites}

    def frequencies(self) -> dict[Site, float] | None:
        """Frequencies by site; None unless every site has one."""
        known = {counted.known.site: counted.known.frequency for counted in self.sites}
        given = {site: frequency for site, frequency in known.items() if frequency is not None}
        return given if given and len(given) == len(known) else None


def read_snps(path: str, may_be_empty: bool = False) -> list[KnownSite]:
    """The biallelic single-base records of a VCF.

    Args:
        path: of the VCF.
        may_be_empty: as a list that was found in normals may be; a given one that is empty is a mistake.

    Raises:
        InputError: it does not open as VCF or holds none.
    """
    mend = "Give a VCF of common SNPs on the assay's targets"
    try:
        with pysam.VariantFile(path) as records:
            found = [_known(record) for record in records if _is_snp(record)]
    except (OSError, ValueError) as error:
        raise InputError([Problem(path, f"it does not read as VCF ({error})", mend)]) from None
    if not found and not may_be_empty:
        raise InputError([Problem(path, "it holds no biallelic SNP", mend)])
    return found


def _is_snp(record: pysam.VariantRecord) -> bool:
    alleles = record.alleles or ()
    return len(alleles) == 2 and all(allele in ("A", "C", "G", "T") for allele in alleles)


def _known(record: pysam.VariantRecord) -> KnownSite:
    ref, alt = (record.alleles or ("", ""))[:2]
    # pysam refuses to look for what the header does not define
    frequency = record.info.get("AF") if "AF" in record.header.info else None
    value = frequency[0] if isinstance(frequency, tuple) else frequency
    site = Site(plain_contig(record.contig), record.start, ref, alt)
    return KnownSite(site, float(value) if value is not None else None)


def count_sites(
    sample: str,
    bam: str,
    fasta: str | None,
    snps: str | None,
    keep: ReadFilter,
    may_be_empty: bool = False,
) -> SiteCounts:
    """Count both alleles of every SNP of a list; overlapping mates count once (htslib keeps the better base).

    Args:
        sample: ID.
        bam: BAM or CRAM with its index.
        fasta: needed for a CRAM.
        snps: VCF of common SNPs; without one, nothing is counted.
        keep: the reads and bases that count.
        may_be_empty: as in `read_snps`.

    Raises:
        InputError: the list cannot be read. Damage in the sample makes it not usable, with the reason.
    """
    if snps is None:
        return SiteCounts(sample, Usable())
    known = read_snps(snps, may_be_empty)
    counted = []
    try:
        with open_alignment(bam, fasta) as alignment:
            prefix = contig_prefix(dict.fromkeys(alignment.references, 0))
            for one in known:
                if alignment.get_tid(prefix + one.site.chrom) >= 0:
                    counted.append(CountedSite(one, _count(alignment, prefix, one.site, keep)))
    except UnusableSample as error:
        return SiteCounts(sample, Usable(False, error.reason, error.remedy))
    except (OSError, ValueError) as error:
        return SiteCounts(sample, Usable(False, f"reading failed ({error})", "Copy or make the BAM again"))
    return SiteCounts(sample, Usable(), tuple(counted))


def _count(alignment: pysam.AlignmentFile, prefix: str, site: Site, keep: ReadFilter) -> SiteCount:
    bases = dict(count_bases(alignment, prefix + site.chrom, site.position, site.position + 1, keep))
    shown = bases.get(site.position, Counter())
    return SiteCount(shown[site.ref], shown[site.alt])


def count_bases(
    alignment: pysam.AlignmentFile, contig: str, start: int, end: int, keep: ReadFilter, most: int = _MOST_FRAGMENTS
) -> Iterator[tuple[int, Counter[str]]]:
    """Each covered position of contig:start-end with the fragments that show A, C, G and T there, from `most` reads."""
    columns = alignment.pileup(
        contig,
        start,
        end,
        truncate=True,
        stepper="samtools",
        ignore_orphans=False,
        flag_filter=_NOT_COUNTED if keep.keep_duplicates else _NOT_COUNTED | _DUPLICATE,
        min_mapping_quality=keep.min_mapping_quality,
        min_base_quality=keep.min_base_quality,
        max_depth=most,
    )
    for column in columns:
        # htslib counts the mates of a proper pair once; by their name those of any other pair are, too
        shown = dict(zip(column.get_query_names(), column.get_query_sequences(), strict=True))
        yield column.reference_pos, Counter("".join(shown.values()).upper())
