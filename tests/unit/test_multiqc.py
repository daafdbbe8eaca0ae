"""The custom content for MultiQC, read as MultiQC reads it: YAML behind ``# ``, then a table."""

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import yaml
from tests.unit.test_tables import CALL, SAMPLE, cohort_calls

from cetux import multiqc
from cetux.cohort_calls import CohortCalls
from cetux.counts import Usable
from cetux.evidence import CodonLimit, GeneGenotype, HeregulinResult
from cetux.states import Genotype, Heregulin, Timepoint

Text = Callable[[CohortCalls], str]
FILES: tuple[Text, ...] = (multiqc.genotypes, multiqc.erbb2, multiqc.heregulin, multiqc.general)


def parts(text: str) -> tuple[dict[str, Any], list[dict[str, str]]]:
    comments = [line[2:] for line in text.splitlines() if line.startswith("# ")]
    body = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))
    return yaml.safe_load("\n".join(comments)), list(csv.DictReader(io.StringIO(body), delimiter="\t"))


def with_blood() -> CohortCalls:
    (patient,) = cohort_calls().patients
    results = tuple(
        HeregulinResult("001", timepoint, Heregulin.LOW, "", value_pg_per_ml=value, cutoff_pg_per_ml=980.0)
        for timepoint, value in ((Timepoint.PRE, 512.25), (Timepoint.POST, None))
    )
    return CohortCalls((replace(patient, heregulin=results),))


@pytest.mark.parametrize("made", FILES, ids=lambda made: made.__name__)
def test_the_header_is_what_multiqc_needs(made: Text) -> None:
    settings, rows = parts(made(with_blood()))
    assert settings["id"] == f"cetux_{made.__name__}"
    assert settings["plot_type"] in ("table", "generalstats")
    assert settings["section_name"].startswith("cetux")
    assert settings["description"].endswith("Research use only.")
    assert settings["pconfig"]["id"] == f"cetux_{made.__name__}_table"
    assert rows
    assert list(rows[0]) == ["Sample", *settings["headers"]]
    assert len({row["Sample"] for row in rows}) == len(rows)


@pytest.mark.parametrize("made", FILES, ids=lambda made: made.__name__)
def test_a_cohort_without_patients_has_a_header_alone(made: Text) -> None:
    settings, rows = parts(made(CohortCalls(())))
    assert settings["id"]
    assert rows == []


def test_the_largest_limit_of_the_three_genes_counts_in_percent() -> None:
    genes = dict(SAMPLE.genotypes.genes)
    genes["KRAS"] = replace(genes["KRAS"], excluded_vaf=0.012, codons=(CodonLimit(12, 700, 0.012),))
    genes["NRAS"] = replace(genes["NRAS"], codons=(CodonLimit(12, 350, 0.018), CodonLimit(61, 420, 0.018)))
    sample = replace(SAMPLE, genotypes=replace(SAMPLE.genotypes, genes=genes))
    _, (row,) = parts(multiqc.genotypes(cohort_calls(CALL, sample)))
    assert (row["Sample"], row["KRAS"], row["changes"]) == ("001_post", "MUT", "KRAS G12D 30.0%")
    assert (row["excluded_vaf_percent"], row["least_fragments"]) == ("3", "350")


def test_a_gene_that_excludes_nothing_leaves_the_sample_without_a_limit() -> None:
    genes = dict(SAMPLE.genotypes.genes) | {"BRAF": GeneGenotype("BRAF", Genotype.NO_CALL)}
    bad = replace(SAMPLE, genotypes=replace(SAMPLE.genotypes, genes=genes), usable=Usable(False, "why", "mend"))
    _, (row,) = parts(multiqc.general(cohort_calls(CALL, bad)))
    assert (row["usable"], row["excluded_vaf_percent"], row["detectable_copies"]) == ("no", "", "")


def test_copies_and_heregulin_keep_what_is_missing_empty() -> None:
    _, (row,) = parts(multiqc.erbb2(cohort_calls()))
    assert (row["state"], row["copies"], row["observed_copies"]) == ("NEG", "1.988", "")
    _, rows = parts(multiqc.heregulin(with_blood()))
    assert [(row["Sample"], row["value_pg_per_ml"]) for row in rows] == [
        ("001_pre_heregulin", "512.2"),
        ("001_post_heregulin", ""),
    ]
