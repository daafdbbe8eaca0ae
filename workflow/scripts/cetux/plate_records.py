"""What one job makes of one plate file, and how its samples become measurements."""

from dataclasses import dataclass, replace

from cetux.calibration import Curve
from cetux.measurement import Measurement
from cetux.plate_layout import Role
from cetux.plate_quality import QcCheck, Replicates, StandardCheck
from cetux.states import Timepoint

WHOLE_FILE = 0
"""Number of the entry that stands for a file as a whole, for samples that no plate of it could give."""


@dataclass(frozen=True)
class WellResult:
    """One well: its density (less the blank), and its concentration before dilution or ``<``, ``>`` the
    plate's limits.
    """

    well: str
    role: Role
    sample: str
    dilution: float
    density: float | None
    nominal_pg_per_ml: float | None = None
    concentration_pg_per_ml: float | None = None
    censored: str = ""
    masked: bool = False
    note: str = ""


@dataclass(frozen=True)
class SampleResult:
    """One sample of one plate, in the blood (dilution applied).

    patient, timepoint: None where the name belongs to nobody of the cohort. chosen: the dilution that counts;
    None where qc_failure says why there is none. dilutions: all of them.
    """

    sample: str
    patient: str | None
    timepoint: Timepoint | None
    chosen: Replicates | None = None
    qc_failure: str = ""
    flags: tuple[str, ...] = ()
    raw: str = ""
    dilutions: tuple[Replicates, ...] = ()


@dataclass(frozen=True)
class PlateResult:
    """One plate: why it fails (empty if it passes), its curve, limits of quantification, controls and
    samples.

    lower_limit_pg_per_ml, upper_limit_pg_per_ml: of this plate, before dilution. blank_density: mean of the
    blanks that was taken off. pooled_cv_fraction: of all its samples and controls.
    """

    number: int
    name: str
    failures: tuple[str, ...]
    curve: Curve | None = None
    lower_limit_pg_per_ml: float | None = None
    upper_limit_pg_per_ml: float | None = None
    blank_density: float | None = None
    standards: tuple[StandardCheck, ...] = ()
    controls: tuple[QcCheck, ...] = ()
    pooled_cv_fraction: float | None = None
    samples: tuple[SampleResult, ...] = ()
    wells: tuple[WellResult, ...] = ()
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class PlateFileRecord:
    """What one job makes of one file of `plates.tsv`; the entry `WHOLE_FILE` holds samples that no plate
    could give.
    """

    plates: str
    file: str
    assay: str
    matrix: str
    lloq_pg_per_ml: float
    uloq_pg_per_ml: float
    run_date: str
    kit_lot: str
    results: tuple[PlateResult, ...]


def measurements(record: PlateFileRecord) -> list[Measurement]:
    """The record's samples that belong to a patient, as the table of heregulin would hold them."""
    return [
        _measurement(record, result, sample)
        for result in record.results
        for sample in result.samples
        if sample.patient is not None
    ]


def _measurement(record: PlateFileRecord, result: PlateResult, sample: SampleResult) -> Measurement:
    assert sample.patient is not None
    where = f"{record.plates} plate {result.number}" if result.number != WHOLE_FILE else record.plates
    plain = Measurement(
        patient=sample.patient,
        timepoint=sample.timepoint,
        matrix=record.matrix,
        assay=record.assay,
        raw=f"{where}: {sample.raw}" if sample.raw else where,
        value_pg_per_ml=None,
        lloq_pg_per_ml=result.lower_limit_pg_per_ml or record.lloq_pg_per_ml,
        uloq_pg_per_ml=result.upper_limit_pg_per_ml or record.uloq_pg_per_ml,
        qc_failure=sample.qc_failure,
        flags=(*sample.flags, *(flag for flag in result.flags if flag.startswith(("lloq", "uloq")))),
    )
    if sample.chosen is None or sample.qc_failure:
        return plain
    return replace(
        plain,
        value_pg_per_ml=sample.chosen.value_pg_per_ml,
        censored=sample.chosen.censored,
        limit_pg_per_ml=sample.chosen.limit_pg_per_ml,
        dilution=sample.chosen.dilution,
        cv_fraction=sample.chosen.cv_fraction,
        pooled_cv_fraction=result.pooled_cv_fraction,
        replicates=sample.chosen.wells,
    )
