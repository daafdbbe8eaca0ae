"""The numbers behind a call: what each sample, and the blood, says on each axis, and the thresholds it was held to."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cetux.axes import AxisState, axis_states
from cetux.evidence import GeneGenotype, HeregulinResult, SampleEvidence
from cetux.mechanism import PatientEvidence
from cetux.mechanism_rules import MechanismRules
from cetux.states import Axis, Specimen, Timepoint, Verdict

Thresholds = Mapping[str, Mapping[str, float]]
"""Thresholds by section: ``erbb2``, ``tissue`` and ``ctdna``, as in the settings."""

EMPTY: Thresholds = {}
"""No thresholds: the explanation then holds none."""

_ERBB2_THRESHOLDS = (
    *("amp_copies", "amp_copies_low", "amp_gain_over_ploidy", "amp_ratio", "amp_observed_copies"),
    *("polysomy_copies", "polysomy_ratio", "min_purity", "min_observed_copies"),
    *("neg_copies", "neg_gain_over_ploidy", "purity_lower_factor"),
)
_COPY_NUMBERS = (
    *("log2", "log2_se", "observed_copies", "copies", "copies_low", "copies_high", "ratio", "ratio_low", "ratio_high"),
    *("detectable_copies", "purity", "ploidy", "bins_kept", "control_mad_log2"),
)
_BLOOD_NUMBERS = ("value_pg_per_ml", "interval_low_pg_per_ml", "interval_high_pg_per_ml", "limit_pg_per_ml")


@dataclass(frozen=True)
class AxisEvidence:
    """What one sample, or the blood, says on one axis at one time point.

    fired: rules that made the verdict. numbers: what was measured, and the limits reached; thresholds: against what it
    was held. Names carry units; fractions 0..1, copies per cell. fingerprint: of the sample's BAM. row: where the
    sheets describe it, as in ``samples.tsv: P01_post``.
    """

    axis: Axis
    timepoint: Timepoint
    sample: str
    verdict: Verdict
    reason: str
    fired: tuple[str, ...]
    numbers: dict[str, float]
    thresholds: dict[str, float]
    fingerprint: str
    row: str


def axis_evidence(evidence: PatientEvidence, rules: MechanismRules, thresholds: Thresholds) -> Iterator[AxisEvidence]:
    """The evidence of every sample, and of the blood, of both time points.

    Args:
        evidence: of the patient.
        rules: of the join.
        thresholds: by section (``erbb2``, ``tissue``, ``ctdna``), as the samples were judged.
    """
    for timepoint in Timepoint:
        for sample in sorted(evidence.samples, key=lambda one: one.sample):
            if sample.timepoint is timepoint:
                yield from _of_sample(sample, rules, thresholds)
        result = evidence.heregulin.get(timepoint)
        if result is not None:
            yield _of_blood(result, axis_states([], result, timepoint, rules)[Axis.HRG])


def _of_sample(sample: SampleEvidence, rules: MechanismRules, thresholds: Thresholds) -> Iterator[AxisEvidence]:
    alone = axis_states([sample], None, sample.timepoint, rules)
    section = judged_as(sample)
    genes = sample.genotypes.genes
    numbers = {
        Axis.RAS: _of_genes([genes[name] for name in ("KRAS", "NRAS") if name in genes]),
        Axis.BRAF: _of_genes([genes[name] for name in ("BRAF",) if name in genes]),
        Axis.ERBB2: _present(sample.erbb2, _COPY_NUMBERS),
    }
    copies = {name: thresholds["erbb2"][name] for name in _ERBB2_THRESHOLDS if name in thresholds.get("erbb2", {})}
    for axis, measured in numbers.items():
        state = alone[axis]
        yield AxisEvidence(
            axis=axis,
            timepoint=sample.timepoint,
            sample=sample.sample,
            verdict=state.verdict,
            reason="; ".join(state.reasons),
            fired=state.fired,
            numbers=measured,
            thresholds=copies if axis is Axis.ERBB2 else dict(thresholds.get(section, {})),
            fingerprint=sample.fingerprint,
            row=f"samples: {sample.sample}",
        )


def judged_as(sample: SampleEvidence) -> Specimen:
    """The specimen whose thresholds the sample has: ctDNA without UMIs has those of tissue."""
    without_umi = "ctdna_without_umi" in (*sample.flags, *sample.genotypes.flags)
    return Specimen.TISSUE if without_umi else sample.specimen


def _of_genes(genes: Sequence[GeneGenotype]) -> dict[str, float]:
    """Fractions and counts of every reported change, and the limits of the genes."""
    found: dict[str, float] = {}
    for gene in genes:
        for allele in gene.alleles:
            name = f"{gene.gene} {allele.protein}"
            found[f"{name} vaf"] = allele.vaf
            found[f"{name} alt_fragments"] = allele.alt_fragments
            found[f"{name} fragments"] = allele.fragments
            found |= {f"{name} {key}": value for key, value in _present(allele, ("ccf", "ccf_low", "ccf_high")).items()}
        limits = _present(gene, ("excluded_vaf", "excluded_ccf"))
        found |= {f"{gene.gene} {key}": value for key, value in limits.items()}
    return found


def _of_blood(result: HeregulinResult, state: AxisState) -> AxisEvidence:
    cutoff = result.cutoff_pg_per_ml
    return AxisEvidence(
        axis=Axis.HRG,
        timepoint=result.timepoint,
        sample="",
        verdict=state.verdict,
        reason="; ".join(state.reasons),
        fired=state.fired,
        numbers=_present(result, _BLOOD_NUMBERS),
        thresholds={} if cutoff is None else {"cutoff_pg_per_ml": cutoff},
        fingerprint="",
        row=f"heregulin: {result.patient} {result.timepoint}",
    )


def _present(record: object, names: Sequence[str]) -> dict[str, float]:
    """The numbers of a record that are known, by name."""
    values = {name: getattr(record, name) for name in names}
    return {name: value for name, value in values.items() if value is not None}
