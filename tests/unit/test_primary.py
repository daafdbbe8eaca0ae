"""Which of several findings is the primary mechanism, and what limits the confidence in it."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations, permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.mechanism_cases import PRE, RULES, call, evidence, patient, rules_with, sample

from cetux.axes import Finding, axis_states
from cetux.evidence import SampleEvidence
from cetux.mechanism import Call
from cetux.primary import choose_primary, conflicts, limits, lowest, one_per_label
from cetux.states import Confidence, Mechanism, Origin, Status


def de_novo(one: SampleEvidence, hrg: str | None = "LOW 420", **changes: Any) -> Call:
    return call(evidence(patient(), [one], pre=hrg), **changes)


class TestPrimary:
    CLONAL: Mapping[Mechanism, Mapping[str, str]] = {
        Mechanism.RAS_MUT: {"KRAS": "MUT G12D 30%"},
        Mechanism.BRAF_CLASS1: {"BRAF": "MUT V600E 30%"},
        Mechanism.ERBB2_AMP: {"erbb2": "AMP 22"},
        Mechanism.BRAF_CLASS2: {"BRAF": "MUT K601E 30%"},
        Mechanism.EGFR_ECD: {"EGFR": "MUT S492R 30%"},
        Mechanism.ERBB2_MUT: {"ERBB2": "MUT L755S 30%"},
        Mechanism.HRG_HIGH: {},
    }
    ORDER = ("RAS_MUT", "BRAF_CLASS1", "ERBB2_AMP", "BRAF_CLASS2", "EGFR_ECD", "ERBB2_MUT", "HRG_HIGH")

    def test_the_order_is_that_of_the_rules(self) -> None:
        assert [str(mechanism) for mechanism in self.CLONAL] == list(self.ORDER)

    @pytest.mark.parametrize(("first", "second"), list(combinations(list(CLONAL), 2)))
    def test_the_first_in_the_order_is_primary(self, first: Mechanism, second: Mechanism) -> None:
        words = [self.CLONAL[first], self.CLONAL[second]]
        both = {key: " + ".join(w[key] for w in words if key in w) for key in {**words[0], **words[1]}}
        found = de_novo(sample(**both), "HIGH 2900" if second is Mechanism.HRG_HIGH else "LOW 420")
        assert found.primary.startswith(first)
        assert [label.split("(")[0] for label in found.additional] == [second]
        one_axis = {Mechanism.ERBB2_AMP, Mechanism.ERBB2_MUT, Mechanism.HRG_HIGH}
        brafs = {Mechanism.BRAF_CLASS1, Mechanism.BRAF_CLASS2}
        together = {first, second} <= one_axis or {first, second} <= brafs
        assert found.status is (Status.MECHANISM if together else Status.MULTIPLE)

    @pytest.mark.parametrize(
        ("genes", "hrg", "primary", "confidence"),
        [
            ({"KRAS": "MUT G12D 6%", "erbb2": "AMP 22"}, "LOW 420", "ERBB2_AMP", Confidence.MODERATE),
            ({"KRAS": "MUT G12D 15%", "erbb2": "AMP 22"}, "LOW 420", "RAS_MUT(KRAS G12D)", Confidence.HIGH),
            ({"KRAS": "MUT G12D 6%", "BRAF": "MUT V600E 30%"}, "LOW 420", "BRAF_CLASS1(V600E)", Confidence.MODERATE),
            ({"KRAS": "MUT G12D 6%", "BRAF": "MUT V600E 7%"}, "LOW 420", "RAS_MUT(KRAS G12D)", Confidence.MODERATE),
            ({"KRAS": "MUT G12D 6%"}, "HIGH 2900", "RAS_MUT(KRAS G12D)", Confidence.MODERATE),
            ({"KRAS": "MUT G12D 6%", "EGFR": "MUT S492R 30%"}, "LOW 420", "EGFR_ECD(S492R)", Confidence.MODERATE),
            ({"KRAS": "MUT G12D 6%", "NRAS": "MUT Q61K 30%"}, "LOW 420", "RAS_MUT(NRAS Q61K)", Confidence.HIGH),
        ],
        ids=[
            "CCF 0.2 yields to AMP",
            "CCF 0.5 does not",
            "yields to a clonal mutation",
            "not to a subclonal one",
            "not to a ligand",
            "yields to a clonal EGFR mutation",
            "the larger of two of one kind",
        ],
    )
    def test_a_subclonal_mutation_yields_to_a_clonal_event(
        self, genes: dict[str, str], hrg: str, primary: str, confidence: Confidence
    ) -> None:
        found = de_novo(sample(**genes), hrg)
        assert (found.primary, found.confidence) == (primary, confidence)

    def test_of_nothing_nothing_is_chosen(self) -> None:
        with pytest.raises(ValueError, match="no finding"):
            choose_primary([], RULES)

    def test_the_choice_does_not_depend_on_the_order(self) -> None:
        one = sample(KRAS="MUT G12D 6%", BRAF="MUT V600E 30%", erbb2="AMP 22")
        findings = [f for state in axis_states([one], None, PRE, RULES).values() for f in state.findings]
        assert len(findings) == 3
        assert len({choose_primary(order, RULES)[0].label for order in permutations(findings)}) == 1


class TestSeveralSamples:
    """Of several samples with one finding the best supported speaks."""

    def of(self, name: str, erbb2: str = "AMP 22", **given: Any) -> Finding:
        one = sample(name=name, erbb2=erbb2, **given)
        (found,) = [f for state in axis_states([one], None, PRE, RULES).values() for f in state.findings]
        return found

    def speaks(self, *findings: Finding, **rules: Any) -> str:
        (found,) = one_per_label(findings, rules_with(rules) if rules else RULES)
        return found.sample

    @pytest.mark.parametrize("flag", ["flat_reference", "few_normals", "across_specimen_types"])
    def test_what_limits_the_confidence_outweighs_more_copies(self, flag: str) -> None:
        larger, smaller = self.of("A", "AMP 22"), self.of("B", "AMP 18")
        assert self.speaks(larger, smaller) == "A"
        assert self.speaks(replace(larger, flags=(flag,)), smaller) == "B"
        limits_nothing = replace(smaller, flags=("ratio_not_assessable", "fragments_before:S:1/500"))
        assert self.speaks(replace(larger, flags=(flag,)), limits_nothing) == "B"

    @given(st.lists(st.sampled_from(["chip_not_excluded", "fragments_before:S:1/500", "low_vaf_purity_unknown"])))
    def test_flags_that_limit_nothing_weigh_nothing(self, flags: list[str]) -> None:
        """CCF 0.9 against 0.3."""
        none = {"purity": 0.6, "erbb2": "NEG"}
        clonal, subclonal = self.of("B", KRAS="MUT G12D 27%", **none), self.of("A", KRAS="MUT G12D 9%", **none)
        assert self.speaks(subclonal, replace(clonal, flags=tuple(flags))) == "B"

    def test_a_clear_vaf_outweighs_a_known_low_fraction(self) -> None:
        """40 % at unknown purity is clearly clonal by the rules, a CCF of 0.3 is not."""
        unknown = self.of("B", "EQUIVOCAL 3.2", purity=None, KRAS="MUT G12D 40%")
        known = self.of("A", "NEG", KRAS="MUT G12D 9%")
        assert self.speaks(known, unknown) == "B"
        assert self.speaks(known, unknown, confidence={"high_vaf": 0.5}) == "A"

    def test_an_origin_that_counts_speaks_before_all_else(self) -> None:
        """Else a further sample could take a mechanism away."""
        there, new = self.of("A", "AMP 22"), replace(self.of("B", "AMP 18"), flags=("flat_reference",))
        known = replace(there, origin=Origin.PRE_EXISTING)
        assert self.speaks(known, replace(new, origin=Origin.ORIGIN_UNRESOLVED)) == "B"
        moved = {"counted": {"ORIGIN_UNRESOLVED": None}, "annotated": {"ORIGIN_UNRESOLVED": "we do not count it"}}
        unresolved, expanded = replace(there, origin=Origin.ORIGIN_UNRESOLVED), replace(new, origin=Origin.EXPANDED)
        assert self.speaks(unresolved, expanded, origins=moved) == "B"

    @given(st.permutations(range(4)))
    def test_the_order_of_the_samples_says_nothing(self, order: list[int]) -> None:
        found = [self.of("A", "AMP 22"), self.of("B", "AMP 18"), self.of("C", "AMP 18"), self.of("D", "AMP 30")]
        found[3] = replace(found[3], flags=("few_normals",))
        assert self.speaks(*(found[i] for i in order)) == "A"


class TestRules:
    BOTH: Mapping[str, str] = {"KRAS": "MUT G12D 30%", "erbb2": "AMP 22"}

    def test_the_order_is_that_of_the_file(self) -> None:
        order = ["ERBB2_AMP", *(one for one in RULES.order if one != "ERBB2_AMP")]
        assert de_novo(sample(**self.BOTH)).primary == "RAS_MUT(KRAS G12D)"
        assert de_novo(sample(**self.BOTH), primary={"order": order}).primary == "ERBB2_AMP"

    def test_a_subclonal_mutation_yields_only_where_the_file_says_so(self) -> None:
        faint = sample(KRAS="MUT G12D 6%", erbb2="AMP 22")
        assert de_novo(faint).primary == "ERBB2_AMP"
        assert de_novo(faint, primary={"subclonal_yields": False}).primary == "RAS_MUT(KRAS G12D)"
        assert de_novo(faint, mutations={"clonal_ccf": 0.2}).primary == "RAS_MUT(KRAS G12D)"

    def test_one_cause_is_what_the_file_takes_for_one(self) -> None:
        merged = {"causes": {"RAS": None, "ERBB2 signalling": ["RAS_MUT", "ERBB2_AMP", "ERBB2_MUT", "HRG_HIGH"]}}
        assert de_novo(sample(**self.BOTH)).status is Status.MULTIPLE
        assert de_novo(sample(**self.BOTH), primary=merged).status is Status.MECHANISM

    @pytest.mark.parametrize("level", [Confidence.HIGH, Confidence.MODERATE, Confidence.LOW])
    def test_confidence_is_that_of_the_file(self, level: Confidence) -> None:
        changes = {name: {"ERBB2_AMP": None} for name in ("HIGH",)}
        changes = {**changes, str(level): {**changes.get(str(level), {}), "ERBB2_AMP": "moved"}}
        assert de_novo(sample(erbb2="AMP 22"), confidence=changes).confidence is level

    def test_the_lowest_of_several_limits_counts(self) -> None:
        levels = {"A": Confidence.MODERATE, "B": Confidence.LOW, "C": Confidence.HIGH}
        assert lowest(["A", "B", "C"], levels) is Confidence.LOW
        assert lowest([], levels) is Confidence.HIGH

    def test_conflicts_are_those_of_the_file(self) -> None:
        found = [f for s in axis_states([sample(**self.BOTH)], None, PRE, RULES).values() for f in s.findings]
        assert [one.flag for one in conflicts(found, RULES)] == ["conflict:RAS_MUT+ERBB2_AMP"]
        assert conflicts(found, rules_with({"conflicts": []})) == []

    def test_archival_alone_is_a_limit_of_its_own(self) -> None:
        (found,) = axis_states([sample(erbb2="AMP 22")], None, PRE, RULES)[
            next(a for a in RULES.axes if a == "ERBB2")
        ].findings
        said = limits(found, RULES, by_clonality=False, judged_on_post=False, archival_only=True)
        assert said == ["ERBB2_AMP", "ARCHIVAL_ONLY"]
