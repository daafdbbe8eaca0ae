import ast
import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit import mechanism_cases
from tests.unit.mechanism_cases import override_of

from cetux import tables
from cetux.axes import AxisState
from cetux.cohort_calls import CohortCalls, PatientCall
from cetux.counts import Usable
from cetux.evidence import (
    Allele,
    CopyNumber,
    GeneGenotype,
    HeregulinResult,
    IdentityCheck,
    PurityEstimate,
    SampleEvidence,
    SampleGenotypes,
)
from cetux.force_call import ForcedCall
from cetux.mechanism import Call
from cetux.states import (
    Axis,
    Confidence,
    Erbb2,
    Forced,
    Genotype,
    Heregulin,
    Identity,
    Origin,
    PurityState,
    ResistanceClass,
    Specimen,
    Status,
    Timepoint,
    Verdict,
)

CALL = Call(
    patient="001",
    resistance_class=ResistanceClass.ACQUIRED,
    status=Status.MULTIPLE,
    primary="RAS_MUT(KRAS G12D)",
    additional=("ERBB2_AMP", "HRG_HIGH"),
    confidence=Confidence.HIGH,
    origin=Origin.EMERGENT,
    annotated=(),
    missing=("BRAF: no sample", "HRG: no value"),
    flags=("chip",),
    why=("one", "two"),
    judged_timepoint=Timepoint.POST,
    axes={Axis.RAS: AxisState(Axis.RAS, Verdict.POSITIVE), Axis.BRAF: AxisState(Axis.BRAF, Verdict.NOT_USABLE)},
    findings=(),
)
ALLELE = Allele("KRAS", 12, "G12D", "c.35G>A", ((1, "T"),), Genotype.MUT, 30, 100, 0.3)
SAMPLE = SampleEvidence(
    sample="001_post",
    timepoint=Timepoint.POST,
    specimen=Specimen.TISSUE,
    genotypes=SampleGenotypes(
        "001_post",
        Usable(),
        {
            "KRAS": GeneGenotype("KRAS", Genotype.MUT, (ALLELE,)),
            "NRAS": GeneGenotype("NRAS", Genotype.WT, excluded_vaf=0.018),
            "BRAF": GeneGenotype("BRAF", Genotype.WT, excluded_vaf=0.03),
        },
    ),
    erbb2=CopyNumber("001_post", Erbb2.NEG, "", log2=-0.123456, copies=1.98765, bins_kept=30, flags=("flat",)),
    flags=("read groups name X, the sheet 001_post",),
)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE))


def cohort_calls(call: Call = CALL, *samples: SampleEvidence) -> CohortCalls:
    return CohortCalls((PatientCall(call, samples or (SAMPLE,), (), mechanism_cases.patient()),))


def test_one_row_a_patient_and_a_cell_a_column() -> None:
    text = tables.mechanisms(cohort_calls())
    (row,) = rows(text)
    assert tuple(row) == tables.MECHANISM_COLUMNS
    assert row["patient"] == "001"
    assert row["status"] == "MULTIPLE"
    assert row["primary"] == "RAS_MUT(KRAS G12D)"
    assert row["additional"] == "ERBB2_AMP;HRG_HIGH"
    assert row["judged_timepoint"] == "post"
    assert row["missing"] == "BRAF: no sample | HRG: no value"
    assert text.endswith("\n")


def test_axis_that_was_not_judged_is_empty_never_negative() -> None:
    (row,) = rows(tables.mechanisms(cohort_calls()))
    assert (row["RAS"], row["BRAF"], row["ERBB2"], row["HRG"]) == ("POSITIVE", "NOT_USABLE", "", "")


def test_sample_row_shows_changes_and_no_limit_where_a_gene_has_none() -> None:
    (row,) = rows(tables.samples(cohort_calls()))
    assert tuple(row) == tables.SAMPLE_COLUMNS
    assert (row["KRAS"], row["NRAS"], row["changes"]) == ("MUT", "WT", "KRAS G12D 30.0%")
    assert row["excluded_vaf"] == ""  # KRAS is mutated: a limit of the others would read as the sample's
    assert (row["log2"], row["copies"], row["ratio_17q"], row["purity"]) == ("-0.1235", "1.988", "", "")
    assert row["usable"] == "yes"


def test_purity_stands_with_its_state_and_beside_what_the_sample_itself_tells() -> None:
    columns = ("purity", "purity_state", "purity_estimate", "purity_estimate_low", "purity_estimate_high")
    told = PurityEstimate(PurityState.ESTIMATED, "40 SNPs", 0.56, 0.5, 0.64)
    failed = PurityEstimate(PurityState.FAILED, "3 SNPs")
    for purity, state, estimate, cells in (
        (0.6, PurityState.GIVEN, told, ["0.6", "GIVEN", "0.56", "0.5", "0.64"]),
        (0.6, PurityState.GIVEN, None, ["0.6", "GIVEN", "", "", ""]),
        (None, PurityState.FAILED, failed, ["", "FAILED", "", "", ""]),
    ):
        erbb2 = replace(SAMPLE.erbb2, purity=purity, purity_state=state, purity_estimate=estimate)
        (row,) = rows(tables.samples(cohort_calls(CALL, replace(SAMPLE, erbb2=erbb2))))
        assert [row[name] for name in columns] == cells


def test_quarantined_sample_says_why_and_holds_no_number() -> None:
    bad = replace(
        SAMPLE,
        usable=Usable(False, "it is truncated", "Copy it again"),
        genotypes=SampleGenotypes("001_post", Usable(False, "it is truncated")),
        erbb2=CopyNumber("001_post", Erbb2.NE, "it is truncated"),
    )
    (row,) = rows(tables.samples(cohort_calls(CALL, bad)))
    assert (row["usable"], row["reason"]) == ("no", "it is truncated")
    assert [row[name] for name in ("KRAS", "excluded_vaf", "log2", "copies", "detectable_copies")] == [""] * 5
    assert row["genotypes_reason"] == ""  # the sample's own reason says it


def test_a_usable_sample_without_genotypes_says_why_what_would_mend_it_and_keeps_its_copies() -> None:
    mixed = SampleGenotypes("001_post", Usable(False, "contaminated: 6.1 % foreign DNA", "Sequence the specimen again"))
    (row,) = rows(tables.samples(cohort_calls(CALL, replace(SAMPLE, genotypes=mixed))))
    assert (row["usable"], row["reason"]) == ("yes", "")
    assert row["genotypes_reason"] == "contaminated: 6.1 % foreign DNA. Sequence the specimen again"
    assert (row["KRAS"], row["ERBB2"], row["copies"]) == ("", "NEG", "1.988")
    (whole,) = rows(tables.samples(cohort_calls()))
    assert whole["genotypes_reason"] == ""


def test_coding_coverage_stands_by_gene_and_shows_one_codon_of_a_long_gene() -> None:
    (row,) = rows(tables.samples(cohort_calls()))
    assert row["coding_coverage"] == ""
    covered = {"KRAS": 1.0, "NRAS": 0.93, "EGFR": 1209 / 1210}
    genotypes = replace(SAMPLE.genotypes, coding_coverage=covered)
    (row,) = rows(tables.samples(cohort_calls(CALL, replace(SAMPLE, genotypes=genotypes))))
    assert row["coding_coverage"] == "KRAS 1.000; NRAS 0.930; EGFR 0.999"


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_no_cell_of_text_begins_a_formula(start: str) -> None:
    call = replace(CALL, primary=f"{start}cmd|' /C calc'!A0", why=(f"{start}1", "x"), flags=(f"{start}2",))
    for line in tables.mechanisms(cohort_calls(call)).splitlines():
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in line.split("\t"))


@pytest.mark.parametrize("text", ["a\tb", "a\nb", "a\r\nb", " a  b ", "a\u2028b", "a\x0bb"])
def test_no_cell_breaks_its_row(text: str) -> None:
    assert tables.cell(text) == "a b"


@pytest.mark.parametrize("text", ["\t=1+1", " =1+1", "\r@x"])
def test_a_formula_behind_blanks_is_none(text: str) -> None:
    assert tables.cell(text).startswith("'")


@given(st.lists(st.text(min_size=1)), st.text(alphabet=";\t\n\r a"))
def test_flags_come_apart_as_they_went_in_whatever_text_they_hold(flags: list[str], free: str) -> None:
    given_flags = [*flags, f"comorbidity: {free}"]
    joined = tables.flags_cell(given_flags)
    assert len(joined.split(";")) == len(given_flags)
    assert joined.split(";")[-1] == " ".join(f"comorbidity: {free}".replace(";", ",").split())
    assert joined.splitlines() in ([joined], [])
    assert "\t" not in joined


def test_texts_of_the_sheets_do_not_split_a_flag() -> None:
    """A comorbidity and the names of read groups are the user's own words; a VCF's name is its caller's."""
    named = "read groups name S1; S2, the sheet S3"
    sample = replace(SAMPLE, flags=(named, "differs_from_a;b:2"))
    blood = HeregulinResult("P1", Timepoint.PRE, Heregulin.LOW, "", flags=("comorbidity: a;b\tc", "own_cv"))
    of_patient = replace(cohort_calls(CALL, sample).patients[0], heregulin=(blood,))
    calls = CohortCalls((of_patient,))
    (row,) = rows(tables.samples(calls))
    assert row["flags"].split(";")[:2] == [named.replace(";", ","), "differs_from_a,b:2"]
    (row,) = rows(tables.heregulin(calls))
    assert row["flags"].split(";") == ["comorbidity: a,b c", "own_cv"]


def test_flags_are_joined_in_one_place() -> None:
    """By `flags_cell`, whatever makes them."""
    joins = {
        f"{path.stem}: {ast.unparse(node)}"
        for path in Path(tables.__file__).parent.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and ast.unparse(node.func) == "';'.join"
        and "flag" in ast.unparse(node)
    }
    assert joins == {"tables: ';'.join((' '.join(flag.replace(';', ',').split()) for flag in flags))"}


def test_numbers_stay_numbers() -> None:
    assert [tables.cell(value) for value in (-1.5, 0, 12, 1e-9, None, "")] == ["-1.5", "0", "12", "1e-09", "", ""]


def test_a_review_stands_beside_the_computed_call() -> None:
    said = override_of({"axis": "ERBB2", "state": "NEG", "expires": "2030-01-01"})
    none = replace(CALL, status=Status.NONE_DETECTED, primary="")
    (patient,) = cohort_calls(CALL).patients
    (row,) = rows(tables.mechanisms(CohortCalls((replace(patient, overrides=(said,), reviewed=none),))))
    assert (row["status"], row["primary"]) == ("MULTIPLE", "RAS_MUT(KRAS G12D)")
    assert (row["reviewed_status"], row["reviewed_primary"]) == ("NONE_DETECTED", "")
    assert row["override"] == "ERBB2 pre reviewed as NEG by A. Pathologist on 2024-07-22, until 2030-01-01: FISH"
    (row,) = rows(tables.mechanisms(cohort_calls(CALL)))
    assert [row[name] for name in ("reviewed_status", "reviewed_primary", "override")] == ["", "", ""]


def test_forced_alleles_have_a_table() -> None:
    where = ("KRAS G12D", "001_pre", Timepoint.PRE, Specimen.TISSUE)
    forced = (ForcedCall(*where, Forced.FRAGMENTS, 2, 500, 0.004, 0.0182), ForcedCall(*where, Forced.NOT_READ))
    seen, unread = rows(tables.force_calls(cohort_calls(replace(CALL, forced=forced))))
    assert list(seen.values()) == ["001", *where[:2], "pre", "tissue", "FRAGMENTS", "2", "500", "0.004", "0.0182"]
    assert list(unread.values()) == ["001", *where[:2], "pre", "tissue", "NOT_READ", "", "", "", ""]


def test_every_pair_of_samples_has_a_row_whatever_the_verdict() -> None:
    pairs = (
        IdentityCheck("001_a", "001_b", Identity.SAME_PERSON, "58 of 60 sites agree"),
        IdentityCheck("001_a", "001_c", Identity.NOT_ASSESSABLE, "no SNPs"),
    )
    (patient,) = cohort_calls().patients
    found = rows(tables.identity(CohortCalls((replace(patient, identity=pairs),))))
    assert [tuple(row.values()) for row in found] == [
        ("001", "001_a", "001_b", "SAME_PERSON", "58 of 60 sites agree"),
        ("001", "001_a", "001_c", "NOT_ASSESSABLE", "no SNPs"),
    ]
    assert tuple(found[0]) == ("patient", *tables.IDENTITY_COLUMNS)


def test_cohort_without_patients_is_a_header() -> None:
    assert tables.mechanisms(CohortCalls(())).splitlines() == ["\t".join(tables.MECHANISM_COLUMNS)]


def test_further_columns_of_the_patients_sheet_are_kept() -> None:
    calls = cohort_calls()
    (patient, *others) = calls.patients
    kept = replace(patient, patient=replace(patient.patient, further={"site": "=Osaka", "flags": "late"}))
    header, first, *_ = tables.mechanisms(CohortCalls((kept, *others))).splitlines()
    assert header.split("\t")[-2:] == ["sheet_flags", "site"]
    formula = replace(patient, patient=replace(patient.patient, further={"@name": "x"}))
    assert tables.mechanisms(CohortCalls((formula,))).splitlines()[0].endswith("\t'@name")
    assert first.split("\t")[-2:] == ["late", "'=Osaka"]
