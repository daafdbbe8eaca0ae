"""The rules of the join: what the shipped file says is what decides, and what contradicts itself is refused by name."""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.mechanism_cases import CTDNA, POST, PRE, RULES, SHIPPED, heregulin, rules_with, sample

from cetux import mechanism_rules
from cetux.axes import axis_states
from cetux.errors import InputError
from cetux.evidence import HeregulinResult
from cetux.mechanism_rules import AXIS_STATES, MECHANISM_OF, load, rule_problems
from cetux.states import (
    Axis,
    BrafState,
    Confidence,
    Erbb2,
    Erbb2State,
    Group,
    Heregulin,
    Limit,
    LimitOfNone,
    Mechanism,
    RasState,
    Verdict,
)

VERDICTS = {
    Group.POSITIVE: Verdict.POSITIVE,
    Group.NEGATIVE: Verdict.NEGATIVE,
    Group.IN_DOUBT: Verdict.NOT_USABLE,
    Group.NOT_USABLE: Verdict.NOT_USABLE,
}


def changed(*path_and_value: Any) -> dict[str, Any]:
    """The shipped file with the value at a path set, or the key gone where the value is None."""
    given = copy.deepcopy(SHIPPED)
    *path, last, value = path_and_value
    part = given
    for key in path:
        part = part.setdefault(key, {}) if isinstance(part, dict) else part[key]
    if value is None:
        del part[last]
    else:
        part[last] = value
    return given


def moved(axis: Axis, state: str, group: Group) -> dict[str, Any]:
    """The shipped file with one state in another group."""
    given = copy.deepcopy(SHIPPED)
    for name in Group:
        given["axes"][axis].get(name, {}).pop(state, None)
    given["axes"][axis].setdefault(group, {})[state] = "moved by a test"
    return given


def told(given: Any) -> list[str]:
    return [str(problem) for problem in rule_problems(given, "mechanisms.yaml")]


def test_the_shipped_rules_are_whole() -> None:
    assert told(SHIPPED) == []
    assert load() == RULES


def test_the_shipped_rules_are_those_of_the_specification() -> None:
    """Entered a second time from specification 4.3 and the rules' "Join"."""
    by_group = {
        (axis, group): {state for state, found in RULES.axes[axis].items() if found is group}
        for axis in Axis
        for group in Group
    }
    assert by_group[Axis.RAS, Group.POSITIVE] == {"MUTATED"}
    assert by_group[Axis.BRAF, Group.POSITIVE] == {"CLASS1", "CLASS2"}
    assert by_group[Axis.BRAF, Group.NEGATIVE] == {"WT", "CLASS3", "LIKELY_GERMLINE"}
    assert by_group[Axis.ERBB2, Group.POSITIVE] == {"AMP"}
    assert by_group[Axis.ERBB2, Group.NEGATIVE] == {"NEG", "POLYSOMY"}
    assert by_group[Axis.HRG, Group.POSITIVE] == {"HIGH"}
    assert by_group[Axis.HRG, Group.NEGATIVE] == {"LOW", "BLQ"}
    assert [str(one) for one in RULES.order] == [
        *("RAS_MUT", "BRAF_CLASS1", "ERBB2_AMP", "BRAF_CLASS2", "EGFR_ECD", "ERBB2_MUT", "HRG_HIGH"),
    ]
    assert (RULES.clonal_ccf, RULES.high_vaf, RULES.low_ctdna_vaf, RULES.scope) == (0.5, 0.25, 0.01, "RAS")
    days = RULES.classes
    assert (days.stable_disease_days, days.off_drug_days, days.min_exposure_days) == (183, 30, 42)
    low = {"ORIGIN_UNRESOLVED", "ERBB2_MUT", "ARCHIVAL_ONLY", "EXPLORATORY_CUTOFF"}
    assert {name for name, level in RULES.confidence.items() if level is Confidence.LOW} == low
    assert set(RULES.none_detected.values()) == {Confidence.MODERATE}


@pytest.mark.parametrize(
    ("given", "where", "says"),
    [
        ({}, "classes", "the key is missing"),
        (changed("axes", "RAS", "positive", "MUTATET", "x"), "axes.RAS.positive.MUTATET", "Did you mean 'MUTATED'?"),
        (changed("axes", "HRG", "negative", "HIHG", "x"), "axes.HRG.negative.HIHG", "Did you mean 'HIGH'?"),
        (changed("axes", "ERBB2", "negative", "AMP", "x"), "axes.ERBB2.AMP", "both positive and negative"),
        (changed("axes", "HRG", "not_usable", "ALQ", None), "axes.HRG.ALQ", "ALQ stands nowhere"),
        (moved(Axis.RAS, "NO_CALL", Group.NEGATIVE), "axes.RAS.negative.NO_CALL", "missing is never negative"),
        (moved(Axis.BRAF, "CLASS3", Group.POSITIVE), "axes.BRAF.positive.CLASS3", "can never fire"),
        (changed("axes", "HRG", "negative", {}), "axes.HRG.LOW", "LOW stands nowhere"),
        (moved(Axis.BRAF, "CLASS2", Group.NEGATIVE), "primary.order", "no state or gene makes BRAF_CLASS2"),
        (changed("primary", "order", ["RAS_MUT"]), "primary.order", "BRAF_CLASS1 is lacking"),
        (changed("primary", "order", [*Mechanism, "RAS_MUT"]), "primary.order", "RAS_MUT stands 2 times"),
        (changed("primary", "order", ["RAS_MUTT", *Mechanism]), "primary.order[1]", "Did you mean 'RAS_MUT'?"),
        (changed("primary", "causes", "X", ["RAS_MUT"]), "primary.causes", "RAS_MUT stands 2 times"),
        (changed("confidence", "HIGH", "HRG_HIGH", "x"), "confidence.HRG_HIGH", "both HIGH and MODERATE"),
        (changed("confidence", "MODERATE", "EXPANDED", None), "confidence.EXPANDED", "stands nowhere"),
        (changed("none_detected", "LOW", {"POLYSOMY": "x"}), "none_detected.POLYSOMY", "both MODERATE and LOW"),
        (changed("classes", "DE_NOVO", "SD", "x"), "classes.SD", "both DE_NOVO and by_duration"),
        (changed("classes", "NOT_EVALUABLE", {}), "classes.NE", "the best response NE stands nowhere"),
        (changed("classes", "stable_disease", "paper"), "classes.stable_disease_days", "can never fire"),
        (changed("classes", "stable_disease_days", None), "classes.stable_disease_days", "the key is missing"),
        (changed("classes", "stable_disease", "strickt"), "classes.stable_disease", "Did you mean 'strict'?"),
        (changed("mutations", "counted", {}), "mutations.MUT", "MUT stands nowhere"),
        (changed("mutations", "clonal_ccf", 1.5), "mutations.clonal_ccf", "at most 1"),
        (changed("extended", "calling", "PIK3CA", "x"), "extended.PIK3CA", "both calling and annotated"),
        (changed("extended", "only_under", {"KRAS G12D": ["cetuximab"]}), "extended.only_under.KRAS G12D", "no change"),
        (changed("origins", "counted", "LOST", "x"), "origins.LOST", "both counted and annotated"),
        (changed("origins", {"annotated": {}}), "origins.EMERGENT", "stands nowhere"),
        (changed("conflicts", 0, "mechanisms", ["RAS_MUT", "RAS_MUT"]), "conflicts[1].mechanisms", "a pair of two"),
        (changed("conflicts", [SHIPPED["conflicts"][0]] * 2), "conflicts[2].mechanisms", "stands twice"),
        (changed("conflicts", 0, "wy", "x"), "conflicts[1].wy", "Did you mean 'why'?"),
        (changed("further", {}), "further", "the key is not known"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_is_refused_by_name(given: Any, where: str, says: str) -> None:
    found = [line for line in told(given) if f"key {where}:" in line]
    assert any(says in line for line in found), told(given)


@pytest.mark.parametrize(
    ("given", "where"),
    [
        (moved(Axis.HRG, "HIGH", Group.IN_DOUBT), "primary.order"),
        (changed("mutations", "counted", {"MUT_LOW_SUBCLONAL": "x"}), "mutations.MUT"),
    ],
)
def test_a_rule_that_can_never_fire_is_refused(given: Any, where: str) -> None:
    assert any(f"key {where}" in line for line in told(given))


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load(tmp_path / "none.yaml")
    for text in ("a: [", "- 1\n", ""):
        (tmp_path / "rules.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match=r"rules\.yaml"):
            load(tmp_path / "rules.yaml")


def test_a_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    text = mechanism_rules.SHIPPED.read_text(encoding="utf-8").replace("    in_doubt:\n", "    positive:\n", 1)
    (tmp_path / "rules.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"axes\.RAS\.positive: the key stands"):
        load(tmp_path / "rules.yaml")


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_any_content_is_refused_and_never_fails(content: Any) -> None:
    assert told(content)
    assert told({**SHIPPED, "axes": content})


# The code follows the file ------------------------------------------------------------------------------------------

GENE = {
    "MUTATED": "MUT {gene} 30%",
    "CLASS1": "MUT V600E 30%",
    "CLASS2": "MUT K601E 30%",
    "CLASS3": "MUT D594G 30%",
    "UNCLASSIFIED": "MUT {other} 30%",
    "LIKELY_GERMLINE": "MUT {other} 48%",
    "WT": "WT",
    "NO_CALL": "NO_CALL; all at 20x",
    "NOT_ASSESSED": "not assessed",
}
COPIES = {
    "AMP": ("AMP 22", 0.6),
    "POLYSOMY": ("POLYSOMY 4.2 over 3.8", 0.6),
    "EQUIVOCAL": ("EQUIVOCAL 4.6", 0.35),
    "NEG": ("NEG", 0.6),
    "NE": ("NE technical", 0.6),
}
PLACES = [(axis, state) for axis, states in AXIS_STATES.items() for state in states]


def groups_of(axis: Axis, state: str) -> list[Group]:
    """Where a site may put a state: a finding anywhere, what leaves a question open nowhere but there."""
    if (axis, state) in MECHANISM_OF:
        return [Group.POSITIVE]
    possible = [Group.NEGATIVE, Group.IN_DOUBT, Group.NOT_USABLE]
    return [group for group in possible if not told(moved(axis, state, group))]


def verdict(axis: Axis, state: str, rules: mechanism_rules.MechanismRules) -> Verdict:
    """What an axis says of one sample, or of blood, that is in one state."""
    if axis is Axis.HRG:
        return axis_states([], HeregulinResult("P1", PRE, Heregulin(state), "why"), PRE, rules)[axis].verdict
    if axis is Axis.ERBB2 and state in COPIES:
        words, purity = COPIES[state]
        return axis_states([sample(erbb2=words, purity=purity)], None, PRE, rules)[axis].verdict
    if state == "NO_TUMOUR_DNA":
        return axis_states([sample(specimen=CTDNA)], None, PRE, rules)[axis].verdict
    if state == "NOT_ASSESSED":
        return axis_states([sample(quarantined="wrong build")], None, PRE, rules)[axis].verdict
    if state == "GREY_ZONE":
        words = {"KRAS": "MUT_LOW G12D 2%"} if axis is Axis.RAS else {"BRAF": "MUT_LOW V600E 2%"}
        return axis_states([sample(**words)], None, PRE, rules)[axis].verdict
    name, gene, other = ("KRAS", "G12D", "G12*") if axis is Axis.RAS else ("BRAF", "V600E", "N581T")
    text = GENE[state].format(gene=gene, other=other)
    purity = 0.3 if state == "LIKELY_GERMLINE" else 0.6
    return axis_states([sample(purity=purity, erbb2="NE technical", **{name: text})], None, PRE, rules)[axis].verdict


@pytest.mark.parametrize(("axis", "state"), PLACES, ids=str)
def test_moving_a_state_moves_the_axis(axis: Axis, state: str) -> None:
    assert verdict(axis, state, RULES) is VERDICTS[RULES.group(axis, state)]
    possible = groups_of(axis, state)
    assert possible
    for group in possible:
        rules = mechanism_rules.from_mapping(moved(axis, state, group))
        assert verdict(axis, state, rules) is VERDICTS[group]


def test_missing_can_never_be_moved_to_negative() -> None:
    """The law of the house, whatever a site writes."""
    missing = {
        Axis.RAS: {RasState.NO_CALL, RasState.NO_TUMOUR_DNA, RasState.NOT_ASSESSED, RasState.GREY_ZONE},
        Axis.BRAF: {BrafState.NO_CALL, BrafState.NO_TUMOUR_DNA, BrafState.NOT_ASSESSED, BrafState.GREY_ZONE},
        Axis.ERBB2: {Erbb2State.NE, Erbb2State.EQUIVOCAL, Erbb2State.NO_TUMOUR_DNA, Erbb2State.NOT_ASSESSED},
        Axis.HRG: {*Heregulin} - {Heregulin.HIGH, Heregulin.LOW, Heregulin.BLQ},
    }
    for axis, states in missing.items():
        assert {state for state in AXIS_STATES[axis] if Group.NEGATIVE not in groups_of(axis, state)} - states == {
            state for which, state in MECHANISM_OF if which is axis
        }


def test_a_class_two_that_a_site_does_not_count_is_annotated() -> None:
    given = moved(Axis.BRAF, "CLASS2", Group.NEGATIVE)
    for part in (given["primary"]["order"], given["primary"]["causes"]["BRAF"]):
        part.remove("BRAF_CLASS2")
    del given["confidence"]["MODERATE"]["BRAF_CLASS2"]
    assert told(given) == []
    rules = mechanism_rules.from_mapping(given)
    found = axis_states([sample(BRAF="MUT K601E 30%")], None, PRE, rules)[Axis.BRAF]
    assert (found.verdict, found.findings, found.annotated) == (Verdict.NEGATIVE, (), ("BRAF_CLASS2(K601E)",))


def test_the_grey_zone_follows_the_file() -> None:
    faint = sample(KRAS="MUT_LOW G12D 2%", purity=None, erbb2="NE")
    strict = copy.deepcopy(SHIPPED)
    words = strict["mutations"]["counted"].pop("MUT_LOW_PURITY_UNKNOWN")
    strict["mutations"]["grey_zone"]["MUT_LOW_PURITY_UNKNOWN"] = words
    assert axis_states([faint], None, PRE, RULES)[Axis.RAS].verdict is Verdict.POSITIVE
    found = axis_states([faint], None, PRE, mechanism_rules.from_mapping(strict))[Axis.RAS]
    assert (found.verdict, found.annotated) == (Verdict.NOT_USABLE, ("GREY_ZONE(KRAS G12D)",))


def test_doubt_and_gap_differ_beside_another_samples_negative() -> None:
    """in_doubt: another sample's negative does not mend it; not_usable: it does."""
    pair = [sample(name="A", erbb2="EQUIVOCAL 4.6", purity=0.35), sample(name="B")]
    gap = mechanism_rules.from_mapping(moved(Axis.ERBB2, "EQUIVOCAL", Group.NOT_USABLE))
    assert axis_states(pair, None, PRE, RULES)[Axis.ERBB2].verdict is Verdict.NOT_USABLE
    assert axis_states(pair, None, PRE, gap)[Axis.ERBB2].verdict is Verdict.NEGATIVE


def test_the_ids_of_fired_rules_are_those_of_the_file() -> None:
    states = axis_states([sample(KRAS="MUT G12D 30%", BRAF="MUT D594G 30%")], heregulin(POST, "LOW 420"), POST, RULES)
    assert [state.fired for state in states.values()] == [
        ("axes.RAS.positive.MUTATED",),
        ("axes.BRAF.negative.CLASS3",),
        ("axes.ERBB2.negative.NEG",),
        ("axes.HRG.negative.LOW",),
    ]
    for rule in (rule for state in states.values() for rule in state.fired):
        assert RULES.words[rule]


def test_states_of_the_axes_cover_those_of_the_callers() -> None:
    assert {str(state) for state in Erbb2} <= set(AXIS_STATES[Axis.ERBB2])
    assert {*AXIS_STATES[Axis.HRG]} == {*Heregulin}
    assert {*RULES.confidence} == {*Mechanism, *Limit}
    assert {*RULES.none_detected} == {*LimitOfNone}


def test_the_schema_names_what_the_code_names() -> None:
    path = Path(mechanism_rules.SHIPPED).parents[1] / "workflow/schemas/mechanisms.schema.yaml"
    parts: Mapping[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))["$defs"]
    for axis in Axis:
        assert set(parts[f"states_of_{axis}"]["properties"]) == {str(state) for state in AXIS_STATES[axis]}
    assert set(parts["limits"]["properties"]) == {*map(str, Mechanism), *map(str, Limit)}
    assert set(parts["limits_of_none"]["properties"]) == set(map(str, LimitOfNone))
    assert parts["mechanisms"]["items"]["enum"] == list(map(str, Mechanism))


def test_rules_with_refuses_what_a_file_could_not_say() -> None:
    with pytest.raises(AssertionError):
        rules_with({"axes": {"RAS": {"negative": {"NO_CALL": "x"}}}})
