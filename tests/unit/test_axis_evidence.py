"""Every number behind a call stands with its threshold and its source."""

from dataclasses import replace

import pytest
from tests.unit.mechanism_cases import CTDNA, POST, PRE, RULES, SETTINGS, evidence, patient, sample

from cetux.axis_evidence import AxisEvidence, axis_evidence
from cetux.mechanism import PatientEvidence
from cetux.states import Axis, Timepoint

THRESHOLDS = {"erbb2": SETTINGS["erbb2"], **{name: SETTINGS["genotypes"][name] for name in ("tissue", "ctdna")}}


def said(one: PatientEvidence, timepoint: Timepoint) -> dict[Axis, AxisEvidence]:
    return {found.axis: found for found in axis_evidence(one, RULES, THRESHOLDS) if found.timepoint is timepoint}


def test_every_number_stands_with_its_threshold_and_source() -> None:
    acquired = evidence(
        patient("PR", 274), [sample(), sample(POST, erbb2="AMP 18", KRAS="MUT_LOW G12D 2%")], pre="LOW 420"
    )
    pre, post = said(acquired, PRE), said(acquired, POST)
    assert post[Axis.ERBB2].numbers["copies"] == pytest.approx(18, abs=0.01)
    assert post[Axis.ERBB2].thresholds["amp_copies"] == 6
    assert post[Axis.RAS].numbers["KRAS G12D vaf"] == 0.02
    assert post[Axis.RAS].thresholds["mut_vaf"] == 0.05
    assert post[Axis.RAS].row == "samples: post-tissue"
    assert pre[Axis.HRG].numbers["value_pg_per_ml"] == 420
    assert pre[Axis.HRG].thresholds == {"cutoff_pg_per_ml": 980}
    assert pre[Axis.RAS].numbers["KRAS excluded_vaf"] == pytest.approx(0.018, abs=0.001)


def test_plasma_is_held_against_its_own_thresholds() -> None:
    found = said(evidence(patient(), [sample(specimen=CTDNA, KRAS="MUT G12D 1%")], pre="LOW 420"), PRE)
    assert found[Axis.RAS].thresholds["mut_vaf"] == 0.005


def test_plasma_whose_umis_the_bam_does_not_show_is_held_against_tissue() -> None:
    whole = sample(specimen=CTDNA, umi=False, KRAS="MUT G12D 6%")
    flags = ("ctdna_without_umi", "umi_not_shown:ordinary reads")
    plasma = replace(whole, genotypes=replace(whole.genotypes, flags=flags))
    found = said(evidence(patient(), [plasma], pre="LOW 420"), PRE)
    assert found[Axis.RAS].thresholds["mut_vaf"] == 0.05
