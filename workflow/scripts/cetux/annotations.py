"""What a finding is reported to mean, from the dated table `resources/annotations.tsv`: research use only, no advice.

A finding is never called "resistant to" anything: it is an alteration *reported as associated* with resistance. Every
figure stands with its study, its source and the day of its entry; rows whose figures were not seen in a source, and
levels of evidence schemes (OncoKB, ESCAT, AMP), are not in the table.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

from cetux import resources
from cetux.states import Annotation, Genotype, Mechanism, Verdict

LEVELS = ("guideline", "regulatory", "clinical", "planned", "preclinical")
"""Kinds of evidence. planned: a trial without a result in its source."""

TUMOUR_TYPES = {"colorectal": "colorectal cancer", "lung": "lung cancer", "head_and_neck": "head and neck cancer"}
"""Tumour types of the table, as in the patients sheet, in words."""

COLUMNS = (
    *("mechanism", "allele", "ras", "tumour_type", "level", "study", "population", "regimen", "n", "figures"),
    *("evidence", "source", "entered"),
)
"""Columns of the table, all of them."""

ASSOCIATED = "alteration reported as associated with resistance to anti-EGFR antibodies in colorectal cancer"
"""The most that is said of a finding that counts."""

_STATEMENTS: Mapping[str, str] = {
    **dict.fromkeys(Mechanism, ASSOCIATED),
    Mechanism.HRG_HIGH: ASSOCIATED.replace("alteration", "high circulating heregulin"),
    Annotation.BRAF_CLASS3: "responses to anti-EGFR antibodies are reported: annotated, not a mechanism",
}
_UNITS = {"ORR": "%", "DOR": "months", "PFS": "months", "OS": "months", "HR_PFS": "", "HR_OS": ""}
_RAS = {str(Genotype.WT): Verdict.NEGATIVE, str(Genotype.MUT): Verdict.POSITIVE, "": None}
_NUMBER = r"\d+(?:\.\d+)?"
_ARM = rf"({_NUMBER})(?: (%|months))?(?: \(({_NUMBER})-({_NUMBER})\))?"
_FIGURE = re.compile(rf"([A-Z_]+) (?:(\d+)/(\d+) = )?{_ARM}(?: vs {_ARM})?")
_LABEL = re.compile(r"(\w+)(?:\((.+)\))?")


@dataclass(frozen=True)
class Estimate:
    """A printed value with its 95 % interval, where one was printed; in the unit of its figure."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Figure:
    """One published result.

    measure: ORR in %, DOR, PFS and OS as medians in months, HR_* as a hazard ratio. responders: number behind an ORR.
    comparator: the same in the control arm. text: as it stands in the table.
    """

    measure: str
    estimate: Estimate
    comparator: Estimate | None
    responders: int | None
    text: str


@dataclass(frozen=True)
class EvidenceItem:
    """One row of the table.

    mechanism: kind of finding it belongs to. allele: as in a label's brackets, empty for every one. ras: verdict on the
    RAS axis that it presumes, None for any. n: patients. entered: ISO date on which the row was last checked.
    """

    mechanism: str
    allele: str
    ras: Verdict | None
    tumour_type: str
    level: str
    study: str
    population: str
    regimen: str
    n: int | None
    figures: tuple[Figure, ...]
    evidence: str
    source: str
    entered: str

    @property
    def sentence(self) -> str:
        """The row in words, with its source and date."""
        facts = [f"n = {self.n}"] if self.n is not None else []
        facts += [figure.text.replace("_", " ") for figure in self.figures]
        numbers = f" ({'; '.join(facts)})" if facts else ""
        where = f"{self.regimen} in {TUMOUR_TYPES[self.tumour_type]}, {self.population}"
        return f"{self.study}: {where}: {self.evidence}{numbers}. {self.source}; entered {self.entered}"


@dataclass(frozen=True)
class ReportedMeaning:
    """What is reported of one finding: the statement first, then cautions, then the evidence."""

    label: str
    statement: str
    cautions: tuple[str, ...]
    evidence: tuple[EvidenceItem, ...]


def annotations_of(labels: Iterable[str], ras: Verdict | None, confirmed: bool = False) -> tuple[ReportedMeaning, ...]:
    """What is reported of each finding; labels that are neither a mechanism nor BRAF class 3 are passed over.

    Evidence from tumours of one RAS status is given only where the patient's own is known to be the same: a RAS axis
    that is not usable is no wild type.

    Args:
        labels: such as ``RAS_MUT(KRAS G12C)`` or ``ERBB2_AMP``, as in a call's findings and annotations.
        ras: verdict on the RAS axis at the judged time point, None where it was not judged.
        confirmed: an amplification is positive by IHC, FISH or another in-situ method too.
    """
    return tuple(_meaning(label, ras, confirmed) for label in dict.fromkeys(labels) if _parts(label)[0] in _STATEMENTS)


def _meaning(label: str, ras: Verdict | None, confirmed: bool) -> ReportedMeaning:
    mechanism, allele = _parts(label)
    rows = [item for item in items() if item.mechanism == mechanism and item.allele in ("", allele)]
    fitting = tuple(item for item in rows if item.ras in (None, ras))
    cautions = []
    if mechanism == Mechanism.ERBB2_AMP and not confirmed:
        cautions.append("copy number by sequencing alone: confirm by IHC/ISH, which trials require")
    if mechanism == Mechanism.HRG_HIGH:
        cautions.append("a high ligand is not an NRG1 fusion, of which nothing is said here")
    if ras not in (Verdict.POSITIVE, Verdict.NEGATIVE) and len(fitting) < len(rows):
        cautions.append("RAS not assessed: evidence that presumes a RAS status is left out")
    return ReportedMeaning(label, _STATEMENTS[mechanism], tuple(cautions), fitting)


def _parts(label: str) -> tuple[str, str]:
    """Kind and allele of a label; a kind that is not known of a label of another form.

    >>> _parts("RAS_MUT(KRAS G12C)"), _parts("ERBB2_AMP"), _parts("KRAS: no sample")
    (('RAS_MUT', 'KRAS G12C'), ('ERBB2_AMP', ''), ('', ''))
    """
    found = _LABEL.fullmatch(label)
    return (found[1], found[2] or "") if found else ("", "")


@cache
def items() -> tuple[EvidenceItem, ...]:
    """The table's rows.

    Raises:
        ValueError: a row breaks the table's rules; names the row and what is wrong.
    """
    return read_items(resources.annotations())


def read_items(rows: Iterable[Mapping[str, str]]) -> tuple[EvidenceItem, ...]:
    """Evidence from rows of text; raises ValueError, with the row's number, where one breaks the table's rules."""
    found: list[EvidenceItem] = []
    for number, row in enumerate(rows, start=2):
        try:
            item = _item(row)
            if item in found:
                raise ValueError("the row stands twice")
        except ValueError as error:
            raise ValueError(f"annotations.tsv, row {number}: {error}") from None
        found.append(item)
    return tuple(found)


def _item(row: Mapping[str, str]) -> EvidenceItem:
    if tuple(row) != COLUMNS:
        raise ValueError(f"its columns are {', '.join(map(str, row))}")
    for column, known in (("mechanism", _STATEMENTS), ("ras", _RAS), ("tumour_type", TUMOUR_TYPES), ("level", LEVELS)):
        if row[column] not in known:
            raise ValueError(f"{column} {row[column]!r} is not one of {', '.join(known)}")
    for column in ("study", "population", "regimen", "evidence", "source"):
        if not row[column]:
            raise ValueError(f"{column} is empty")
    if "resistant to" in " ".join(row.values()):
        raise ValueError("no row says 'resistant to'")
    date.fromisoformat(row["entered"])
    n = int(row["n"]) if row["n"] else None
    return EvidenceItem(
        mechanism=row["mechanism"],
        allele=row["allele"],
        ras=_RAS[row["ras"]],
        n=n,
        figures=tuple(_figure(text, n) for text in row["figures"].split("; ") if text),
        **{key: row[key] for key in COLUMNS if key not in ("mechanism", "allele", "ras", "n", "figures")},
    )


def _figure(text: str, n: int | None) -> Figure:
    """A figure such as ``ORR 31/82 = 37.8 % (27.3-49.2)`` or ``OS 8.4 months (7.5-11.0) vs 5.4 months (4.8-6.6)``."""
    found = _FIGURE.fullmatch(text)
    if found is None or found[1] not in _UNITS:
        raise ValueError(f"the figure {text!r} cannot be read")
    measure, responders, of, *arms = found.groups()
    given = [arm for arm in (arms[:4], arms[4:]) if arm[0] is not None]
    if any((arm[1] or "") != _UNITS[measure] for arm in given):
        raise ValueError(f"the unit of {text!r} is not {_UNITS[measure] or 'none'}")
    estimates = [_estimate(arm[0], arm[2], arm[3]) for arm in given]
    if responders is not None:
        decimals = len(arms[0].partition(".")[2])
        if int(of) != n or round(100 * int(responders) / int(of), decimals) != estimates[0].value:
            raise ValueError(f"{text!r} does not go with itself, or with n")
    return Figure(measure, estimates[0], (*estimates, None)[1], int(responders) if responders else None, text)


def _estimate(value: str, low: str | None, high: str | None) -> Estimate:
    read = Estimate(float(value), float(low) if low else None, float(high) if high else None)
    if read.low is not None and read.high is not None and not read.low <= read.value <= read.high:
        raise ValueError(f"{value} lies outside its interval {low}-{high}")
    return read
