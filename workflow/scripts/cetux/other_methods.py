"""Results of other methods (FISH, IHC, ddPCR) beside what the workflow says of the same thing; never instead of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cetux.axes import shows_tumour
from cetux.evidence import Allele, HeregulinResult, SampleEvidence
from cetux.sheets import Row
from cetux.states import (
    Agreement,
    Axis,
    Erbb2,
    Genotype,
    Heregulin,
    MethodResult,
    Specimen,
    Timepoint,
    Verdict,
)
from cetux.support import RAS_GENES

IN_SITU = ("FISH", "ISH", "IHC")
"""Methods that confirm an amplification found by sequencing."""

BLOOD = "blood"
"""Specimen of heregulin, whether serum or plasma."""

_VERDICTS = {
    MethodResult.POSITIVE: Verdict.POSITIVE,
    MethodResult.NEGATIVE: Verdict.NEGATIVE,
    MethodResult.EQUIVOCAL: Verdict.NOT_USABLE,
    MethodResult.FAILED: Verdict.NOT_USABLE,
}


@dataclass(frozen=True)
class Reading:
    """What the workflow says of one analyte in one sample (or in blood).

    verdict: NOT_USABLE also for a grey zone. copies: ERBB2 per tumour cell, purity-adjusted. ratio: copies of ERBB2
    over those of its 17q controls. vaf: fraction 0..1 of a change that was found.
    """

    verdict: Verdict
    state: str
    reason: str = ""
    sample: str = ""
    copies: float | None = None
    ratio: float | None = None
    vaf: float | None = None


@dataclass(frozen=True)
class ComparedResult:
    """One row of the concordance sheet beside the workflow's reading.

    what: the analyte with the change looked for, if any. axis: RAS, BRAF, ERBB2 or HRG, else the gene; an ERBB2
    mutation is ``ERBB2 mutation``. specimen: tissue, ctdna, or blood for heregulin. ratio: per CEP17; copies: per
    tumour cell; vaf: 0..1; all as the other laboratory gave them. ours: None where nothing of ours is there to compare
    with. agreement: None unless both sides are positive or negative. flag: for the call, empty where nothing is to be
    said.
    """

    patient: str
    timepoint: Timepoint
    specimen: str
    what: str
    axis: str
    method: str
    result: MethodResult
    ratio: float | None
    copies: float | None
    vaf: float | None
    date: str
    ours: Reading | None
    agreement: Agreement | None
    flag: str

    @property
    def verdict(self) -> Verdict:
        """What the other method says; an equivocal or failed result is not usable."""
        return _VERDICTS[self.result]

    @property
    def words(self) -> str:
        """The row in a few words, such as ``FISH ERBB2 positive at pre (here NEG)``."""
        here = f"here {self.ours.state}" if self.ours else f"no {self.specimen} result here"
        return f"{self.method} {self.what} {self.result} at {self.timepoint} ({here})"


def compare(
    rows: Sequence[Row], samples: Sequence[SampleEvidence], heregulin: Mapping[Timepoint, HeregulinResult]
) -> tuple[ComparedResult, ...]:
    """Each row of one patient beside the patient's own evidence, in the order of time point, analyte and method.

    Of several samples of the time point and specimen a positive speaks first, then a suspicious one (grey zone,
    equivocal gain), then a negative, as on the axes of the call.

    Args:
        rows: of the concordance sheet, one patient's.
        samples, heregulin: of that patient.
    """
    compared = [_compared(row, samples, heregulin) for row in rows]
    return tuple(
        sorted(compared, key=lambda one: (one.timepoint is Timepoint.POST, one.axis, one.what, one.method, one.date))
    )


def flags(compared: Sequence[ComparedResult]) -> tuple[str, ...]:
    """What the results of other methods add to the flags of a call, each once."""
    return tuple(dict.fromkeys(one.flag for one in compared if one.flag))


def amplification_confirmed(compared: Sequence[ComparedResult], timepoint: Timepoint | None) -> bool:
    """Whether an in-situ method or IHC found ERBB2 positive at the judged time point, too."""
    return any(
        one.method in IN_SITU
        and one.axis == Axis.ERBB2
        and one.result is MethodResult.POSITIVE
        and one.timepoint is timepoint
        for one in compared
    )


def _compared(
    row: Row, samples: Sequence[SampleEvidence], heregulin: Mapping[Timepoint, HeregulinResult]
) -> ComparedResult:
    timepoint = Timepoint(row["timepoint"])
    result = MethodResult(row["result"])
    if row["analyte"] == Axis.HRG:
        specimen, ours = BLOOD, _heregulin(heregulin.get(timepoint))
    else:
        specimen = _specimen(row, samples)
        chosen = [
            sample
            for sample in samples
            if sample.timepoint is timepoint and sample.specimen == specimen and row["sample"] in ("", sample.sample)
        ]
        ours = _best([_reading(row["analyte"], row["change"], sample) for sample in chosen])
    what = f"{row['analyte']} {row['change']}".strip()
    return ComparedResult(
        patient=row["patient"],
        timepoint=timepoint,
        specimen=specimen,
        what=what,
        axis=_axis(row["analyte"], row["change"]),
        method=row["method"],
        result=result,
        ratio=_number(row["ratio"]),
        copies=_number(row["copies"]),
        vaf=_number(row["vaf"]),
        date=row["date"],
        ours=ours,
        agreement=_agreement(_VERDICTS[result], ours),
        flag=_flag(row["method"], what, result, ours),
    )


def _specimen(row: Row, samples: Sequence[SampleEvidence]) -> str:
    """Of the sample that the row names, else the cell's, else tissue."""
    named = [sample.specimen for sample in samples if sample.sample == row["sample"]]
    return named[0] if named else row["specimen"] or Specimen.TISSUE


def _number(cell: str) -> float | None:
    return float(cell) if cell else None


def _axis(analyte: str, change: str) -> str:
    if analyte in RAS_GENES:
        return Axis.RAS
    return f"{analyte} mutation" if change and analyte == Axis.ERBB2 else analyte


def _best(readings: Sequence[Reading]) -> Reading | None:
    grey = (Erbb2.EQUIVOCAL, Genotype.MUT_LOW)

    def rank(reading: Reading) -> tuple[int, str]:
        if reading.verdict is Verdict.NOT_USABLE:
            return (1 if reading.state in grey else 3), reading.sample
        return (0 if reading.verdict is Verdict.POSITIVE else 2), reading.sample

    return min(readings, key=rank, default=None)


def _agreement(theirs: Verdict, ours: Reading | None) -> Agreement | None:
    if ours is None or Verdict.NOT_USABLE in (theirs, ours.verdict):
        return None
    if theirs is ours.verdict:
        return Agreement.AGREE
    return Agreement.ONLY_THEIRS if theirs is Verdict.POSITIVE else Agreement.ONLY_OURS


def _flag(method: str, what: str, result: MethodResult, ours: Reading | None) -> str:
    """A conflict of two usable results; and a positive where the workflow has no usable one."""
    agreement = _agreement(_VERDICTS[result], ours)
    if agreement is Agreement.AGREE or (agreement is None and result is not MethodResult.POSITIVE):
        return ""
    here = ours.state if ours else "not measured"
    kind = "other_method_alone" if agreement is None else "other_method_differs"
    return f"{kind}:{method} {what} {result}, here {here}"


def _reading(analyte: str, change: str, sample: SampleEvidence) -> Reading:
    if analyte == Axis.ERBB2 and not change:
        return _amplification(sample)
    return _gene(analyte, change, sample)


def _amplification(sample: SampleEvidence) -> Reading:
    copies = sample.erbb2
    verdict = Verdict.NOT_USABLE
    if sample.usable.ok and copies.state is Erbb2.AMP:
        verdict = Verdict.POSITIVE
    elif sample.usable.ok and copies.state in (Erbb2.NEG, Erbb2.POLYSOMY) and shows_tumour(sample):
        verdict = Verdict.NEGATIVE
    known = sample.usable.ok and copies.state is not Erbb2.NE  # no number stands where a failure was
    return Reading(
        verdict=verdict,
        state=copies.state,
        reason=copies.reason,
        sample=sample.sample,
        copies=copies.copies_above_zero if known else None,
        ratio=copies.ratio if known else None,
    )


def _gene(name: str, change: str, sample: SampleEvidence) -> Reading:
    """The gene's state, or that of one change: absent where every required codon was read and it was not found."""
    gene = sample.genotypes.genes.get(name)
    if gene is None or not sample.usable.ok or not gene.codons_read:
        return Reading(Verdict.NOT_USABLE, Genotype.NO_CALL, "not assessed", sample.sample)
    found = [allele for allele in gene.alleles if change in ("", allele.protein)]
    doubtful = [trace for trace in gene.traces if trace.protein == change and trace.filters]
    absent = Genotype.WT if not gene.failing and not doubtful else Genotype.NO_CALL
    state = _state(found) if found else absent
    verdict = Verdict.NOT_USABLE
    if state is Genotype.MUT:
        verdict = Verdict.POSITIVE
    elif state is Genotype.WT and shows_tumour(sample):
        verdict = Verdict.NEGATIVE
    vaf = max((allele.vaf for allele in found), default=None)
    return Reading(verdict, state, gene.reason or "; ".join(gene.failing), sample.sample, vaf=vaf)


def _state(alleles: Sequence[Allele]) -> Genotype:
    return Genotype.MUT if any(allele.state is Genotype.MUT for allele in alleles) else Genotype.MUT_LOW


def _heregulin(result: HeregulinResult | None) -> Reading | None:
    if result is None:
        return None
    verdict = Verdict.NOT_USABLE
    if result.state is Heregulin.HIGH:
        verdict = Verdict.POSITIVE
    elif result.state in (Heregulin.LOW, Heregulin.BLQ):
        verdict = Verdict.NEGATIVE
    return Reading(verdict, result.state, result.reason)
