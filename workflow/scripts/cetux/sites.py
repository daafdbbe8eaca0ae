"""Count the alleles of common SNPs in one sample, for `identity`: are two samples of one person, is one mixed?"""

from collections import Counter
from collections.abc import Mapping
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


def read_snps(path: str) -> list[KnownSite]:
    """The biallelic single-base records of a VCF.

    Raises:
        InputError: it does not open as VCF or holds none.
    """
    mend = "Give a VCF of common SNPs on the assay's targets"
    try:
        with pysam.VariantFile(path) as records:
            found = [_known(record) for record in records if _is_snp(record)]
    except (OSError, ValueError) as error:
        raise InputError([Problem(path, f"it does not read as VCF ({error})", mend)]) from None
    if not found:
        raise InputError([Problem(path, "it holds no biallelic SNP", mend)])
    return found


def _is_snp(record: pysam.VariantRecord) -> bool:
    alleles = record.alleles or ()
    return len(alleles) == 2 and all(allele in "ACGT" for allele in alleles)


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
) -> SiteCounts:
    """Count both alleles of every SNP of a list; overlapping mates count once (htslib keeps the better base).

    Args:
        sample: ID.
        bam: BAM or CRAM with its index.
        fasta: needed for a CRAM.
        snps: VCF of common SNPs; without one, nothing is counted.
        keep: the reads and bases that count.

    Raises:
        InputError: the list cannot be read. Damage in the sample makes it not usable, with the reason.
    """
    if snps is None:
        return SiteCounts(sample, Usable())
    known = read_snps(snps)
    counted = []
    left_out = _NOT_COUNTED if keep.keep_duplicates else _NOT_COUNTED | _DUPLICATE
    try:
        with open_alignment(bam, fasta) as alignment:
            prefix = contig_prefix(dict.fromkeys(alignment.references, 0))
            for one in known:
                if alignment.get_tid(prefix + one.site.chrom) >= 0:
                    bases = _bases(alignment, prefix, one.site, left_out, keep)
                    counted.append(CountedSite(one, SiteCount(bases[one.site.ref], bases[one.site.alt])))
    except UnusableSample as error:
        return SiteCounts(sample, Usable(False, error.reason, error.remedy))
    except (OSError, ValueError) as error:
        return SiteCounts(sample, Usable(False, f"reading failed ({error})", "Copy or make the BAM again"))
    return SiteCounts(sample, Usable(), tuple(counted))


def _bases(
    alignment: pysam.AlignmentFile,
    prefix: str,
    site: Site,
    left_out: int,
    keep: ReadFilter,
) -> Mapping[str, int]:
    columns = alignment.pileup(
        prefix + site.chrom,
        site.position,
        site.position + 1,
        truncate=True,
        stepper="samtools",
        flag_filter=left_out,
        min_mapping_quality=keep.min_mapping_quality,
        min_base_quality=keep.min_base_quality,
        max_depth=_MOST_FRAGMENTS,
    )
    return Counter(base.upper() for column in columns for base in column.get_query_sequences())
