"""Pseudonyms: who may stand for whom, and that nothing of the old names is left in renamed evidence."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests import builders
from tests.unit.test_cohort import YAML, write_cohort

from cetux import cohort, records
from cetux.cohort import Cohort, Patient
from cetux.counts import Usable
from cetux.errors import InputError
from cetux.evidence import CopyNumber, HeregulinResult, IdentityCheck, SampleEvidence, SampleGenotypes
from cetux.mechanism import PatientEvidence
from cetux.pseudonyms import Pseudonyms, pseudonymised, read_pseudonyms
from cetux.states import Erbb2, Heregulin, Identity, Specimen, Timepoint

NAMES = Pseudonyms(
    patients={"MUELLER-61": "X1", "61": "X2"},
    samples={
        "MUELLER-61.a": "X1_pre_1",
        "MUELLER-61.b": "X1_post_1",
        "N04": "normal_1",
        "7": "normal_2",
        "61a": "X2_pre_1",
    },
    files={
        "MUELLER-61.a": ["../bams/Mueller Eva.bam", "Mueller Eva.bam"],
        "MUELLER-61.b": [],
        "61a": [],
        "": ["refs/hospital.cnn", "hospital.cnn"],
    },
)
PATIENT = Patient("MUELLER-61", "colorectal", "cetuximab", "PR", 3, 9, 10, "dead", {"note": "Eva Mueller, born 1961"})


def sample(name: str, timepoint: Timepoint) -> SampleEvidence:
    return SampleEvidence(
        sample=name,
        timepoint=timepoint,
        specimen=Specimen.TISSUE,
        genotypes=SampleGenotypes(name, Usable(), flags=("normal_left_out:7", "codon 61 is thin")),
        erbb2=CopyNumber(
            name, Erbb2.NE, "refs/hospital.cnn lacks 3 of N04.", purity_source="Dr. Who", flags=("b:N04",)
        ),
        usable=Usable(
            False, "opening ../bams/Mueller Eva.bam failed for MUELLER-61.a.", "samtools index Mueller Eva.bam"
        ),
        flags=("read groups name Eva Mueller, the sheet MUELLER-61.a", "kept"),
        collected_day=-3,
    )


def evidence() -> PatientEvidence:
    post = HeregulinResult("MUELLER-61", Timepoint.POST, Heregulin.LOW, "300, cut-off 980", raw="300 (Eva)")
    return PatientEvidence(
        patient=PATIENT,
        samples=(sample("MUELLER-61.a", Timepoint.PRE), sample("MUELLER-61.b", Timepoint.POST)),
        heregulin={Timepoint.POST: post},
        identity=(IdentityCheck("MUELLER-61.a", "MUELLER-61.b", Identity.NOT_ASSESSABLE, "no SNPs"),),
    )


def test_no_old_name_no_file_and_no_word_of_the_sheets_is_left() -> None:
    (renamed,) = pseudonymised([evidence()], NAMES)
    text = records.to_json(renamed)
    for old in ("MUELLER", "Mueller", "Eva", "N04", "hospital", "Who", "bam", "1961", "samtools"):
        assert old not in text, old
    assert renamed.samples[0].genotypes.flags == ("normal_left_out:normal_2", "codon 61 is thin")
    assert renamed.patient == replace(PATIENT, patient="X1", further={})


def test_the_new_names_stand_where_the_old_ones_stood() -> None:
    (renamed,) = pseudonymised([evidence()], NAMES)
    assert [(one.sample, one.genotypes.sample, one.erbb2.sample) for one in renamed.samples] == [
        ("X1_post_1", "X1_post_1", "X1_post_1"),
        ("X1_pre_1", "X1_pre_1", "X1_pre_1"),
    ]
    assert renamed.heregulin[Timepoint.POST].patient == "X1"
    assert renamed.heregulin[Timepoint.POST].raw == ""
    assert (renamed.identity[0].one, renamed.identity[0].other) == ("X1_pre_1", "X1_post_1")
    assert renamed.samples[0].usable.reason == "opening [file] failed for X1_pre_1." or (
        renamed.samples[1].usable.reason == "opening [file] failed for X1_pre_1."
    )
    assert renamed.samples[1].erbb2.reason == "[file] lacks 3 of normal_1."
    assert renamed.samples[1].flags == ("kept",)


def test_patients_stand_in_the_order_of_their_new_names() -> None:
    other = replace(evidence(), patient=replace(PATIENT, patient="61"), samples=(), heregulin={}, identity=())
    names = replace(NAMES, patients={"MUELLER-61": "X9", "61": "X2"})
    assert [one.patient.patient for one in pseudonymised([evidence(), other], names)] == ["X2", "X9"]


@pytest.fixture
def loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cohort:
    """Patients P01 and P02 with a sample each, and the normal N01."""
    write_cohort(tmp_path)
    monkeypatch.chdir(tmp_path)
    return cohort.load(YAML, "", check=False)


def sheet(tmp_path: Path, *rows: tuple[str, str]) -> str:
    """The rows, and P02 as Q2."""
    lines = [dict(zip(("patient", "pseudonym"), row, strict=True)) for row in (*rows, ("P02", "Q2"))]
    return str(builders.write_tsv(tmp_path / "pseudonyms.tsv", lines))


def test_samples_are_named_for_patient_time_point_and_place_in_the_sheet(loaded: Cohort, tmp_path: Path) -> None:
    first = loaded.samples["P01_pre"]
    more = {
        "Z": replace(first, sample="Z"),
        "A": replace(first, sample="A"),
        "B": replace(first, sample="B", timepoint="post"),
    }
    several = replace(loaded, samples={**loaded.samples, **more})
    names = read_pseudonyms(sheet(tmp_path, ("P01", "X7"), ("elsewhere", "Y")), several)
    assert names.patients == {"P01": "X7", "P02": "Q2"}
    assert {old: names.samples[old] for old in ("P01_pre", "Z", "A", "B", "N01")} == {
        "P01_pre": "X7_pre_1",
        "Z": "X7_pre_2",
        "A": "X7_pre_3",
        "B": "X7_post_1",
        "N01": "normal_1",
    }
    assert set(names.files) == {*several.samples, ""}


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("rows", "wrong"),
    [
        ([("elsewhere", "Y")], "the patient 'P01' has no pseudonym"),
        ([("P01", "")], "the cell is empty"),
        ([("P01", "Eva M")], "'Eva M' is no ID"),
        ([("P01", "../x")], "'../x' is no ID"),
        ([("P01", "xp01")], "'xp01' shows an ID of the cohort"),
        ([("P01", "n01")], "'n01' shows an ID of the cohort"),
        ([("P01", "X"), ("elsewhere", "x")], "'x' stands already in row 2"),
        ([("P01", "X"), ("P01", "Y")], "the patient 'P01' stands twice"),
    ],
)
def test_a_sheet_that_cannot_serve_is_refused(
    rows: list[tuple[str, str]], wrong: str, loaded: Cohort, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as caught:
        read_pseudonyms(sheet(tmp_path, *rows), loaded)
    assert [problem.wrong for problem in caught.value.problems] == [wrong]
    assert all(problem.mend for problem in caught.value.problems)
