"""The rules of the join as one record, read from ``mechanisms.yaml``: the shipped one or a site's own.

`load` refuses by name what no schema can: a state that stands in no group or in two, a rule that can never fire, and
two rules that contradict each other. What a site can move is bounded by one law: missing is never negative.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cetux.errors import InputError, Problem, SettingProblem
from cetux.settings import did_you_mean, file_problems, listed, repeated_keys
from cetux.states import (
    Axis,
    BrafState,
    Confidence,
    Erbb2State,
    Group,
    Heregulin,
    Limit,
    LimitOfNone,
    Mechanism,
    MutationSize,
    Origin,
    RasState,
    ResistanceClass,
)

SHIPPED = Path(__file__).resolve().parents[3] / "config" / "mechanisms.yaml"
"""The rules that count where a cohort names no others."""

AXIS_STATES: Mapping[Axis, tuple[str, ...]] = {
    Axis.RAS: tuple(RasState),
    Axis.BRAF: tuple(BrafState),
    Axis.ERBB2: tuple(Erbb2State),
    Axis.HRG: tuple(Heregulin),
}
"""States of each axis; a rules file says of each what it means."""

MECHANISM_OF: Mapping[tuple[Axis, str], Mechanism] = {
    (Axis.RAS, RasState.MUTATED): Mechanism.RAS_MUT,
    (Axis.BRAF, BrafState.CLASS1): Mechanism.BRAF_CLASS1,
    (Axis.BRAF, BrafState.CLASS2): Mechanism.BRAF_CLASS2,
    (Axis.ERBB2, Erbb2State.AMP): Mechanism.ERBB2_AMP,
    (Axis.HRG, Heregulin.HIGH): Mechanism.HRG_HIGH,
}
"""The states that are findings: only these can be positive."""

AXIS_OF: Mapping[Mechanism, Axis] = {mechanism: axis for (axis, _), mechanism in MECHANISM_OF.items()}
"""The axis of each mechanism that is on one."""

EXTENDED_MECHANISMS: Mapping[str, Mechanism] = {"EGFR": Mechanism.EGFR_ECD, "ERBB2": Mechanism.ERBB2_MUT}
"""Genes beyond the four axes that have a mechanism, so that they can be called."""

BY_DURATION = "by_duration"
"""The group of best responses whose class depends on how long they lasted."""

_OPEN: Mapping[Axis, frozenset[str]] = {
    Axis.RAS: frozenset({RasState.GREY_ZONE, RasState.NO_CALL, RasState.NO_TUMOUR_DNA, RasState.NOT_ASSESSED}),
    Axis.BRAF: frozenset({BrafState.GREY_ZONE, BrafState.NO_CALL, BrafState.NO_TUMOUR_DNA, BrafState.NOT_ASSESSED}),
    Axis.ERBB2: frozenset({Erbb2State.EQUIVOCAL, Erbb2State.NE, Erbb2State.NO_TUMOUR_DNA, Erbb2State.NOT_ASSESSED}),
    Axis.HRG: frozenset(
        {Heregulin.EQUIVOCAL, Heregulin.ALQ, Heregulin.QC_FAIL, Heregulin.MATRIX_MISMATCH, Heregulin.MISSING}
    ),
}
_RESPONSES = ("CR", "PR", "SD", "PD", "NE")
_LEVELS = (Confidence.HIGH, Confidence.MODERATE, Confidence.LOW)


@dataclass(frozen=True)
class ClassRules:
    """How response and days make the class. responses: group of each best response, a class or `BY_DURATION`.

    option: standard, strict or paper. *_days: days; stable_disease_days is None where the option makes it idle.
    """

    responses: Mapping[str, str]
    option: str
    stable_disease_days: int | None
    short_response_days: int
    off_drug_days: int
    min_exposure_days: int


@dataclass(frozen=True)
class Conflict:
    """Two mechanisms that rarely stand in one tumour. clonal_only: flagged only where both are clonal mutations."""

    pair: tuple[Mechanism, Mechanism]
    clonal_only: bool
    why: str

    @property
    def flag(self) -> str:
        """As in ``conflict:RAS_MUT+ERBB2_AMP``."""
        return f"conflict:{self.pair[0]}+{self.pair[1]}"


@dataclass(frozen=True)
class MechanismRules:
    """Everything that decides in the join. Fractions 0..1.

    scope: "RAS" or "KRAS_only". axes: what each state of an axis says. counted_sizes: of mutations. causes: name of the
    cause of each mechanism. calling: genes beyond the axes whose mutations are called. only_under: drugs under which
    a change counts. confidence: the best confidence by mechanism and limit; none_detected: likewise by limit. words:
    the reason of each rule by its id, as in ``axes.RAS.positive.MUTATED``.
    """

    scope: str
    classes: ClassRules
    counted_sizes: tuple[MutationSize, ...]
    clonal_ccf: float
    axes: Mapping[Axis, Mapping[str, Group]]
    calling: tuple[str, ...]
    only_under: Mapping[str, tuple[str, ...]]
    counted_origins: tuple[Origin, ...]
    order: tuple[Mechanism, ...]
    subclonal_yields: bool
    causes: Mapping[Mechanism, str]
    high_vaf: float
    low_ctdna_vaf: float
    confidence: Mapping[str, Confidence]
    none_detected: Mapping[str, Confidence]
    conflicts: tuple[Conflict, ...]
    words: Mapping[str, str]

    def group(self, axis: Axis, state: str) -> Group:
        """What a state of the axis says."""
        return self.axes[axis][state]

    def rule(self, axis: Axis, state: str) -> str:
        """Id of the rule that says so, as in ``axes.RAS.positive.MUTATED``."""
        return f"axes.{axis}.{self.axes[axis][state]}.{state}"


def load(path: str | Path = SHIPPED, check: bool = True) -> MechanismRules:
    """The rules of a file.

    Args:
        path: of the YAML.
        check: also search the text for keys that stand twice, which a YAML reader does not see.

    Raises:
        InputError: holds everything that is wrong with the file.
    """
    try:
        given = yaml.safe_load(Path(path).read_text(encoding="utf-8-sig"))
    except OSError as error:
        wrong = f"it cannot be read: {error.strerror}"
        raise InputError([SettingProblem(str(path), wrong, "Correct the key mechanisms of the YAML")]) from None
    except (ValueError, yaml.YAMLError) as error:
        raise InputError(
            [SettingProblem(str(path), f"it is no YAML: {error}", f"Compare it with {SHIPPED.name}")]
        ) from None
    problems = [*(repeated_keys(str(path)) if check else []), *rule_problems(given, str(path))]
    if problems:
        raise InputError(problems)
    return from_mapping(given)


def from_mapping(given: Mapping[str, Any]) -> MechanismRules:
    """The rules of a file's content, in which `rule_problems` finds nothing."""
    classes, primary, levels = given["classes"], given["primary"], given["confidence"]
    return MechanismRules(
        scope=given["axes"]["RAS"]["scope"],
        classes=ClassRules(
            responses=_grouped(classes, [*ResistanceClass, BY_DURATION]),
            option=classes["stable_disease"],
            stable_disease_days=classes.get("stable_disease_days"),
            short_response_days=classes["short_response_days"],
            off_drug_days=classes["off_drug_days"],
            min_exposure_days=classes["min_exposure_days"],
        ),
        counted_sizes=tuple(map(MutationSize, given["mutations"]["counted"])),
        clonal_ccf=given["mutations"]["clonal_ccf"],
        axes={axis: {s: Group(g) for s, g in _grouped(given["axes"][axis], Group).items()} for axis in Axis},
        calling=tuple(given["extended"].get("calling", {})),
        only_under={change: tuple(drugs) for change, drugs in given["extended"]["only_under"].items()},
        counted_origins=tuple(map(Origin, given["origins"].get("counted", {}))),
        order=tuple(map(Mechanism, primary["order"])),
        subclonal_yields=primary["subclonal_yields"],
        causes={Mechanism(name): cause for cause, names in primary["causes"].items() for name in names},
        high_vaf=levels["high_vaf"],
        low_ctdna_vaf=levels["low_ctdna_vaf"],
        confidence={name: Confidence(level) for name, level in _grouped(levels, _LEVELS).items()},
        none_detected={name: Confidence(level) for name, level in _grouped(given["none_detected"], _LEVELS).items()},
        conflicts=tuple(_conflict(entry) for entry in given["conflicts"]),
        words=dict(_words(given)),
    )


def _conflict(entry: Mapping[str, Any]) -> Conflict:
    first, second = map(Mechanism, entry["mechanisms"])
    return Conflict((first, second), entry["clonal_only"], entry["why"])


def _grouped(part: Mapping[str, Any], groups: Iterable[str]) -> dict[str, str]:
    """The group of each name in `part`."""
    return {name: str(group) for group in groups for name in part.get(group, {})}


def _words(given: Mapping[str, Any], where: str = "") -> Iterator[tuple[str, str]]:
    """Every text behind a state, by the way to it."""
    for key, below in given.items():
        if isinstance(below, Mapping):
            yield from _words(below, f"{where}{key}.")
        elif isinstance(below, str) and key not in ("scope", "stable_disease"):
            yield f"{where}{key}", below
        elif key == "conflicts":
            yield from ((f"conflicts.{'+'.join(entry['mechanisms'])}", entry["why"]) for entry in below)


def rule_problems(given: Any, file: str) -> list[Problem]:
    """Everything that is wrong with a rules file: first what the schema refuses, else what contradicts itself.

    Args:
        given: what the YAML holds.
        file: its name in messages.
    """
    found = file_problems("mechanisms", given if isinstance(given, Mapping) else {}, file)
    if found:
        return found
    checks: tuple[Callable[[Mapping[str, Any]], Iterator[tuple[str, str, str]]], ...] = (
        _class_problems,
        _mutation_problems,
        _axis_problems,
        _extended_problems,
        _origin_problems,
        _primary_problems,
        _confidence_problems,
        _conflict_problems,
    )
    return [SettingProblem(file, wrong, mend, column=where) for check in checks for where, wrong, mend in check(given)]


_Wrong = Iterator[tuple[str, str, str]]


def _each_once(where: str, part: Mapping[str, Any], groups: Sequence[str], names: Sequence[str], what: str) -> _Wrong:
    """Every name stands in exactly one group."""
    for name in names:
        places = [str(group) for group in groups if name in part.get(group, {})]
        if not places:
            yield (
                f"{where}.{name}",
                f"the {what} {name} stands nowhere",
                f"Write it into one of {listed(map(str, groups))}",
            )
        elif len(places) > 1:
            both = " and ".join(places)
            yield f"{where}.{name}", f"{name} is both {both}: the rules contradict each other", "Keep it in one group"


def _class_problems(given: Mapping[str, Any]) -> _Wrong:
    part = given["classes"]
    groups = [ResistanceClass.DE_NOVO, ResistanceClass.ACQUIRED, BY_DURATION, ResistanceClass.NOT_EVALUABLE]
    yield from _each_once("classes", part, groups, _RESPONSES, "best response")
    idle = part["stable_disease"] == "paper" or not part.get(BY_DURATION)
    where = "classes.stable_disease_days"
    if idle and "stable_disease_days" in part:
        why = "no response is in by_duration" if not part.get(BY_DURATION) else "paper counts it whatever its duration"
        yield where, f"the rule can never fire: {why}", "Remove the key"
    elif not idle and "stable_disease_days" not in part:
        yield where, "the key is missing", f"The option {part['stable_disease']} needs it"


def _mutation_problems(given: Mapping[str, Any]) -> _Wrong:
    part = given["mutations"]
    yield from _each_once("mutations", part, ("counted", "grey_zone"), tuple(MutationSize), "kind of change")
    if MutationSize.MUT in part.get("grey_zone", {}):
        wrong = "with MUT in the grey zone no mutation can count for what it is"
        yield "mutations.grey_zone.MUT", wrong, "Move it to counted; the floor of MUT is genotypes.*.mut_vaf"
    if {MutationSize.MUT_LOW_SUBCLONAL} <= set(part["counted"]) and MutationSize.MUT_LOW_CLONAL in part.get(
        "grey_zone", {}
    ):
        wrong = "a subclonal change counts and a clonal one does not: the rules contradict each other"
        yield "mutations.counted.MUT_LOW_SUBCLONAL", wrong, "Count the clonal one, too"


def _axis_problems(given: Mapping[str, Any]) -> _Wrong:
    for axis, states in AXIS_STATES.items():
        part = given["axes"][axis]
        yield from _each_once(f"axes.{axis}", part, tuple(Group), states, "state")
        for state in part.get(Group.POSITIVE, {}):
            if (axis, state) not in MECHANISM_OF:
                possible = [name for which, name in MECHANISM_OF if which is axis]
                wrong = f"{state} is no finding, so it names no mechanism and the rule can never fire"
                yield f"axes.{axis}.positive.{state}", wrong, f"Positive can be: {listed(possible)}"
        for state in part.get(Group.NEGATIVE, {}):
            if state in _OPEN[axis]:
                wrong = f"{state} leaves the question open, and missing is never negative"
                yield f"axes.{axis}.negative.{state}", wrong, "Move it to in_doubt or not_usable"
        if not part.get(Group.NEGATIVE):
            wrong = "no state is negative, so that 'none detected' can never fire"
            yield f"axes.{axis}.negative", wrong, "Name the states that exclude a mechanism"


def _extended_problems(given: Mapping[str, Any]) -> _Wrong:
    part = given["extended"]
    genes = ("EGFR", "ERBB2", "MAP2K1", "PIK3CA")
    yield from _each_once("extended", part, ("calling", "annotated"), genes, "gene")
    for gene in part.get("calling", {}):
        if gene not in EXTENDED_MECHANISMS:
            wrong = f"no mechanism stands for {gene}, so the rule can never fire"
            yield f"extended.calling.{gene}", wrong, f"Called can be: {listed(EXTENDED_MECHANISMS)}"
    for change in part["only_under"]:
        gene = str(change).split(" ")[0]
        if gene not in part.get("calling", {}) or len(str(change).split(" ")) != 2:
            wrong = f"{change} is no change of a calling gene, so the rule can never fire"
            yield f"extended.only_under.{change}", wrong, did_you_mean(gene, part.get("calling", {}), "Calling genes")


def _origin_problems(given: Mapping[str, Any]) -> _Wrong:
    part = given["origins"]
    yield from _each_once("origins", part, ("counted", "annotated"), tuple(Origin), "origin")
    if Origin.LOST in part.get("counted", {}):
        wrong = "what is gone at progression cannot cause it: the rule can never fire"
        yield "origins.counted.LOST", wrong, "Move it to annotated"
    if Origin.EMERGENT in part.get("annotated", {}):
        wrong = "without EMERGENT nothing acquired counts"
        yield "origins.annotated.EMERGENT", wrong, "Move it to counted"


def possible_mechanisms(given: Mapping[str, Any]) -> list[Mechanism]:
    """Mechanisms that the rest of a rules file can find."""
    on_axes = [
        mechanism
        for (axis, state), mechanism in MECHANISM_OF.items()
        if state in given["axes"][axis].get("positive", {})
    ]
    beyond = [EXTENDED_MECHANISMS[gene] for gene in given["extended"].get("calling", {}) if gene in EXTENDED_MECHANISMS]
    return [*on_axes, *beyond]


def _primary_problems(given: Mapping[str, Any]) -> _Wrong:
    possible = possible_mechanisms(given)
    order, causes = given["primary"]["order"], given["primary"]["causes"]
    in_causes = [name for names in causes.values() for name in names]
    for where, names in (("primary.order", order), ("primary.causes", in_causes)):
        for name in dict.fromkeys(names):
            if names.count(name) > 1:
                yield where, f"{name} stands {names.count(name)} times: the rules contradict each other", "Keep one"
            if name not in possible:
                yield where, f"no state or gene makes {name}, so the rule can never fire", "Remove it"
        for name in possible:
            if name not in names:
                yield where, f"{name} is lacking", "Every mechanism that can be found needs its place"


def _confidence_problems(given: Mapping[str, Any]) -> _Wrong:
    possible = possible_mechanisms(given)
    yield from _each_once("confidence", given["confidence"], _LEVELS, [*possible, *Limit], "limit")
    yield from _each_once("none_detected", given["none_detected"], _LEVELS, tuple(LimitOfNone), "limit")
    for level in _LEVELS:
        for name in given["confidence"].get(level, {}):
            if name in list(Mechanism) and name not in possible:
                wrong = f"no state or gene makes {name}, so the rule can never fire"
                yield f"confidence.{level}.{name}", wrong, "Remove it"


def _conflict_problems(given: Mapping[str, Any]) -> _Wrong:
    possible = possible_mechanisms(given)
    seen: set[frozenset[str]] = set()
    for i, entry in enumerate(given["conflicts"], start=1):
        where, pair = f"conflicts[{i}].mechanisms", frozenset(entry["mechanisms"])
        if len(pair) != 2 or len(entry["mechanisms"]) != 2:
            yield where, "a conflict is a pair of two mechanisms", "Name two"
        if pair in seen:
            yield (
                where,
                f"the pair {' and '.join(sorted(pair))} stands twice: the rules contradict each other",
                "Keep one",
            )
        seen.add(pair)
        for name in sorted(pair - set(possible)):
            yield where, f"no state or gene makes {name}, so the rule can never fire", "Remove the pair"
