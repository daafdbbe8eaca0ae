"""What is wrong with the sheet of other methods' results, with file, row, column and the mend."""

import pytest

from cetux.concordance_problems import cross_checks
from cetux.sheets import Sheet

ROW = dict.fromkeys(("specimen", "sample", "change", "ratio", "copies", "vaf", "date"), "") | {
    "patient": "P01",
    "timepoint": "post",
    "analyte": "ERBB2",
    "method": "FISH",
    "result": "positive",
}
SAMPLE = {"sample": "P01_post", "patient": "P01", "timepoint": "post", "specimen": "tissue"}


def problems(*rows: dict[str, str]) -> list[str]:
    def sheet(name: str, *rows: dict[str, str]) -> Sheet:
        return Sheet(f"{name}.tsv", tuple(rows[0]), tuple(rows), tuple(range(2, len(rows) + 2)))

    patients = sheet("patients", {"patient": "P01"}, {"patient": "P02"})
    sheets = {"patients": patients, "samples": sheet("samples", SAMPLE), "concordance": sheet("concordance", *rows)}
    return [str(problem) for problem in cross_checks(sheets)]


@pytest.mark.parametrize(
    "cells",
    [
        {"ratio": "6.1", "copies": "15.2", "date": "2024-07-25", "sample": "P01_post"},
        {"analyte": "KRAS", "change": "G12D", "vaf": "0.03", "method": "ddPCR", "specimen": "ctdna"},
        {"analyte": "ERBB2", "change": "S310F", "vaf": "0.3"},
        {"analyte": "HRG", "method": "ELISA"},
    ],
)
def test_rows_in_order_have_no_problem(cells):
    assert problems(ROW | cells) == []


def test_without_the_sheet_nothing_is_checked():
    assert list(cross_checks({})) == []


@pytest.mark.parametrize(
    ("cells", "where", "wrong"),
    [
        ({"patient": "P77"}, "column patient", "the patient 'P77' has no row in patients.tsv"),
        ({"analyte": "KRAS", "ratio": "2.1"}, "column ratio", "it belongs to the amplification of ERBB2, here is KRAS"),
        ({"change": "S310F", "copies": "9"}, "column copies", "it belongs to the amplification of ERBB2"),
        ({"vaf": "0.3"}, "column vaf", "it belongs to a mutation, here is ERBB2"),
        ({"analyte": "HRG", "change": "G12D"}, "column change", "it belongs to a gene, here is HRG"),
        ({"analyte": "HRG", "specimen": "tissue"}, "column specimen", "it belongs to a gene, here is HRG"),
        ({"date": "2024-02-30"}, "column date", "'2024-02-30' is no date of the calendar"),
        ({"sample": "P01_pots"}, "column sample", "has no row in samples.tsv. Did you mean 'P01_post'?"),
        ({"sample": "P01_post", "patient": "P02"}, "column sample", "the patient of sample 'P01_post' is 'P01'"),
        ({"sample": "P01_post", "timepoint": "pre"}, "column sample", "the timepoint of sample 'P01_post' is 'post'"),
        ({"sample": "P01_post", "specimen": "ctdna"}, "column sample", "the specimen of sample 'P01_post' is 'tissue'"),
    ],
)
def test_each_problem_is_named(cells, where, wrong):
    (problem,) = problems(ROW | cells)
    assert problem.startswith(f"concordance.tsv, row 2, {where}: ")
    assert wrong in problem


def test_a_result_stands_once_an_empty_specimen_being_tissue():
    (problem,) = problems(ROW, ROW | {"specimen": "tissue", "result": "negative", "date": "2024-07-25"})
    assert "row 3, column patient" in problem
    assert "'P01 post tissue ERBB2 FISH' stands already in row 2. Keep the row that counts" in problem
    others = [
        {"method": "IHC"},
        {"specimen": "ctdna"},
        {"timepoint": "pre"},
        {"change": "S310F"},
        {"sample": "P01_post"},
    ]
    assert problems(ROW, *(ROW | other for other in others)) == []
