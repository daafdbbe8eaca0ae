"""The page's table is made from the rules and in step with them."""

import re
from pathlib import Path

import pytest
from tests.unit.mechanism_cases import RULES, rules_with

from cetux.mechanism_docs import BEGIN, COMMAND, END, PAGE, table, with_table
from cetux.states import Axis, Group


def test_the_page_is_in_step_with_the_rules() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert with_table(text, RULES) == text, f"run: {COMMAND}"


def test_every_state_stands_once_in_its_row_and_column() -> None:
    rows = {row.split("|")[1].strip(): row.split("|")[2:-1] for row in table(RULES).splitlines() if row[:1] == "|"}
    for axis in Axis:
        cells = [set(re.findall(r"\w+", cell)) for cell in rows[axis]]
        assert cells == [{s for s, g in RULES.axes[axis].items() if g is group} for group in Group]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"classes": {"stable_disease_days": 112}}, "SD ACQUIRED from 112 days on, else DE_NOVO (`standard`)"),
        ({"classes": {"stable_disease": "strict"}}, "from 183 days on, else NOT_EVALUABLE (`strict`)"),
        ({"classes": {"stable_disease": "paper", "stable_disease_days": None}}, "SD of any duration DE_NOVO (`paper`)"),
        ({"classes": {"off_drug_days": 14}}, "at most 14 days after the last dose"),
        ({"axes": {"RAS": {"scope": "KRAS_only"}}}, "**Scope of RAS**: KRAS_only."),
        ({"primary": {"subclonal_yields": False}}, "> HRG_HIGH.\n"),
        ({"mutations": {"clonal_ccf": 0.4}}, "with a CCF below 0.4 yields"),
    ],
)
def test_the_table_follows_the_rules(changes: dict[str, object], says: str) -> None:
    assert says in table(rules_with(changes))
    assert says not in table(RULES)


def test_without_marks_nothing_is_written() -> None:
    with pytest.raises(ValueError, match="rules of the join"):
        with_table("# cetux\n", RULES)
    assert Path(PAGE).read_text(encoding="utf-8").count(BEGIN) == 1
    assert with_table(f"a\n{BEGIN}\nold\n{END}\nb\n", RULES).split(END)[1] == "\nb\n"
