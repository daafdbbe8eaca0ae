"""Count what goes wrong around the codons, where no variant is possible: the material of `background`.

Positions within 100 bp of a codon that the fragments over it reach anyway, without those at which a listed allele lies.
The reference base is the sample's own consensus: it needs no FASTA and a homozygous polymorphism is no error.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from cetux.counts import ERROR_CLASSES, ORIENTATIONS, Background, ErrorCount
from cetux.fragments import Fragments

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

FLANK_BP = 100
"""How far around a codon its fragments are read: most of a read's length, so thousands of positions on a panel."""

_LEAST_DEPTH = 20
_STRATA = len(ORIENTATIONS) * len(ERROR_CLASSES)
_VARIANT_FRAGMENTS = 3
_VARIANT_FOLD = 20.0
_VARIANT_FRACTION = (0.002, 0.02)
_VARIANT_OVER_MEDIAN = 5.0
_LEAST_POSITIONS = 10
"""Of one base, for their middle one to be an error and no polymorphism [P]."""


@dataclass
class FlankCounter:
    """Adds up windows. excluded: (chromosome, position) that do not count: listed codons, and what has been counted."""

    excluded: set[tuple[str, int]]
    shown: list[Ints] = field(default_factory=list)
    indels: int = 0
    indel_bases: int = 0

    def add(self, chrom: str, fragments: Fragments) -> None:
        """Count one window: bases by [position, stratum, base]."""
        columns = [c for c, p in enumerate(fragments.positions.tolist()) if (chrom, p) not in self.excluded]
        self.excluded.update((chrom, int(fragments.positions[column])) for column in columns)
        if not columns or not fragments.count:
            return
        total = np.zeros(len(columns) * _STRATA * 6, dtype=np.int64)
        place = np.arange(len(columns), dtype=np.int64) * (_STRATA * 6)
        first = 0
        for shown in fragments.blocks(columns):
            orientation = fragments.orientation[first : first + len(shown.bases)]
            first += len(shown.bases)
            stratum = shown.classes + (orientation * len(ERROR_CLASSES))[:, None]
            index = place + stratum.astype(np.int64) * 6 + shown.bases
            total += np.bincount(index.ravel(), minlength=len(total))
        by_base = total.reshape(len(columns), _STRATA, 6)
        self.shown.append(by_base[:, :, 1:5])
        wanted = set(fragments.positions[columns].tolist())
        self.indels += sum(indel.start in wanted for of in fragments.indels.values() for indel in of)
        self.indel_bases += int(by_base[:, :, 1:].sum())

    def background(self) -> Background:
        """The counts of all windows, positions that look variable left out.

        A position looks variable where a base other than the consensus stands in at least three fragments and at a
        fraction of at least 20 times the sample's mean for that substitution, within 0.2 % and 2 % [P]. Where the
        middle position of the substitution shows it already, as in a badly damaged specimen, only five times its
        fraction is variable: what most positions show is an error and no polymorphism.
        """
        if not self.shown:
            return Background()
        shown = np.concatenate(self.shown)
        depth = shown.sum(axis=(1, 2))
        shown = shown[depth >= _LEAST_DEPTH]
        consensus = shown.sum(axis=1).argmax(axis=1)
        totals = np.zeros((4, 4, _STRATA))
        variable = _variable(shown, consensus)
        for base in range(4):
            totals[base] = shown[(consensus == base) & ~variable].sum(axis=0).T
        pairs, expected = _pairs(shown[~variable], consensus[~variable])
        return Background(
            errors=tuple(_error_counts(totals)),
            positions=int((~variable).sum()),
            variable=int(variable.sum()),
            error_pairs=pairs,
            expected_pairs=expected,
            indels=self.indels,
            indel_bases=self.indel_bases,
        )


def _variable(shown: Ints, consensus: Ints) -> npt.NDArray[np.bool_]:
    by_base = shown.sum(axis=1)
    depth = by_base.sum(axis=1)
    others = by_base.copy()
    others[np.arange(len(others)), consensus] = 0
    rates, middle = np.zeros((4, 4)), np.zeros((4, 4))
    for base in range(4):
        here = others[consensus == base]
        fraction = here / np.maximum(depth[consensus == base], 1)[:, None]
        calm = np.where(fraction < _VARIANT_FRACTION[1], here, 0)
        middle[base] = np.median(fraction, axis=0) if len(here) >= _LEAST_POSITIONS else 0.0
        rates[base] = calm.sum(axis=0) / max(int(depth[consensus == base].sum()), 1)
    limit = np.clip(_VARIANT_FOLD * rates[consensus], *_VARIANT_FRACTION)
    limit = np.maximum(limit, _VARIANT_OVER_MEDIAN * middle[consensus])
    odd: npt.NDArray[np.bool_] = ((others >= _VARIANT_FRAGMENTS) & (others >= limit * depth[:, None])).any(axis=1)
    return odd


def _pairs(shown: Ints, consensus: Ints) -> tuple[float, float]:
    """Pairs of fragments with one error at one position, and their number if all positions had the same rate.

    With rate e at each of many positions, E[a(a - 1)] = n(n - 1) e**2: what is above that is variation of e.
    """
    by_base = shown.reshape(len(shown), len(ORIENTATIONS), len(ERROR_CLASSES), 4).sum(axis=2)
    observed = expected = 0.0
    for base in range(4):
        here = by_base[consensus == base]
        depth = here.sum(axis=2)
        for other in set(range(4)) - {base}:
            errors = here[:, :, other]
            rate = errors.sum(axis=0) / np.maximum(depth.sum(axis=0), 1)
            observed += float((errors * (errors - 1)).sum())
            expected += float((rate**2 * (depth * (depth - 1)).sum(axis=0)).sum())
    return observed, expected


def _error_counts(totals: Floats) -> list[ErrorCount]:
    found = []
    for base, reference in enumerate("ACGT"):
        bases = totals[base].sum(axis=0)
        for other, shown in enumerate("ACGT"):
            if other == base:
                continue
            for index in np.flatnonzero(bases):
                orientation, error_class = divmod(int(index), len(ERROR_CLASSES))
                stratum = ORIENTATIONS[orientation] + ERROR_CLASSES[error_class]
                errors = int(totals[base, other, index])
                found.append(ErrorCount(f"{reference}>{shown}", stratum, errors, int(bases[index])))
    return found
