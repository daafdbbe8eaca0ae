"""What a paper's methods must name: versions and cut-offs that were really used."""

from functools import cache
from importlib.metadata import version

from cetux.cohort_calls import CohortCalls
from cetux.heregulin_calls import HeregulinCalls
from cetux.version import VERSION

_PACKAGES = ("snakemake", "cnvkit", "pysam", "lifelines", "scipy")


@cache  # it stands on every patient's page
def versions() -> str:
    """This workflow and the packages whose versions can change a result."""
    return ", ".join([f"cetux {VERSION}", *(f"{name} {version(name)}" for name in _PACKAGES)])


def facts(calls: CohortCalls, heregulin: HeregulinCalls) -> dict[str, str]:
    """What the paragraph in ``workflow/report/methods.txt.j2`` names: numbers, versions by package, cut-offs."""
    cutoffs = [
        f"{cutoff.assay} in {cutoff.matrix}: {cutoff.method}, {cutoff.value_pg_per_ml:.4g} pg/mL"
        for cutoff in heregulin.cutoffs
        if cutoff.value_pg_per_ml is not None
    ]
    return {
        "patients": str(len(calls.patients)),
        "samples": str(sum(len(patient.samples) for patient in calls.patients)),
        "cutoffs": "; ".join(cutoffs),
        **{name: version(name) for name in _PACKAGES},
    }
