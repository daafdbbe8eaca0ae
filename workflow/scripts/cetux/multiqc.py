"""Numbers per sample as custom content of MultiQC: tables that a group's own MultiQC shows beside its own.

The format is https://docs.seqera.io/multiqc/custom_content: a header of comment lines in YAML, then a tab-separated
table whose first column names the sample. MultiQC finds the files by their ending ``_mqc.tsv``.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cetux.cohort_calls import CohortCalls
from cetux.evidence import SampleEvidence
from cetux.tables import table_text

GENES = ("KRAS", "NRAS", "BRAF")


@dataclass(frozen=True)
class Column:
    """A column of a table of MultiQC: its title, what it means, and its range and decimals where it holds numbers."""

    title: str
    description: str
    decimals: int | None = None
    low: float | None = None
    high: float | None = None

    def settings(self) -> dict[str, object]:
        """As MultiQC's `headers` want it."""
        number = {"format": f"{{:,.{self.decimals}f}}"} if self.decimals is not None else {"scale": False}
        given = {"min": self.low, "max": self.high}
        return {
            "title": self.title,
            "description": self.description,
            **number,
            **{key: value for key, value in given.items() if value is not None},
        }


@dataclass(frozen=True)
class Content:
    """One file: its ID and words, and its columns by name behind that of the sample."""

    name: str
    title: str
    description: str
    columns: Mapping[str, Column]
    plot_type: str = "table"


GENOTYPES = Content(
    "cetux_genotypes",
    "cetux: genotypes",
    "Genes by direct counting of every listed codon. A wild type says the smallest VAF that it excludes.",
    {
        **{gene: Column(gene, f"State of {gene}") for gene in GENES},
        "changes": Column("Changes", "Reported changes with their VAF"),
        "excluded_vaf_percent": Column(
            "Excluded VAF %", "Smallest VAF that every listed codon of the three genes would have shown", 2, 0, 100
        ),
        "least_fragments": Column("Least depth", "Fragments at the least covered listed codon", 0, 0),
    },
)
ERBB2 = Content(
    "cetux_erbb2",
    "cetux: ERBB2 copy number",
    "Copies of ERBB2 per tumour cell where the purity is known; confirm by IHC/ISH.",
    {
        "state": Column("ERBB2", "State of the copy number"),
        "copies": Column("Copies", "Per tumour cell, purity-adjusted", 1, 0),
        "observed_copies": Column("Observed copies", "2 * 2**log2, whatever the purity", 1, 0),
        "detectable_copies": Column("Detectable copies", "Smallest gain over the ploidy seen with 95 % power", 1, 0),
        "bins_kept": Column("Bins", "Bins over the gene that were kept", 0, 0),
    },
)
HEREGULIN = Content(
    "cetux_heregulin",
    "cetux: heregulin",
    "Circulating heregulin by patient and time point.",
    {
        "state": Column("HRG", "State against the cut-off of its assay and matrix"),
        "value_pg_per_ml": Column("pg/mL", "After dilution; empty where censored, failed or missing", 0, 0),
        "cutoff_pg_per_ml": Column("Cut-off", "pg/mL", 0, 0),
    },
)
GENERAL = Content(
    "cetux_general",
    "cetux",
    "What a sample can exclude.",
    {
        "usable": Column("Usable", "Whether the sample could be used"),
        "excluded_vaf_percent": GENOTYPES.columns["excluded_vaf_percent"],
        "detectable_copies": ERBB2.columns["detectable_copies"],
    },
    plot_type="generalstats",
)


def genotypes(calls: CohortCalls) -> str:
    """The text of cetux_genotypes_mqc.tsv; a gene that was not looked at has an empty cell."""
    return _text(GENOTYPES, ((sample.sample, *_genotype_cells(sample)) for sample in _samples(calls)))


def erbb2(calls: CohortCalls) -> str:
    """The text of cetux_erbb2_mqc.tsv."""
    return _text(
        ERBB2,
        ((sample.sample, *(getattr(sample.erbb2, name) for name in ERBB2.columns)) for sample in _samples(calls)),
    )


def heregulin(calls: CohortCalls) -> str:
    """The text of cetux_heregulin_mqc.tsv; a blood sample is named for its patient and time point."""
    results = (result for patient in calls.patients for result in patient.heregulin)
    return _text(
        HEREGULIN,
        (
            (f"{one.patient}_{one.timepoint}_heregulin", *(getattr(one, name) for name in HEREGULIN.columns))
            for one in results
        ),
    )


def general(calls: CohortCalls) -> str:
    """The text of cetux_general_mqc.tsv, which adds columns to MultiQC's general statistics."""
    return _text(
        GENERAL,
        (
            (
                sample.sample,
                "yes" if sample.usable.ok else "no",
                excluded_vaf_percent(sample),
                sample.erbb2.detectable_copies,
            )
            for sample in _samples(calls)
        ),
    )


def excluded_vaf_percent(sample: SampleEvidence) -> float | None:
    """The largest of the three genes' excluded VAFs, in percent; None where any of them has none."""
    genes = sample.genotypes.genes
    limits = [genes[name].excluded_vaf if name in genes else None for name in GENES]
    known = [100 * limit for limit in limits if limit is not None]
    return max(known) if len(known) == len(GENES) else None


def _genotype_cells(sample: SampleEvidence) -> Iterator[object]:
    genes = sample.genotypes.genes
    yield from (genes[name].state if name in genes else None for name in GENES)
    yield "; ".join(f"{allele.gene} {allele.protein} {allele.vaf:.1%}" for g in genes.values() for allele in g.alleles)
    yield excluded_vaf_percent(sample)
    yield min((codon.fragments for name in GENES if name in genes for codon in genes[name].codons), default=None)


def _samples(calls: CohortCalls) -> Iterator[SampleEvidence]:
    return (sample for patient in calls.patients for sample in patient.samples)


def _text(content: Content, rows: Iterator[Sequence[object]]) -> str:
    """Header and table. YAML reads JSON, which needs no care for quotes; MultiQC takes each comment line's ``# ``."""
    settings = {
        "id": content.name,
        "section_name": content.title,
        "description": f"{content.description} Research use only.",
        "plot_type": content.plot_type,
        "pconfig": {"id": f"{content.name}_table", "title": content.title, "namespace": "cetux"},
        "headers": {name: column.settings() for name, column in content.columns.items()},
    }
    header = "".join(f"# {json.dumps(key)}: {json.dumps(value)}\n" for key, value in settings.items())
    return header + table_text(["Sample", *content.columns], rows)
