"""What one stage hands to the next: counts, then evidence, then calls. Plain frozen records, as JSON on disk.

Fractions lie in 0..1, copies are per cell, coordinates are 0-based half-open. ``None`` means that a number could not
be had; no number ever stands where a failure was.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter

from cetux.states import Erbb2, Genotype, Heregulin, Specimen, Timepoint

Record = TypeVar("Record")


@dataclass(frozen=True)
class Usable:
    """Whether a sample, or a measurement of it, can be used; if not, why and what would mend it."""

    ok: bool = True
    reason: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class SampleCheck:
    """What `check_sample` found in one BAM or CRAM before anything was measured."""

    sample: str
    usable: Usable
    build: str | None = None
    contig_prefix: str = ""
    fingerprint: str = ""
    read_groups: tuple[str, ...] = ()
    loci_without_reads: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class HaplotypeCount:
    """Fragments that carry one haplotype of a codon.

    bases: the codon's positions in plus-strand order; ``-`` a deleted base, ``.`` a base in an exon that the fragment
    does not reach, lower case a base inserted behind the one before it. forward, reverse: fragments with a read on that
    strand over the codon (a fragment with both counts in both).
    """

    bases: str
    fragments: int
    forward: int
    reverse: int


@dataclass(frozen=True)
class CodonCounts:
    """All haplotypes seen at one codon; `reference` in plus-strand order."""

    gene: str
    codon: int
    reference: str
    haplotypes: tuple[HaplotypeCount, ...]
    conflicts: int = 0
    incomplete: int = 0


@dataclass(frozen=True)
class HaplotypeCounts:
    """Every listed codon of one sample, as `count_haplotypes` writes it."""

    sample: str
    usable: Usable
    codons: tuple[CodonCounts, ...] = ()
    identical_records_dropped: int = 0


@dataclass(frozen=True)
class Allele:
    """A change that was detected in one sample.

    vaf: alt_fragments / fragments. ccf: cancer cell fraction, None where the purity is unknown. listed: the change is
    one that the tables of `resources/` count for its gene. braf_class: 1, 2 or 3.
    """

    gene: str
    codon: int
    protein: str
    state: Genotype
    alt_fragments: int
    fragments: int
    vaf: float
    ccf: float | None = None
    ccf_low: float | None = None
    ccf_high: float | None = None
    listed: bool = True
    braf_class: int | None = None


@dataclass(frozen=True)
class GeneGenotype:
    """State of one gene in one sample.

    excluded_vaf, excluded_ccf: the smallest fraction that every required codon would have shown with 95 % power; only
    a WT carries them. failing: required codons that exclude too little, each with its depth.
    """

    gene: str
    state: Genotype
    alleles: tuple[Allele, ...] = ()
    excluded_vaf: float | None = None
    excluded_ccf: float | None = None
    failing: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class SampleGenotypes:
    """Genotypes of one sample, as `call_genotypes` writes them. A gene that no read covers is absent or NO_CALL."""

    sample: str
    genes: dict[str, GeneGenotype] = field(default_factory=dict)
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class CopyNumber:
    """ERBB2 copy number of one sample, as `call_erbb2` writes it.

    log2: weighted mean of the gene's bins against the reference. observed_copies: 2 * 2**log2, whatever the purity.
    copies: per tumour cell, purity-adjusted; *_low, *_high its 95 % interval. ratio: Q, adjusted copies of ERBB2 over
    those of its 17q controls. detectable_copies: the smallest amplification seen with 95 % power.
    """

    sample: str
    state: Erbb2
    reason: str
    log2: float | None = None
    log2_se: float | None = None
    observed_copies: float | None = None
    copies: float | None = None
    copies_low: float | None = None
    copies_high: float | None = None
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None
    detectable_copies: float | None = None
    purity: float | None = None
    purity_source: str = ""
    ploidy: float | None = None
    bins_designed: int = 0
    bins_kept: int = 0
    control_loci: tuple[str, ...] = ()
    control_mad_log2: float | None = None
    copies_17p: float | None = None
    segment_log2: float | None = None
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class HeregulinResult:
    """Heregulin of one patient at one time point.

    value_pg_per_ml: after dilution; None where the value is censored, failed or missing. interval: 90 %.
    censored: ``<`` below the lower, ``>`` above the upper limit of quantification, whose corrected value is
    limit_pg_per_ml. raw: the text that stood in the sheet.
    """

    patient: str
    timepoint: Timepoint
    state: Heregulin
    reason: str
    raw: str = ""
    value_pg_per_ml: float | None = None
    interval_low_pg_per_ml: float | None = None
    interval_high_pg_per_ml: float | None = None
    censored: str = ""
    limit_pg_per_ml: float | None = None
    cutoff_pg_per_ml: float | None = None
    cutoff_method: str = ""
    assay: str = ""
    matrix: str = ""
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class SampleEvidence:
    """All that one tumour sample contributes to its patient's call."""

    sample: str
    timepoint: Timepoint
    specimen: Specimen
    genotypes: SampleGenotypes
    erbb2: CopyNumber
    usable: Usable = Usable()
    flags: tuple[str, ...] = ()


def to_json(record: object) -> str:
    """The record as indented JSON text with a final newline; raises ValueError on NaN or infinity."""
    adapter: TypeAdapter[object] = TypeAdapter(type(record))
    return json.dumps(adapter.dump_python(record, mode="json"), indent=2, allow_nan=False) + "\n"


def from_json(kind: type[Record], text: str) -> Record:
    """A record of `kind` from its JSON text; raises pydantic.ValidationError where the text does not fit."""
    return TypeAdapter(kind).validate_json(text)


def read(kind: type[Record], path: str | Path) -> Record:
    """A record of `kind` from the file at `path`."""
    return from_json(kind, Path(path).read_text(encoding="utf-8"))


def write(record: object, path: str | Path) -> None:
    """Write the record to `path`, whole or not at all."""
    write_text(to_json(record), path)


def write_text(text: str, path: str | Path) -> None:
    """Write `text` to `path` through a temporary neighbour, so that no half-written file is ever taken for whole."""
    path = Path(path)
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
