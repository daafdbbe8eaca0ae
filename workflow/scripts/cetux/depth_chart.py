"""Depth of every listed codon in every sample, as a heat map."""

import numpy as np
from matplotlib.axes import Axes

from cetux.cohort_calls import CohortCalls
from cetux.evidence import SampleEvidence
from cetux.pictures import Chart, inline_svg

_MOST_NAMED = 60


def chart(calls: CohortCalls) -> Chart:
    """Fragments over each codon that any sample was asked about; white is not read."""
    samples = sorted(
        (one for patient in calls.patients for one in patient.samples if one.genotypes.genes),
        key=lambda one: one.sample,
    )
    codons = sorted({key for sample in samples for key in _depths(sample)})
    depths = np.array([[_depths(sample).get(codon, 0) for sample in samples] for codon in codons], dtype=float)
    thin = int((depths < 200).sum()) if depths.size else 0
    return Chart(
        name="depth",
        title="Depth of the listed codons",
        alt=f"{len(codons)} codons in {len(samples)} samples; {thin} of {depths.size} are below 200 fragments, which "
        "the default wild type at 5 % VAF needs.",
        svg=inline_svg(lambda axes: _draw(axes, depths, codons, samples), 8.0, 1.2 + 0.13 * max(len(codons), 4)),
        columns=("sample", *(f"{gene} {codon}" for gene, codon in codons)),
        rows=tuple(
            (sample.sample, *(str(_depths(sample).get(codon, "not read")) for codon in codons)) for sample in samples
        ),
    )


def _depths(sample: SampleEvidence) -> dict[tuple[str, int], int]:
    genes = sample.genotypes.genes.values()
    return {(gene.gene, limit.codon): limit.fragments for gene in genes for limit in gene.codons}


def _draw(axes: Axes, depths: np.ndarray, codons: list[tuple[str, int]], samples: list[SampleEvidence]) -> None:
    if not depths.size:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "no sample was genotyped", ha="center", transform=axes.transAxes)
        return
    shown = np.ma.masked_less_equal(depths, 0)
    mesh = axes.pcolormesh(np.log10(shown), cmap="cividis", vmin=1.0, vmax=4.0, rasterized=True)
    bar = axes.figure.colorbar(mesh, ax=axes, ticks=[1, 2, np.log10(200), 3, 4], shrink=0.8)
    bar.ax.set_yticklabels(["10", "100", "200", "1,000", "10,000"])
    bar.set_label("fragments")
    axes.set_yticks(np.arange(len(codons)) + 0.5, [f"{gene} {codon}" for gene, codon in codons], fontsize=6)
    if len(samples) <= _MOST_NAMED:
        axes.set_xticks(np.arange(len(samples)) + 0.5, [sample.sample for sample in samples], rotation=90, fontsize=7)
    else:
        axes.set_xticks([])
        axes.set_xlabel(f"{len(samples)} samples")
    axes.tick_params(length=0)
