"""Each folder of tests/cases/mechanism is a patient with the call that must come of it, and why.

C.. are the rows of the decision table, X.. further boundaries of the rules. `expected.tsv` has one row; lists are
separated by ``;`` and compared as sets, `says` holds parts (separated by ``|``) that must stand in the reasons.
"""

import re
from dataclasses import fields

import pytest
from tests.unit import mechanism_cases
from tests.unit.mechanism_cases import POST, PRE

from cetux.cutoffs import Cutoff
from cetux.heregulin import change
from cetux.mechanism import Call, call_patient
from cetux.states import Axis, Confidence, Status, Trend

DECISION_TABLE = [*(f"C{number:02d}" for number in range(1, 32)), "C32a", "C32b"]
"""The ids of the decision table, copied: C01 to C31, C32a and C32b."""

COLUMNS = (
    "resistance_class status primary additional confidence origin annotated missing_axes flags says".split()  # noqa: SIM905
)


def listed(cell: str) -> set[str]:
    return set(cell.split(";")) - {""}


def called(name: str) -> Call:
    case = mechanism_cases.load(name)
    return call_patient(case.evidence, case.settings["clinical"], case.settings["ras_scope"])


def test_every_row_of_the_decision_table_has_a_folder() -> None:
    assert len(DECISION_TABLE) == 33
    assert [name for name in mechanism_cases.names() if name.startswith("C")] == DECISION_TABLE


@pytest.mark.parametrize("name", mechanism_cases.names())
def test_case(name: str) -> None:
    case, call = mechanism_cases.load(name), called(name)
    expected = case.expected
    assert list(expected) == COLUMNS
    found = {
        "resistance_class": str(call.resistance_class),
        "status": str(call.status),
        "primary": call.primary,
        "additional": set(call.additional),
        "confidence": str(call.confidence),
        "origin": str(call.origin or ""),
        "annotated": set(call.annotated),
        "missing_axes": mechanism_cases.missing_axes(call),
        "flags": set(_split_incomplete(call)),
    }
    lists = ("additional", "annotated", "missing_axes", "flags")
    wanted = {key: listed(expected[key]) if key in lists else expected[key] for key in found}
    assert found == wanted, "\n".join([*call.why, *call.missing])
    reasons = "\n".join([*call.why, *call.missing])
    for part in filter(None, expected["says"].split(" | ")):
        assert part in reasons


def _split_incomplete(call: Call) -> list[str]:
    """Flags in which the axes of ``incomplete:`` stand in the order of the axes."""
    order = [str(axis) for axis in Axis]
    flags = []
    for flag in call.flags:
        name, _, axes = flag.partition("incomplete:")
        flags.append(flag if name or not axes else "incomplete:" + ",".join(sorted(axes.split(","), key=order.index)))
    return flags


@pytest.mark.parametrize("name", mechanism_cases.names())
def test_what_is_missing_is_named_axis_by_axis(name: str) -> None:
    call = called(name)
    if call.axes and call.status in (Status.MECHANISM, Status.MULTIPLE, Status.INDETERMINATE):
        named = {text.split(":")[0] for text in call.missing} & {str(axis) for axis in Axis}
        assert named == mechanism_cases.missing_axes(call)


@pytest.mark.parametrize("name", mechanism_cases.names())
def test_expected_rows_use_the_names_of_the_rules(name: str) -> None:
    expected = mechanism_cases.load(name).expected
    assert expected["status"] in set(Status)
    assert expected["confidence"] in set(Confidence)
    assert bool(expected["primary"]) == (expected["status"] in ("MECHANISM", "MULTIPLE"))
    rated = expected["status"] in ("MECHANISM", "MULTIPLE", "NONE_DETECTED")
    assert (expected["confidence"] != "NA") == rated


@pytest.mark.parametrize(("name", "ccf"), [("C02", 0.9), ("C07", 0.14), ("C20", 0.21), ("C31", 0.06)])
def test_cancer_cell_fraction_of_the_decision_table(name: str, ccf: float) -> None:
    (sample, *_) = [
        s for s in mechanism_cases.load(name).evidence.samples if s.timepoint is called(name).judged_timepoint
    ]
    (allele,) = [allele for gene in sample.genotypes.genes.values() for allele in gene.alleles]
    assert allele.ccf == pytest.approx(ccf, abs=0.005)


def test_heregulin_of_c16_rose_beyond_the_reference_change() -> None:
    blood = mechanism_cases.load("C16").evidence.heregulin
    rise = change(blood[PRE], blood[POST], 0.15, 0.30)
    assert (rise.kind, rise.bound, rise.crossed) == (Trend.RISE, "", True)
    assert rise.fold == pytest.approx(6.9, abs=0.05)


def test_heregulin_of_c26_is_bounded_only() -> None:
    blood = mechanism_cases.load("C26").evidence.heregulin
    rise = change(blood[PRE], blood[POST], 0.15, 0.30)
    assert (rise.kind, rise.bound, rise.fold) == (Trend.RISE, ">=", 64.0)


def test_reduced_scope_never_says_ras_wild_type() -> None:
    call = called("C32a")
    said = "\n".join(str(getattr(call, field.name)) for field in fields(call))
    assert not re.search(r"\bRAS (WT|wild)", said)
    assert "NRAS WT" not in said


def test_a_stated_state_that_the_numbers_contradict_is_refused() -> None:
    """The cases cannot lie: what they state must be what the package makes of the numbers."""
    with pytest.raises(AssertionError, match="the rules give"):
        mechanism_cases.copies("NEG 22")
    with pytest.raises(AssertionError):
        mechanism_cases.gene("KRAS", "MUT G12D 3%")
    with pytest.raises(AssertionError):
        mechanism_cases.gene("KRAS", "WT; codon 12 at 40x")
    with pytest.raises(AssertionError, match="judged"):
        mechanism_cases.heregulin(PRE, "LOW 2900")
    with pytest.raises(AssertionError, match="judged"):
        mechanism_cases.heregulin(PRE, "HIGH 2900", Cutoff("DuoSet", "plasma", "fixed", 980.0))
