"""The copy-number reference of an assay, and the corrected ratios and segments of one sample, through CNVkit.

Everything is done by CNVkit's library in one process: importing it costs more than the work.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from cnvlib import fix, metrics, reference, segmentation
from cnvlib.cmdutil import read_cna
from cnvlib.cnary import CopyNumArray
from skgenome import tabio

from cetux import records
from cetux.counts import CorrectedCoverage, ReferenceNotes, SampleCheck, Usable
from cetux.normals import check_normals
from cetux.shared_patterns import with_profiles, without_patterns

_CNR_HEADER = "chromosome\tstart\tend\tgene\tlog2\tdepth\tweight\n"
_CNS_HEADER = "chromosome\tstart\tend\tgene\tlog2\tdepth\tprobes\tweight\n"


@dataclass(frozen=True)
class Correction:
    """What is corrected for. gc needs the FASTA; edges are those of hybrid capture."""

    gc: bool
    edges: bool


@dataclass(frozen=True)
class Depths:
    """Paths of one sample's depth tables: on target, and off target (without a row if there are no such bins)."""

    target: str
    off_target: str


def pooled_normals(
    targets: Sequence[str], off_targets: Sequence[str], statuses: Sequence[str], checks: Sequence[str]
) -> tuple[list[Depths], ReferenceNotes]:
    """The normals that can be used, of parallel lists of each normal's depths, coverage status and check."""
    usable: list[Depths] = []
    names: list[str] = []
    left_out: dict[str, str] = {}
    for target, off_target, status, check_path in zip(targets, off_targets, statuses, checks, strict=True):
        check, counted = records.read(SampleCheck, check_path), records.read(Usable, status)
        verdict = check.usable if not check.usable.ok else counted
        if verdict.ok:
            usable.append(Depths(target, off_target))
            names.append(check.sample)
        else:
            left_out[check.sample] = verdict.reason
    return usable, ReferenceNotes(tuple(names), left_out)


def without_odd_normals(
    normals: Sequence[Depths], notes: ReferenceNotes, build: str, limits: Mapping[str, Any], spread: str
) -> tuple[list[Depths], ReferenceNotes]:
    """The normals that agree with the others, and the notes with those that do not, each with its reason.

    Args:
        normals: depths of the usable normals.
        notes: what is known of them, parallel to `normals`.
        build: the assay's build.
        limits: the settings of `check_normals`.
        spread: path of the leave-one-out spread of each target bin to write; an empty number is one that is not known.
    """
    tables = [pd.read_csv(depths.target, sep="\t", dtype={"chromosome": str}) for depths in normals]
    found = check_normals(tables, notes.normals, build, limits)
    columns = ["chromosome", "start", "end", "gene"]
    said = (tables[0][columns] if tables else pd.DataFrame(columns=columns)).assign(sd_log2=found.bin_sd_log2)
    records.write_text(said.to_csv(sep="\t", index=False, float_format="%.4g", lineterminator="\n"), spread)
    known = found.bin_sd_log2[np.isfinite(found.bin_sd_log2)]
    kept = [name for name in notes.normals if name not in found.left_out]
    return (
        [depths for depths, name in zip(normals, notes.normals, strict=True) if name in kept],
        ReferenceNotes(
            normals=tuple(kept),
            left_out=notes.left_out | found.left_out,
            compared=bool(found.profiles),
            bin_sd_log2=float(np.median(known)) if len(known) else None,
            gene_sd_log2=found.gene_sd_log2,
            shared_sd_log2=found.shared_sd_log2,
            shared_variance_spread=found.shared_variance_spread,
        ),
    )


def build_reference(
    normals: Sequence[Depths],
    bins: str,
    off_target_bins: str,
    fasta: str | None,
    correction: Correction,
    path: str,
) -> None:
    """Write the assay's copy-number reference: pooled from the normals given, or flat without any.

    The sex of the normals is not guessed (panels get it wrong): it could only move X and Y, which nothing here uses.
    """
    if normals:
        with_rows = [depths.off_target for depths in normals if _has_rows(depths.off_target)]
        pooled = reference.do_reference(
            [depths.target for depths in normals],
            with_rows or None,
            fasta,
            female_samples=True,
            do_gc=correction.gc,
            do_edge=correction.edges,
            do_rmask=False,
        )
        tables = [pd.read_csv(depths.target, sep="\t", dtype={"chromosome": str}) for depths in normals]
        pooled = pooled.as_dataframe(with_profiles(pooled.data, tables))
    else:
        off_target = off_target_bins if Path(off_target_bins).stat().st_size else None
        # CNVkit drops bins of extreme GC wherever a reference tells GC: without the correction it is not told
        pooled = reference.do_reference_flat(bins, off_target, fasta if correction.gc else None)
    with records.whole(path) as part:
        tabio.write(pooled, str(part))


def _has_rows(table: str) -> bool:
    with Path(table).open(encoding="utf-8") as handle:
        next(handle, "")
        return bool(next(handle, ""))


def correct_coverage(
    sample: str,
    usable: Usable,
    depths: Depths,
    reference_cnn: str,
    correction: Correction,
    method: str,
    ratios: str,
    segments: str,
) -> CorrectedCoverage:
    """Write corrected log2 ratios (.cnr) and segments (.cns); return how the sample fared.

    Args:
        sample: ID.
        usable: what `count_coverage` said.
        depths: the sample's depth tables.
        reference_cnn: the assay's reference.
        correction: what is corrected for.
        method: segmentation method of CNVkit.
        ratios: path to write.
        segments: path to write.
    """
    if not usable.ok:
        return _uncorrected(sample, usable, ratios, segments)
    counted = read_cna(depths.target, sample_id=sample)
    has_off_target = _has_rows(depths.off_target)
    off_target = read_cna(depths.off_target, sample_id=sample) if has_off_target else CopyNumArray([])
    usable, neutral = _matching_reference(reference_cnn, counted, off_target)
    if neutral is None:
        return _uncorrected(sample, usable, ratios, segments)
    corrected = fix.do_fix(
        counted,
        off_target,
        neutral,
        do_gc=correction.gc,
        do_edge=correction.edges,
        do_rmask=False,
    )
    if not len(corrected):
        nothing = Usable(False, "no bin is left after CNVkit's filters", "Check the depth of the assay's normals")
        return _uncorrected(sample, nothing, ratios, segments)
    corrected["log2"] = without_patterns(corrected.data, neutral.data)
    segmented = segmentation.do_segmentation(corrected, method)
    for table, path in ((corrected, ratios), (segmented, segments)):
        with records.whole(path) as part:
            tabio.write(table, str(part))
    spread = metrics.ests_of_scale(_residuals(corrected, segmented))
    return CorrectedCoverage(
        sample=sample,
        usable=usable,
        bins=len(corrected),
        segments=len(segmented),
        residual_sd_log2=_finite(spread[0]),
        residual_mad_log2=_finite(spread[1]),
    )


def _uncorrected(sample: str, usable: Usable, ratios: str, segments: str) -> CorrectedCoverage:
    """Tables without a row, and why."""
    records.write_text(_CNR_HEADER, ratios)
    records.write_text(_CNS_HEADER, segments)
    return CorrectedCoverage(sample, usable)


def _matching_reference(path: str, *counted: CopyNumArray) -> tuple[Usable, CopyNumArray | None]:
    """The reference if it knows every bin that was counted; a frozen one may belong to other targets.

    CNVkit matches bins by their exact coordinates; a bin without its reference would have no ratio.
    """
    frozen = "Give copy_number_reference the file that this workflow built for the same targets and bin size"
    try:
        neutral = read_cna(path)
    except (ValueError, KeyError, TypeError) as error:
        return Usable(False, f"{path} is no CNVkit reference ({' '.join(str(error).split())[:100]})", frozen), None
    if "spread" not in neutral:
        return Usable(False, f"{path} is no CNVkit reference (no column spread)", frozen), None
    wanted = [coordinates for part in counted for coordinates in part.coords()]
    missing = len(wanted) - len(set(wanted) & set(neutral.coords()))
    if missing:
        reason = f"the copy-number reference {path} lacks {missing} of the {len(wanted)} bins counted"
        return Usable(False, reason, frozen), None
    return Usable(), neutral


def _residuals(corrected: CopyNumArray, segmented: CopyNumArray) -> np.ndarray:
    return np.asarray(corrected.residuals(segmented))


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
