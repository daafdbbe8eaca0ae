"""Findings beyond the four axes: which count, which are only shown, and by which rules."""

import pytest
from tests.unit.mechanism_cases import POST, PRE, RULES, rules_with, sample

from cetux.axes import axis_states
from cetux.extended import extended_findings, rules_of_changes
from cetux.states import Axis, Mechanism


@pytest.mark.parametrize(
    ("genes", "drug", "mechanism", "annotated"),
    [
        ({"EGFR": "MUT S492R 20%"}, "cetuximab", Mechanism.EGFR_ECD, []),
        ({"EGFR": "MUT S492R 20%"}, "panitumumab", None, ["OTHER_GENE(EGFR S492R)"]),
        ({"EGFR": "MUT G465R 20%"}, "panitumumab", Mechanism.EGFR_ECD, []),
        ({"EGFR": "MUT_LOW G465R 2%"}, "cetuximab", None, ["GREY_ZONE(EGFR G465R)"]),
        ({"EGFR": "MUT S464W 20%"}, "cetuximab", None, ["UNCLASSIFIED(EGFR S464W)"]),
        ({"ERBB2": "MUT L755S 20%"}, "cetuximab", Mechanism.ERBB2_MUT, []),
        ({"PIK3CA": "MUT H1047R 20%"}, "cetuximab", None, ["OTHER_GENE(PIK3CA H1047R)"]),
        ({"MAP2K1": "MUT K57N 20%"}, "cetuximab", None, ["OTHER_GENE(MAP2K1 K57N)"]),
        ({"KRAS": "MUT G12D 20%", "BRAF": "MUT V600E 20%"}, "cetuximab", None, []),
    ],
)
def test_which_count(genes: dict[str, str], drug: str, mechanism: Mechanism | None, annotated: list[str]) -> None:
    findings, notes = extended_findings([sample(POST, **genes)], drug, RULES)
    assert [finding.mechanism for finding in findings] == ([mechanism] if mechanism else [])
    assert notes == annotated


def test_an_erbb2_mutation_is_on_the_axis_of_the_amplification() -> None:
    one = sample(erbb2="AMP 22", ERBB2="MUT L755S 20%")
    (mutation,), _ = extended_findings([one], "cetuximab", RULES)
    (amplification,) = axis_states([one], None, PRE, RULES)[Axis.ERBB2].findings
    assert RULES.causes[mutation.mechanism] == RULES.causes[amplification.mechanism]


def test_a_change_counts_under_every_drug_where_the_rules_name_none() -> None:
    one = sample(POST, EGFR="MUT S492R 20%")
    rules = rules_with({"extended": {"only_under": {"EGFR S492R": None}}})
    assert [finding.mechanism for finding in extended_findings([one], "panitumumab", rules)[0]] == [Mechanism.EGFR_ECD]
    assert extended_findings([one], "panitumumab", RULES)[0] == []


def test_a_gene_that_a_site_only_annotates_is_shown() -> None:
    changes = {
        "extended": {
            "calling": {"EGFR": None},
            "annotated": {"EGFR": "not called here"},
            "only_under": {"EGFR S492R": None},
        },
        "primary": {"order": [one for one in RULES.order if one != "EGFR_ECD"], "causes": {"EGFR": None}},
        "confidence": {"MODERATE": {"EGFR_ECD": None}},
    }
    found = extended_findings([sample(POST, EGFR="MUT G465R 20%")], "cetuximab", rules_with(changes))
    assert found == ([], ["OTHER_GENE(EGFR G465R)"])


def test_rules_of_changes_are_those_of_the_listed_ones() -> None:
    one = sample(KRAS="MUT G12D 30%", BRAF="MUT_LOW V600E 2%", PIK3CA="MUT H1047R 20%", EGFR="MUT S464W 20%")
    assert set(rules_of_changes([one], RULES)) == {
        *("mutations.counted.MUT", "mutations.grey_zone.MUT_LOW_SUBCLONAL", "extended.annotated.PIK3CA"),
    }
