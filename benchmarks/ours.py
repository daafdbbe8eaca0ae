"""The workflow's own genotyper, as the benchmark calls it: simulated counts in, alleles out."""

import hashlib
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.error_model import BASES, ORIENTATIONS, Profile
from benchmarks.simulate_counts import FLANK_POSITIONS, CountSimulator, Drawn

from cetux.coding import Transcript, transcripts
from cetux.counts import (
    Background,
    CodonCounts,
    ErrorCount,
    HaplotypeCount,
    HaplotypeCounts,
    SampleCheck,
    Usable,
)
from cetux.evidence import Allele, SampleGenotypes
from cetux.genotype import Sample, call_genotypes
from cetux.resources import Codon, alleles
from cetux.settings import with_defaults
from cetux.states import Specimen

BUILD = "GRCh38"

TRANSCRIPTS = transcripts(BUILD, None)
_AT_ENDS = 0.05
"""Fragments of which every read over a codon ends within five bases of it."""


def _code() -> str:
    """Digest of the workflow's modules as they were loaded: which state of the code the rows are of."""
    loaded = {
        Path(str(module.__file__))
        for name, module in sys.modules.items()
        if name.startswith("cetux.") and module.__file__
    }
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(loaded))).hexdigest()[:8]


CODE = _code()
"""Computed at import, so that an edit during a long run does not show."""


def settings(floors: bool) -> dict[str, Any]:
    """The workflow's own thresholds, or without `floors` the statistical detection alone."""
    given = dict(with_defaults({})["genotypes"])
    if not floors:
        for kind in ("tissue", "ctdna"):
            given[kind] = dict(given[kind], low_vaf=1e-9, min_fragments=1)
    return given


def record(simulator: CountSimulator, drawn: Drawn) -> HaplotypeCounts:
    """The drawn sample as `count_haplotypes` would have written it."""
    forward = np.array([stratum.forward for stratum in simulator.strata])
    reverse = np.array([stratum.reverse for stratum in simulator.strata])
    names = [ORIENTATIONS[stratum.orientation] + stratum.classes for stratum in simulator.strata]
    counted = []
    for codon, reference, shown in zip(
        simulator.codons, simulator.references, simulator.haplotypes(drawn), strict=True
    ):
        haplotypes = []
        for bases, many in shown.items():
            by_name: Counter[str] = Counter()
            for index in np.flatnonzero(many):
                by_name[names[index]] += int(many[index])
            total = int(many.sum())
            haplotypes.append(
                HaplotypeCount(
                    bases=bases,
                    fragments=total,
                    forward=int(many[forward].sum()),
                    reverse=int(many[reverse].sum()),
                    at_ends=round(_AT_ENDS * total),
                    strata=dict(by_name),
                )
            )
        haplotypes.sort(key=lambda haplotype: (-haplotype.fragments, haplotype.bases))
        counted.append(CodonCounts(codon.gene, codon.codon, reference, tuple(haplotypes)))
    return HaplotypeCounts("simulated", Usable(), tuple(counted), background=_background(simulator, drawn))


def _background(simulator: CountSimulator, drawn: Drawn) -> Background:
    flanks = drawn.flanks
    errors = tuple(
        ErrorCount(
            f"{reference}>{shown}",
            ORIENTATIONS[orientation] + name,
            int(flanks.errors[i, j, k]),
            int(flanks.bases[i, k]),
        )
        for i, reference in enumerate(BASES)
        for j, shown in enumerate(BASES)
        for k, (orientation, name) in enumerate(simulator.base_strata)
        if i != j and flanks.bases[i, k]
    )
    return Background(
        errors=errors,
        positions=FLANK_POSITIONS,
        error_pairs=flanks.pairs,
        expected_pairs=flanks.expected_pairs,
        indel_bases=int(flanks.bases.sum()),
    )


def call(
    counts: HaplotypeCounts,
    codons: list[Codon],
    profile: Profile,
    thresholds: Mapping[str, Any],
    of: Mapping[str, Transcript] = TRANSCRIPTS,
) -> SampleGenotypes:
    """Genotypes of one sample of unknown purity; `of` are the codons' transcripts."""
    check = SampleCheck("simulated", Usable(), build=BUILD, contig_prefix="chr")
    sample = Sample(specimen=Specimen(profile.specimen), purity=None, umi=profile.umi, amplicon=False)
    return call_genotypes(check, counts, codons, of, alleles(), sample, thresholds)


def reported(called: SampleGenotypes) -> dict[tuple[str, int, str], Allele]:
    """Every allele that is MUT or MUT_LOW, by gene, codon and the name of its protein change."""
    return {(gene, one.codon, one.protein): one for gene, calls in called.genes.items() for one in calls.alleles}


def detected(called: SampleGenotypes) -> dict[tuple[str, int, str], Allele]:
    """Every allele that is DETECTED and not taken for an artefact, also below the floors of the rules."""
    traces = {
        (gene, one.codon, one.protein): one
        for gene, calls in called.genes.items()
        for one in calls.traces
        if not one.filters
    }
    return reported(called) | traces


def known(called: SampleGenotypes) -> set[tuple[str, str]]:
    """Gene and protein change of what is detected, or would be if it were known from another sample of the patient."""
    asked = {(gene, protein) for gene, protein in (name.split(" ", 1) for name in called.beyond_errors)}
    return asked | {(gene, protein) for gene, _, protein in detected(called)}


def limits(called: SampleGenotypes) -> dict[tuple[str, int], float | None]:
    """The smallest fraction that each codon says it would have shown."""
    return {
        (gene, limit.codon): limit.excluded_vaf for gene, genotype in called.genes.items() for limit in genotype.codons
    }
