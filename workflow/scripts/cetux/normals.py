"""Which normals may serve as a reference: each is held against the others, and one that stands apart is left out.

Depths are compared as log2 about their sample's median, less the median of the other normals in each bin, less the
trend with the bin's place in the others' depth (a stand-in for GC, which the depths do not tell). What is left is
noise, or copies that a normal does not have.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cetux.gene_bins import erbb2_locus, over
from cetux.genomes import plain_contig
from cetux.resources import Interval, erbb2_exons
from cetux.shared_noise import SharedVariance, between, shared_variance
from cetux.shared_patterns import enough, patterns

_NORMAL_SD_PER_MAD = 1.4826
_LEAST_TO_COMPARE = 4
"""Normals needed to tell which of them stands apart: three others have a middle one [P]."""
_DEEP_ENOUGH = 4.0
"""Bins of less than 1/16 of the median depth are too thin to compare (log2)."""
_LEAST_BINS_A_CHROMOSOME = 20
_LEAST_BINS_A_LOCUS = 3

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class NormalProfile:
    """One normal beside the others, in log2.

    noise: standard deviation of a bin, from the differences of neighbours. gene: mean over ERBB2, None with fewer than
    three bins. shifted: chromosomes whose median lies more than the limit off.
    """

    sample: str
    noise_log2: float
    gene_log2: float | None
    shifted: tuple[str, ...]


@dataclass(frozen=True)
class NormalChecks:
    """What the comparison found: profiles by sample, reasons to leave out, and the spread of each bin between the kept.

    bin_sd_log2: root mean square of the leave-one-out residuals, one value a bin (NaN where it is too thin).
    gene_sd_log2: standard deviation of ERBB2's mean. shared_sd_log2: root mean square, over the kept, of what the bins
    of one locus share, and shared_variance_spread of its square between them (`shared_noise.between`); None where no
    normal has enough loci to tell.
    """

    profiles: tuple[NormalProfile, ...]
    left_out: dict[str, str]
    bin_sd_log2: Floats
    gene_sd_log2: float | None
    shared_sd_log2: float | None = None
    shared_variance_spread: float | None = None


def check_normals(
    tables: Sequence[pd.DataFrame], names: Sequence[str], build: str, limits: Mapping[str, Any]
) -> NormalChecks:
    """Hold every normal against the others.

    Args:
        tables: depth of the target bins of each normal (chromosome, start, end, depth), the same bins in each.
        names: of the normals, parallel.
        build: the assay's build, for the place of ERBB2.
        limits: `max_normal_noise_log2`, `max_normal_gene_log2`, `max_normal_shift_log2` and
            `max_shifted_chromosomes` of the settings.

    Returns:
        Nothing to leave out with fewer than four normals: of three nobody can tell which one is odd.
    """
    if len(tables) < _LEAST_TO_COMPARE:
        return NormalChecks((), {}, np.full(len(tables[0]) if tables else 0, np.nan), None)
    bins = tables[0]
    autosomes = bins["chromosome"].map(
        {name: plain_contig(str(name)).isdigit() for name in bins["chromosome"].unique()}
    )
    residuals = _residuals(np.array([table["depth"].to_numpy(dtype=float) for table in tables]), autosomes.to_numpy())
    gene = bins.index.isin(over(bins, _span(erbb2_exons(build))).index)
    profiles = [_profile(name, row, bins, gene, limits) for name, row in zip(names, residuals, strict=True)]
    left_out = {profile.sample: reason for profile in profiles if (reason := _reason(profile, limits))}
    kept = np.array([name not in left_out for name in names])
    if not kept.any():
        return NormalChecks(tuple(profiles), left_out, np.full(len(bins), np.nan), None)
    genes = [p.gene_log2 for p in profiles if p.sample not in left_out and p.gene_log2 is not None]
    shared = _shared(bins, residuals[kept], build)
    return NormalChecks(
        tuple(profiles),
        left_out,
        np.sqrt(np.mean(residuals[kept] ** 2, axis=0)),
        float(np.std(genes, ddof=1)) if len(genes) > 1 else None,
        math.sqrt(shared.variance) if shared else None,
        shared.error if shared else None,
    )


def _shared(bins: pd.DataFrame, residuals: Floats, build: str) -> SharedVariance | None:
    """What the loci of the samples share, and how that differs between them.

    As in a sample that comes to these normals, what the others show of it is taken off first.
    """
    known = np.isfinite(residuals).all(axis=0)
    places, values = bins[known].assign(weight=1.0).reset_index(drop=True), residuals[:, known]
    frames = [places.assign(log2=row) for row in values]
    if enough(len(residuals), len(bins)):
        for at, frame in enumerate(frames):
            frame["log2"] -= patterns(frame, np.delete(values, at, axis=0))
    found = [shared_variance(frame, erbb2_locus(build), _LEAST_BINS_A_LOCUS) for frame in frames]
    return between([shared for shared in found if shared])


def _span(exons: Sequence[Interval]) -> list[Interval]:
    return [Interval(exons[0].chrom, min(e.start for e in exons), max(e.end for e in exons))]


def _residuals(depth: Floats, autosomes: npt.NDArray[np.bool_]) -> Floats:
    """log2 of each sample (row) and bin against the others; NaN off the autosomes and where the bin is too thin."""
    with np.errstate(divide="ignore"):
        log2 = np.log2(depth)
    centred = log2 - np.median(log2[:, autosomes], axis=1, keepdims=True)
    usable = autosomes & np.isfinite(centred).all(axis=0) & (np.median(centred, axis=0) > -_DEEP_ENOUGH)
    found = np.full(depth.shape, np.nan)
    for at in range(len(depth)):
        others = np.median(np.delete(centred[:, usable], at, axis=0), axis=0)
        apart = centred[at, usable] - others
        rank = pd.Series(others).rank(method="first").to_numpy()
        parts = np.minimum((rank - 1) * 20 // max(len(others), 1), 19)
        trend = pd.Series(apart).groupby(parts).transform("median").to_numpy()
        found[at, usable] = apart - trend
    return found


def _profile(
    name: str, row: Floats, bins: pd.DataFrame, gene: npt.NDArray[np.bool_], limits: Mapping[str, Any]
) -> NormalProfile:
    known = np.isfinite(row)
    steps = np.abs(np.diff(row[known]))
    noise = _NORMAL_SD_PER_MAD / np.sqrt(2) * float(np.median(steps)) if len(steps) else 0.0
    over_gene = row[gene & known]
    medians = pd.Series(row[known]).groupby(bins["chromosome"].to_numpy()[known]).agg(["median", "size"])
    wide = medians[medians["size"] >= _LEAST_BINS_A_CHROMOSOME]
    shifted = wide.index[wide["median"].abs() > limits["max_normal_shift_log2"]]
    mean = float(over_gene.mean()) if len(over_gene) >= 3 else None
    return NormalProfile(name, float(noise), mean, tuple(sorted(map(str, shifted))))


def _reason(profile: NormalProfile, limits: Mapping[str, Any]) -> str:
    """Why the normal cannot serve; empty if it can."""
    allowed = limits["max_normal_noise_log2"]
    if profile.noise_log2 > allowed:
        return f"noisy: its bins scatter by {profile.noise_log2:.2f} log2 against the other normals, {allowed} allowed"
    if len(profile.shifted) > limits["max_shifted_chromosomes"]:
        where = ", ".join(profile.shifted[:5])
        many = len(profile.shifted)
        return f"tumour-like or prepared otherwise: {many} chromosomes stand off the other normals ({where})"
    if profile.gene_log2 is not None and profile.gene_log2 > limits["max_normal_gene_log2"]:
        copies = 2 * 2**profile.gene_log2
        return f"looks amplified: {copies:.1f} observed copies of ERBB2 against the other normals"
    return ""
