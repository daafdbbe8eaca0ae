"""Write the table of the rules of the join into docs/rules.md: ``python -m cetux.mechanism_docs [PAGE]``."""

import sys
from collections.abc import Iterator
from pathlib import Path

from cetux.mechanism_rules import BY_DURATION, SHIPPED, MechanismRules, load
from cetux.records import write_text
from cetux.states import Axis, Confidence, Group, Origin, ResistanceClass

PAGE = SHIPPED.parents[1] / "docs/rules.md"
"""The page that holds the table."""

COMMAND = "PYTHONPATH=workflow/scripts python -m cetux.mechanism_docs"
"""How the table is made again."""

BEGIN = f"<!-- rules of the join: made from config/mechanisms.yaml by {COMMAND} -->"
"""The line before the table."""

END = "<!-- end of the rules -->"
"""The line after it."""


def table(rules: MechanismRules) -> str:
    """The rules as Markdown: what each state says, then classes, order, confidence and conflicts."""
    head = ["| axis | positive | in doubt | negative | not usable |", "|---|---|---|---|---|"]
    axes = [f"| {axis} | " + " | ".join(_states(rules, axis, group) for group in Group) + " |" for axis in Axis]
    return "\n".join([*head, *axes, "", *(f"* {line}" for line in _lines(rules))])


def _states(rules: MechanismRules, axis: Axis, group: Group) -> str:
    return ", ".join(state for state, found in rules.axes[axis].items() if found is group)


def _lines(rules: MechanismRules) -> Iterator[str]:
    classes = rules.classes
    yield f"**Scope of RAS**: {rules.scope}. **Mutations that count**: {', '.join(rules.counted_sizes)}."
    after = {name: _responses(rules, name) for name in (ResistanceClass.DE_NOVO, ResistanceClass.ACQUIRED)}
    by_class = (f"{name} after {responses}" for name, responses in after.items() if responses)
    yield f"**Class**: {'; '.join(by_class)}; {_by_duration(rules)}"
    yield (
        f"**On treatment**: progression at most {classes.off_drug_days} days after the last dose. Treated for less "
        f"than {classes.min_exposure_days} days without progression is {ResistanceClass.NOT_EVALUABLE}."
    )
    counted = ", ".join(rules.counted_origins)
    shown = ", ".join(origin for origin in Origin if origin not in rules.counted_origins)
    yield f"**Origin** of a finding in acquired resistance: {counted} count; {shown} are shown."
    yield f"**Primary**: {' > '.join(rules.order)}.{_yields(rules)}"
    causes: dict[str, list[str]] = {}
    for mechanism, cause in rules.causes.items():
        causes.setdefault(cause, []).append(mechanism)
    said = (f"{cause} ({', '.join(names)})" for cause, names in causes.items())
    yield f"**One cause each**: {'; '.join(said)}."
    for level in (Confidence.HIGH, Confidence.MODERATE, Confidence.LOW):
        yield f"**Confidence up to {level}**: {', '.join(_limited(rules, level))}."
    yield f"**Flagged**: {'; '.join(' with '.join(one.pair) + _clonal(one.clonal_only) for one in rules.conflicts)}."


def _responses(rules: MechanismRules, group: str) -> str:
    return ", ".join(response for response, found in rules.classes.responses.items() if found == group)


def _by_duration(rules: MechanismRules) -> str:
    """What the responses whose class depends on their duration make."""
    responses, days = _responses(rules, BY_DURATION), rules.classes.stable_disease_days
    if days is None:
        return f"{responses} of any duration {ResistanceClass.DE_NOVO} (`paper`)."
    short = ResistanceClass.DE_NOVO if rules.classes.option == "standard" else ResistanceClass.NOT_EVALUABLE
    return f"{responses} {ResistanceClass.ACQUIRED} from {days} days on, else {short} (`{rules.classes.option}`)."


def _yields(rules: MechanismRules) -> str:
    if not rules.subclonal_yields:
        return ""
    return f" A mutation with a CCF below {rules.clonal_ccf:g} yields to a clonal mutation or an amplification."


def _limited(rules: MechanismRules, level: Confidence) -> Iterator[str]:
    yield from (name for name, found in rules.confidence.items() if found is level)
    yield from (f"none detected with {name}" for name, found in rules.none_detected.items() if found is level)


def _clonal(only: bool) -> str:
    return " where both are clonal" if only else ""


def with_table(text: str, rules: MechanismRules) -> str:
    """The page's text with the table between its two marks renewed.

    Raises:
        ValueError: the marks are not there.
    """
    before, _, rest = text.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(f"no {BEGIN} with {END} behind it")
    return f"{before}{BEGIN}\n\n{table(rules)}\n\n{END}{after}"


if __name__ == "__main__":
    page = Path(sys.argv[1]) if sys.argv[1:] else PAGE
    write_text(with_table(page.read_text(encoding="utf-8"), load()), page)
