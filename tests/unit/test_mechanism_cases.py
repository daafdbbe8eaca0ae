"""Each folder of tests/cases/mechanism is a patient with the call that must come of it, and why.

C.. are the rows of the decision table, X.. further boundaries of the rules, O.. origins and several samples, S.. pairs
of different persons, R.. reviews (`reviewed.tsv` is the call with them, `expected.tsv` the computed one).
`expected.tsv` has one row; lists are separated by ``;`` and compared as sets, `says` holds parts (separated by ``|``)
that must stand in the reasons.
"""

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from functools import cache
from pathlib import Path

import pytest
from tests.unit import mechanism_cases
from tests.unit.mechanism_cases import POST, PRE

from cetux import mechanism
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
    return call_patient(case.evidence, case.rules)


def test_every_row_of_the_decision_table_has_a_folder() -> None:
    assert len(DECISION_TABLE) == 33
    assert [name for name in mechanism_cases.names() if name.startswith("C")] == DECISION_TABLE


@pytest.mark.parametrize("name", mechanism_cases.names())
def test_case(name: str) -> None:
    check(called(name), mechanism_cases.load(name).expected)


@pytest.mark.parametrize("name", [name for name in mechanism_cases.names() if mechanism_cases.load(name).overrides])
def test_reviewed_case(name: str) -> None:
    case = mechanism_cases.load(name)
    assert case.reviewed is not None
    check(call_patient(replace(case.evidence, overrides=case.overrides), case.rules), case.reviewed)


def check(call: Call, expected: Mapping[str, str]) -> None:
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


# Every state, rule, flag and key is in some case --------------------------------------------------------------------

JOIN_FLAGS = (
    *("across_specimen_types", "anti_egfr_in_between", "chip_not_excluded", "conflict", "exploratory_cutoff"),
    *("evidence_is_from_colorectal_cancer", "flat_reference", "fragments_before", "identity_not_assessable"),
    *("incomplete", "judged_on_post", "low_vaf_purity_unknown", "no_precision", "other_assay_or_matrix", "override"),
    *(
        "ratio_not_assessable",
        "reduced_scope",
        "rise_not_tested",
        "rise_within_reference_change",
        "sample_swap",
        "short_response",
    ),
    "subclonal_mutation",
)
"""Flags that the join itself gives; those of the samples it passes on."""


@cache
def every_case() -> tuple[mechanism_cases.Case, ...]:
    return tuple(mechanism_cases.load(name) for name in mechanism_cases.names())


def every_call() -> list[Call]:
    """The calls of all cases, computed and reviewed."""
    return [
        call_patient(replace(case.evidence, overrides=said), case.rules)
        for case in every_case()
        for said in {(), case.overrides}
    ]


def test_every_rule_of_the_file_fires_in_some_case() -> None:
    fired = {rule for call in every_call() for rule in call.fired}
    assert set(mechanism_cases.RULES.words) - fired == set()


def test_every_flag_of_the_join_is_in_some_case() -> None:
    given = {flag.split(":")[0] for call in every_call() for flag in call.flags}
    assert given == set(JOIN_FLAGS)
    code = "".join(
        (Path(mechanism.__file__).parent / f"{name}.py").read_text("utf-8") for name in ("mechanism", "axes")
    )
    named = set(re.findall(r'flags\.append\(f?"([a-z_]+)', code))
    assert len(named) > 5 and named <= set(JOIN_FLAGS)


@pytest.mark.parametrize(
    "changes",
    [
        {"classes": {"stable_disease": "strict"}},
        {"classes": {"stable_disease_days": 182}},
        {"classes": {"short_response_days": 0}},
        {"classes": {"off_drug_days": 29}},
        {"classes": {"min_exposure_days": 0}},
        {"mutations": {"clonal_ccf": 0.1}},
        {"axes": {"RAS": {"scope": "KRAS_only"}}},
        {"extended": {"only_under": {"EGFR S492R": None}}},
        {"primary": {"subclonal_yields": False}},
        {"primary": {"order": [*reversed(mechanism_cases.RULES.order)]}},
        {"primary": {"causes": {"RAS": ["RAS_MUT", "EGFR_ECD"], "EGFR": None, "BRAF": ["BRAF_CLASS2"],
                                "ERBB2 signalling": ["ERBB2_AMP", "ERBB2_MUT", "HRG_HIGH", "BRAF_CLASS1"]}}},
        {"confidence": {"high_vaf": 1.0}},
        {"confidence": {"low_ctdna_vaf": 0.9}},
        {"conflicts": []},
    ],
    ids=lambda changes: "-".join(str(part) for key, below in changes.items() for part in (key, *below)),
)  # fmt: skip
def test_every_key_of_the_file_decides_in_some_case(changes: dict[str, object]) -> None:
    rules = mechanism_cases.rules_with(changes)
    plain = [case for case in every_case() if case.rules == mechanism_cases.RULES]
    assert any(
        call_patient(case.evidence, rules) != call_patient(case.evidence, mechanism_cases.RULES) for case in plain
    )


def test_every_key_of_the_file_is_among_those() -> None:
    keys = {
        "classes",
        "mutations",
        "axes",
        "extended",
        "origins",
        "primary",
        "confidence",
        "none_detected",
        "conflicts",
    }
    assert set(mechanism_cases.SHIPPED) == keys
