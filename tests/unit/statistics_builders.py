"""What the tests of the cohort's statistics share: patients with real calls, from a few words."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tests.unit import mechanism_cases as cases

from cetux.cohort_calls import CohortCalls, call_cohort
from cetux.cutoffs import Cutoff
from cetux.evidence import HeregulinResult, SampleEvidence
from cetux.mechanism import PatientEvidence
from cetux.states import Mechanism, Timepoint
from cetux.statistics_records import Endpoint
from cetux.subjects import FollowUp, Subject, subjects

PRE, POST = Timepoint.PRE, Timepoint.POST
UNKNOWN: Mapping[Mechanism, bool | None] = dict.fromkeys(Mechanism)


def one(
    name: str,
    samples: Sequence[SampleEvidence] = (),
    *,
    pre: str | None = None,
    post: str | None = None,
    cutoff: Cutoff = cases.CUTOFF,
    **clinical: Any,
) -> PatientEvidence:
    """One patient; heregulin in words as in mechanism_cases (``LOW 420``), clinical fields by name."""
    blood: dict[Timepoint, HeregulinResult] = {
        time: replace(cases.heregulin(time, text, cutoff), patient=name)
        for time, text in ((PRE, pre), (POST, post))
        if text
    }
    return PatientEvidence(cases.patient(**{"patient": name} | clinical), tuple(samples), blood)


def called(*patients: PatientEvidence) -> CohortCalls:
    """The calls by the shipped rules."""
    return call_cohort(patients, cases.RULES)


def followed(
    name: str, endpoint: Endpoint, days: int, event: bool, **states: Mapping[Mechanism, bool | None]
) -> Subject:
    """A subject with one endpoint; `before`, `at_progression` and `judged` are not known unless given."""
    (empty,) = subjects(called(one(name)))
    given = {"judged": UNKNOWN, "before": UNKNOWN, "at_progression": UNKNOWN}
    known = {key: {**UNKNOWN, **value} for key, value in states.items()}
    return replace(empty, **{**given, **known}, follow_up={endpoint: FollowUp(days, event)})
