"""The clinical class of resistance, from best response, progression and treatment."""

from dataclasses import dataclass

from cetux.cohort import Patient
from cetux.mechanism_rules import BY_DURATION, ClassRules
from cetux.states import ResistanceClass


@dataclass(frozen=True)
class ClinicalClass:
    """Class, the reason in words, and flags.

    rule: id of the rule that fired, as in ``classes.ACQUIRED.PR``; empty where nothing but the absence of progression
    decided. off_drug: progression came too long after the last dose.
    """

    resistance: ResistanceClass
    reason: str
    rule: str = ""
    off_drug: bool = False
    flags: tuple[str, ...] = ()


def classify(patient: Patient, rules: ClassRules) -> ClinicalClass:
    """Class of one patient (Jackman JCO 28:357 and the SITC table, as `rules.md` decides).

    Args:
        patient: response and days since the start of treatment.
        rules: the classes of mechanisms.yaml.

    Progression on treatment is progression while on the drug (no last dose) or at most `off_drug_days` after it. PFS is
    the day of progression. A response outranks its duration: PR with a short PFS is acquired, flagged.
    """
    group = rules.responses[patient.best_response]
    progression, last_dose = patient.progression_day, patient.last_dose_day
    if progression is None:
        exposure = last_dose if last_dose is not None else patient.last_contact_day
        if exposure is not None and exposure < rules.min_exposure_days:
            reason = f"treated for {exposure} days without progression; {rules.min_exposure_days} are needed"
            return ClinicalClass(ResistanceClass.NOT_EVALUABLE, reason, "classes.min_exposure_days")
        if group == ResistanceClass.DE_NOVO:
            said = f"best response {patient.best_response}, but no day of progression"
            return ClinicalClass(ResistanceClass.NOT_EVALUABLE, said, _rule(group, patient))
        return ClinicalClass(ResistanceClass.NOT_RESISTANT, "no progression")
    if last_dose is not None and progression - last_dose > rules.off_drug_days:
        days = progression - last_dose
        reason = f"progression {days} days after the last dose; at most {rules.off_drug_days} count as on treatment"
        return ClinicalClass(ResistanceClass.NOT_EVALUABLE, reason, "classes.off_drug_days", off_drug=True)
    if group == ResistanceClass.NOT_EVALUABLE:
        return ClinicalClass(ResistanceClass.NOT_EVALUABLE, "the best response was not assessed", _rule(group, patient))
    said = f"best response {patient.best_response}, progression on treatment on day {progression}"
    if group == BY_DURATION:
        return _by_duration(patient, progression, said, rules)
    short = group == ResistanceClass.ACQUIRED and progression < rules.short_response_days
    return ClinicalClass(
        ResistanceClass(group), said, _rule(group, patient), flags=("short_response",) if short else ()
    )


def _rule(group: str, patient: Patient) -> str:
    return f"classes.{group}.{patient.best_response}"


def _by_duration(patient: Patient, progression: int, said: str, rules: ClassRules) -> ClinicalClass:
    """Stable disease, which is a benefit only where it lasts."""
    response, rule = patient.best_response, _rule(BY_DURATION, patient)
    if rules.option == "paper" or rules.stable_disease_days is None:
        return ClinicalClass(ResistanceClass.DE_NOVO, f"{said}; {response} counts as de novo (paper)", rule)
    days = rules.stable_disease_days
    if progression >= days:
        return ClinicalClass(ResistanceClass.ACQUIRED, f"{said}; {response} of at least {days} days is benefit", rule)
    if rules.option == "standard":
        return ClinicalClass(ResistanceClass.DE_NOVO, f"{said}; {response} below {days} days is no benefit", rule)
    return ClinicalClass(ResistanceClass.NOT_EVALUABLE, f"{said}; short {response} counts as neither (strict)", rule)
