"""Draw the counts of one sample at the listed codons without any read: thousands of samples in minutes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from benchmarks.error_model import BASES, ORIENTATIONS, Floats, Profile, base_strata, error_rates, strata

from cetux.codons import plus_strand, protein_change
from cetux.resources import Codon

Ints = npt.NDArray[np.int64]
Rng = np.random.Generator


@dataclass(frozen=True)
class Variant:
    """What a fraction of the molecules carries at one codon: `bases` in plus-strand order."""

    codon: int
    bases: str
    vaf: float


@dataclass
class Drawn:
    """Fragments of one sample, by the stratum in which they show the codon.

    depth: [codon, stratum]. errors: fragments with one wrong base, [codon, position, shown base, stratum]. mutants: by
    codon, bases and fragments by stratum. doubles: codon, bases and stratum of each fragment with two wrong bases.
    flanks: what is read around the codons.
    """

    depth: Ints
    errors: Ints
    mutants: dict[int, tuple[str, Ints]]
    doubles: list[tuple[int, str, int]]
    flanks: "Flanks"


@dataclass(frozen=True)
class Flanks:
    """Bases around the codons, where no variant is.

    bases: [reference, base stratum]; errors: [reference, shown base, base stratum]. pairs: sum of a * (a - 1) over
    positions, orientations and shown bases, with a errors each; expected_pairs: its mean where all positions are alike.
    """

    bases: Ints
    errors: Ints
    pairs: float
    expected_pairs: float


FLANK_POSITIONS = 5300
"""Positions within 100 bp of the listed codons, listed ones apart, as `cetux.flanks` counts them (5,343 of GRCh38)."""

_FLANK_DEPTH = 0.71
"""Fragments over a flanking position, of those over the codon."""


class CountSimulator:
    """Draws samples of one profile. Codons are taken as whole, also the one that an intron splits."""

    def __init__(self, codons: Sequence[Codon], profile: Profile) -> None:
        """Prepare the rates of every position of every codon."""
        self.codons = list(codons)
        self.profile = profile
        self.references = [plus_strand(codon) for codon in codons]
        self.coded = np.array([[BASES.index(base) for base in reference] for reference in self.references])
        self.strata = strata(profile)
        self.shares = np.array([stratum.share for stratum in self.strata])
        self.shares /= self.shares.sum()
        self.base_strata = base_strata(profile)
        self.base_rates = error_rates(profile)  # reference, shown, base stratum
        self.stratum_of_base = np.array(
            [[self.base_strata.index((one.orientation, name)) for name in one.classes] for one in self.strata]
        )
        by_stratum = self.base_rates[:, :, self.stratum_of_base.T]  # reference, shown, position, stratum
        self.rates = np.stack([by_stratum[self.coded[:, i], :, i] for i in range(3)], axis=1)

    def draw(self, rng: Rng, depth: float, variants: Sequence[Variant] = ()) -> Drawn:
        """One sample whose codons have Poisson depths about `depth`, with at most one variant a codon."""
        split = rng.multinomial(rng.poisson(depth, len(self.codons)), self.shares)
        return self._filled(rng, split, variants, self._flanks(rng, depth))

    def add_variants(self, rng: Rng, drawn: Drawn, variants: Sequence[Variant]) -> Drawn:
        """The same sample at the same depths with variants in it: errors at all other codons stay what they were."""
        fresh = self._filled(rng, drawn.depth, variants, drawn.flanks)
        errors = drawn.errors.copy()
        touched = [variant.codon for variant in variants]
        errors[touched] = fresh.errors[touched]
        doubles = [double for double in drawn.doubles if double[0] not in touched]
        return Drawn(drawn.depth, errors, fresh.mutants, doubles, drawn.flanks)

    def _flanks(self, rng: Rng, depth: float) -> Flanks:
        each = FLANK_POSITIONS // 4
        fragments = np.round(_FLANK_DEPTH * depth * self.base_shares()).astype(np.int64)
        bases = np.tile(each * fragments, (4, 1))
        errors = rng.binomial(bases[:, None, :], self.base_rates)
        pairs = expected = 0.0
        for orientation in range(len(ORIENTATIONS)):
            mine = [i for i, (which, _) in enumerate(self.base_strata) if which == orientation]
            deep = int(fragments[mine].sum())
            for many in errors[:, :, mine].sum(axis=2).ravel().tolist():
                at = np.bincount(rng.integers(0, each, many)) if many else np.zeros(1, dtype=np.int64)
                pairs += float((at * (at - 1)).sum())
                expected += (many / max(each * deep, 1)) ** 2 * each * deep * (deep - 1)
        return Flanks(bases, errors, pairs, expected)

    def _filled(self, rng: Rng, depth: Ints, variants: Sequence[Variant], flanks: Flanks) -> Drawn:
        unchanged = depth.copy()
        mutants: dict[int, tuple[str, Ints]] = {}
        for variant in variants:
            carried = rng.binomial(depth[variant.codon], variant.vaf)
            mutants[variant.codon] = (variant.bases, carried)
            unchanged[variant.codon] -= carried
        errors = rng.binomial(unchanged[:, None, None, :], self.rates)
        return Drawn(depth, errors, mutants, self._doubles(rng, unchanged), flanks)

    def _doubles(self, rng: Rng, unchanged: Ints) -> list[tuple[int, str, int]]:
        """Two wrong bases in one fragment: rare, so each is placed by itself."""
        found: list[tuple[int, str, int]] = []
        for one, two in ((0, 1), (0, 2), (1, 2)):
            total = np.einsum("cs,cas,cbs->c", unchanged, self.rates[:, one], self.rates[:, two])
            for codon in np.repeat(np.arange(len(total)), rng.poisson(total)):
                chance = np.einsum("s,as,bs->abs", unchanged[codon], self.rates[codon, one], self.rates[codon, two])
                place = rng.choice(chance.size, p=chance.ravel() / chance.sum())
                a, b, stratum = np.unravel_index(place, chance.shape)
                bases = list(self.references[codon])
                bases[one], bases[two] = BASES[a], BASES[b]
                found.append((int(codon), "".join(bases), int(stratum)))
        return found

    def haplotypes(self, drawn: Drawn) -> list[dict[str, Ints]]:
        """Fragments of each codon by haplotype and stratum."""
        made: list[dict[str, Ints]] = []
        for index, reference in enumerate(self.references):
            shown: dict[str, Ints] = {}
            for position, base in zip(*np.nonzero(drawn.errors[index].sum(axis=2)), strict=True):
                bases = reference[:position] + BASES[base] + reference[position + 1 :]
                shown[bases] = drawn.errors[index, position, base].copy()
            if index in drawn.mutants and drawn.mutants[index][1].any():
                bases, carried = drawn.mutants[index]
                shown[bases] = shown.get(bases, np.zeros_like(carried)) + carried
            made.append(shown)
        for index, bases, stratum in drawn.doubles:
            made[index].setdefault(bases, np.zeros(len(self.strata), dtype=np.int64))[stratum] += 1
        for index, (reference, shown) in enumerate(zip(self.references, made, strict=True)):
            rest = drawn.depth[index] - sum(shown.values(), np.zeros(len(self.strata), dtype=np.int64))
            shown[reference] = np.maximum(rest, 0)
        return made

    def by_base_stratum(self, fragments: Ints, position: int) -> Ints:
        """Fragments [..., stratum] as [..., base stratum] of one position of the codon."""
        found = np.zeros((*fragments.shape[:-1], len(self.base_strata)), dtype=np.int64)
        for stratum, base_stratum in enumerate(self.stratum_of_base[:, position]):
            found[..., base_stratum] += fragments[..., stratum]
        return found

    def base_shares(self) -> Floats:
        """Share of the fragments in each base stratum."""
        return np.bincount(self.stratum_of_base[:, 0], self.shares, len(self.base_strata)).astype(np.float64)


def listed_changes(codons: Sequence[Codon], alleles: Mapping[tuple[str, str], object]) -> list[tuple[int, str, str]]:
    """Single-base changes that make a listed protein change: index of the codon, plus-strand bases, protein change."""
    found: list[tuple[int, str, str]] = []
    for index, codon in enumerate(codons):
        reference = plus_strand(codon)
        for position in range(3):
            for base in BASES.replace(reference[position], ""):
                protein = f"{codon.wt_aa}{codon.codon}{protein_change(codon, ((position, base),))}"
                if (codon.gene, protein) in alleles:
                    found.append((index, reference[:position] + base + reference[position + 1 :], protein))
    return found
