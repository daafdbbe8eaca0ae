"""The clinical class of resistance, from best response, progression and treatment."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cetux.cohort import Patient
from cetux.states import ResistanceClass


@dataclass(frozen=True)
class ClinicalClass:
    """Class, the reason in words, and flags. off_drug: progression came too long after the last dose."""

    resistance: ResistanceClass
    reason: str
    off_drug: bool = False
    flags: tuple[str, ...] = ()


def classify(patient: Patient, rules: Mapping[str, Any]) -> ClinicalClass:
    """Class of one patient (Jackman JCO 28:357 and the SITC table, as `rules.md` decides).

    Args:
        patient: response and days since the start of treatment.
        rules: the `clinical` section of the settings; days.

    Progression on treatment is progression while on the drug (no last dose) or at most `off_drug_days` after it. PFS is
    the day of progression. A response outranks its duration: PR with a short PFS is acquired, flagged.
    """
    progression, last_dose = patient.progression_day, patient.last_dose_day
    if progression is None:
        exposure = last_dose if last_dose is not None else patient.last_contact_day
        if exposure is not None and exposure < rules["min_exposure_days"]:
            reason = f"treated for {exposure} days without progression; {rules['min_exposure_days']} are needed"
            return ClinicalClass(ResistanceClass.NOT_EVALUABLE, reason)
        if patient.best_response == "PD":
            return ClinicalClass(ResistanceClass.NOT_EVALUABLE, "best response PD, but no day of progression")
        return ClinicalClass(ResistanceClass.NOT_RESISTANT, "no progression")
    if last_dose is not None and progression - last_dose > rules["off_drug_days"]:
        days = progression - last_dose
        reason = f"progression {days} days after the last dose; at most {rules['off_drug_days']} count as on treatment"
        return ClinicalClass(ResistanceClass.NOT_EVALUABLE, reason, off_drug=True)
    benefit = rules["stable_disease_days"]
    said = f"best response {patient.best_response}, progression on treatment on day {progression}"
    if patient.best_response in ("CR", "PR"):
        flags = ("short_response",) if progression < benefit else ()
        return ClinicalClass(ResistanceClass.ACQUIRED, said, flags=flags)
    if patient.best_response == "PD":
        return ClinicalClass(ResistanceClass.DE_NOVO, said)
    if patient.best_response == "SD":
        if rules["de_novo"] == "paper":
            return ClinicalClass(ResistanceClass.DE_NOVO, f"{said}; SD counts as de novo (paper)")
        if progression >= benefit:
            return ClinicalClass(ResistanceClass.ACQUIRED, f"{said}; SD of at least {benefit} days is benefit")
        if rules["de_novo"] == "standard":
            return ClinicalClass(ResistanceClass.DE_NOVO, f"{said}; SD below {benefit} days is no benefit")
        return ClinicalClass(ResistanceClass.NOT_EVALUABLE, f"{said}; short SD counts as neither (strict)")
    return ClinicalClass(ResistanceClass.NOT_EVALUABLE, "the best response was not assessed")
