"""What goes wrong in a read, stated once: the simulators draw from it, and the oracle of the benchmark knows it.

Two sources. *Sequencing*: each base of each read is wrong with the chance that its quality states, the other bases
being equally likely; two mates that both show a base must agree on it, which leaves almost nothing. *Molecule*: damage
and polymerase errors that every read of the molecule repeats, so that no second mate helps.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
BASES = "ACGT"
_COMPLEMENT = {"A": "T", "C": "G", "G": "C", "T": "A"}


@dataclass(frozen=True)
class Profile:
    """One kind of specimen.

    specimen, umi: as in the sample sheet. qualities: Phred -> share of the sequenced bases. sequencing: whether bases
    are wrong as their quality states (consensus reads are not). molecule: substitution on the sequenced strand of a
    molecule -> rate per base, as in {"C>T": 5e-4}; each of the two strands is sequenced equally often.
    """

    name: str
    specimen: str
    umi: bool
    qualities: Mapping[int, float]
    sequencing: bool = True
    molecule: Mapping[str, float] = field(default_factory=dict)


_RAW = {37: 0.88, 25: 0.09, 12: 0.03}
PROFILES = {
    profile.name: profile
    for profile in (
        Profile("tissue", "tissue", False, _RAW),
        Profile("ffpe", "tissue", False, _RAW, molecule={"C>T": 5e-4}),
        # consensus reads state Phred 90; what is left are errors of the molecule before its first copy
        Profile(
            "umi",
            "ctdna",
            True,
            {90: 1.0},
            sequencing=False,
            molecule={"C>T": 3e-5, "G>A": 1e-5, "G>T": 2e-5, "C>A": 5e-6, "A>G": 1e-5, "T>C": 1e-5}
            | dict.fromkeys(("A>C", "T>G", "A>T", "T>A", "C>G", "G>C"), 2e-6),
        ),
    )
}
"""Tissue as T500, the same with the deamination of FFPE (T500f), and consensus reads of ctDNA."""

MIN_BASE_QUALITY = 20
"""Floor of every tool in the benchmark."""

OVERLAP_SHARE = 0.36
"""Fragments whose two mates both lie over a base: 2 x 150 bases of 220."""


ORIENTATIONS = "FR"
"""Strand of the molecule that the fragment's first read shows: plus (F1R2) or minus (F2R1)."""


def molecule_rates(profile: Profile) -> Floats:
    """Rate of every substitution in a fragment's plus-strand bases: [orientation, reference, shown], order ACGT."""
    rates = np.zeros((2, 4, 4))
    for i, reference in enumerate(BASES):
        for j, shown in enumerate(BASES):
            rates[0, i, j] = profile.molecule.get(f"{reference}>{shown}", 0.0)
            rates[1, i, j] = profile.molecule.get(f"{_COMPLEMENT[reference]}>{_COMPLEMENT[shown]}", 0.0)
    return rates


@dataclass(frozen=True)
class Stratum:
    """Fragments that show a codon in the same way.

    orientation: index in ORIENTATIONS. forward, reverse: strands of the reads over the codon. classes: how each base is
    known, as in `cetux.counts`: 1 one read below Phred 30, 2 one read, 3 both mates agree, 4 consensus. share: of all
    fragments.
    """

    orientation: int
    forward: bool
    reverse: bool
    classes: str
    share: float


def sequencing_errors(profile: Profile) -> dict[str, float]:
    """Chance of one given wrong base by sequencing, by class of the base."""
    kept = {quality: share for quality, share in profile.qualities.items() if quality >= MIN_BASE_QUALITY}
    error = {_class(quality): 10 ** (-quality / 10) / 3 if profile.sequencing else 0.0 for quality in kept}
    mean = sum(share * error[_class(quality)] for quality, share in kept.items()) / sum(kept.values())
    return error | ({} if "4" in error else {"3": 3 * mean**2})


def _class(quality: int) -> str:
    return "4" if quality > 50 else ("2" if quality >= 30 else "1")


def strata(profile: Profile) -> tuple[Stratum, ...]:
    """Every way in which a usable fragment shows a codon, with its share; the shares sum to 1."""
    kept = {quality: share for quality, share in profile.qualities.items() if quality >= MIN_BASE_QUALITY}
    passing = sum(kept.values())
    single = {_class(quality): share / passing for quality, share in kept.items()}
    both = passing**2 / (1 - (1 - passing) ** 2)
    overlap = {name: share * (1 - both) for name, share in single.items()} | ({} if "4" in single else {"3": both})
    if "4" in single:
        overlap = single
    made = []
    for orientation in range(len(ORIENTATIONS)):
        for forward, reverse, share, by_class in (
            (True, True, OVERLAP_SHARE, overlap),
            (True, False, (1 - OVERLAP_SHARE) / 2, single),
            (False, True, (1 - OVERLAP_SHARE) / 2, single),
        ):
            for classes in product(by_class, repeat=3):
                part = share / 2 * float(np.prod([by_class[name] for name in classes]))
                made.append(Stratum(orientation, forward, reverse, "".join(classes), part))
    return tuple(made)


def base_strata(profile: Profile) -> list[tuple[int, str]]:
    """Orientation and class of a base: what the error rate of a base depends on."""
    return list(product(range(len(ORIENTATIONS)), sorted(sequencing_errors(profile))))


def error_rates(profile: Profile) -> Floats:
    """True chance that a fragment shows a given wrong base, [reference, shown, base stratum]; 0 on the diagonal."""
    molecule, sequencing = molecule_rates(profile), sequencing_errors(profile)
    rates: Floats = np.stack(
        [molecule[orientation] + sequencing[name] for orientation, name in base_strata(profile)], axis=2
    )
    rates[np.arange(4), np.arange(4)] = 0.0
    return rates
