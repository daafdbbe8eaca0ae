"""Which changes the counted fragments of one sample support: every codon's changes against the sample's error rates."""

from collections import defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from cetux.background import ErrorRates, stratum_index
from cetux.codons import AMINO_ACIDS, Change, changed, protein_change, tokens
from cetux.counts import CodonCounts, HaplotypeCount, IndelCount
from cetux.detection import Floats, Ints, Tests, gap_p_value, limits, make_tests
from cetux.resources import Codon

SHARES = {"counting": 0.8, "unclassified": 0.1, "other": 0.1}
"""How the accepted false detections are shared out [P]: most to the single-base changes that count for their gene,
because that is where mutations are (weighted Bonferroni; Genovese, Biometrika 2006;93:509), the rest to other
single-base changes and to changes of several bases, insertions and deletions. The limit of detection is that of the
changes that count."""

RAS_GENES = ("KRAS", "NRAS")
"""Genes in which every amino-acid change at codons 12, 13, 59, 61, 117 and 146 counts (ASCP/CAP/AMP/ASCO 2017)."""

RAS_CODONS = frozenset({12, 13, 59, 61, 117, 146})
"""The codons of that rule."""

TANDEM = 0.01
"""Chance of a second wrong base where one is wrong [P]: damage and misaligned ends come in pairs."""

OTHER_SPREAD = 1.0
"""Squared coefficient of variation of the rates of those changes [P]: they depend on the sequence around them."""

KNOWN_CHANGES = 10
"""Changes that other samples of a patient show and one is asked for, at most [P]: they alone share its budget."""

_CHANGES_OF_SEVERAL_BASES = 54
_BASES = "ACGT"
_LEAST_FRAGMENTS = 2


@dataclass
class Support:
    """Fragments with one change of a codon, and how the unchanged ones lie.

    covering: fragments that read the changed bases. whole: of `fragments`, those that read the whole codon. share_*:
    part of the unchanged fragments of the codon that have no read on that strand, are at read ends, or are mapped below
    Phred 20 (with one of each added, so never 0 or 1).
    """

    changes: Change
    fragments: int = 0
    covering: int = 0
    forward: int = 0
    reverse: int = 0
    at_ends: int = 0
    badly_mapped: int = 0
    p_value: float = 1.0
    whole: int = 0
    linked: dict[str, int] = field(default_factory=dict)
    strata: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    indel: IndelCount | None = None
    share_without_forward: float = 1.0
    share_without_reverse: float = 1.0
    share_at_ends: float = 1.0
    share_badly_mapped: float = 1.0

    def add(self, haplotype: HaplotypeCount) -> None:
        """Count the fragments of one haplotype in."""
        self.fragments += haplotype.fragments
        self.whole += 0 if "." in haplotype.bases else haplotype.fragments
        self.forward += haplotype.forward
        self.reverse += haplotype.reverse
        self.at_ends += haplotype.at_ends
        for name, many in strata_of(haplotype).items():
            self.strata[name] += many
            self.badly_mapped += many if set(name[1:]) <= {"0", "."} else 0
        for name, many in haplotype.linked.items():
            self.linked[name] = self.linked.get(name, 0) + many

    def compare(self, unchanged: "Support") -> None:
        """Take in how the unchanged fragments of the codon lie."""
        many = unchanged.fragments + 2
        self.share_without_forward = (unchanged.fragments - unchanged.forward + 1) / many
        self.share_without_reverse = (unchanged.fragments - unchanged.reverse + 1) / many
        self.share_at_ends = (unchanged.at_ends + 1) / many
        self.share_badly_mapped = (unchanged.badly_mapped + 1) / many


def strata_of(haplotype: HaplotypeCount) -> Mapping[str, int]:
    """The haplotype's strata; counts without any stand for single reads of good quality of an unknown strand."""
    return haplotype.strata or {
        "N" + "".join("." if t == "." else "2" for t in tokens(haplotype.bases)): haplotype.fragments
    }


@cache
def _base_stratum(name: str, index: int) -> int:
    """Stratum of one base of a haplotype; -1 where it is not read."""
    return -1 if name[1 + index] == "." else stratum_index(name[0] + name[1 + index])


def counts_by_codon(codon: Codon, protein: str) -> bool:
    """Whether any amino acid other than the wild type's counts at this codon; a stop never does."""
    return codon.gene in RAS_GENES and codon.codon in RAS_CODONS and protein in AMINO_ACIDS.values() and protein != "*"


@cache
def _amino_acid(codon: Codon, changes: Change) -> str:
    return protein_change(codon, changes)


class Supports:
    """Every change of every codon of one sample, tested."""

    def __init__(
        self,
        pairs: Sequence[tuple[Codon, CodonCounts]],
        rates: ErrorRates,
        budget: float,
        listed: Container[tuple[str, str]],
    ) -> None:
        """Count the changes and test them all.

        Args:
            pairs: the codons and what was counted at them. Those with `required` bases share one budget, the others
                another, so that looking at more codons never makes a listed one harder to call.
            rates: the sample's error rates.
            budget: accepted false detections per sample.
            listed: (gene, protein change) of the listed alleles.
        """
        self._pairs = [(codon, counts) for codon, counts in pairs if counts.haplotypes or counts.indels]
        self._counts = {(codon.gene, codon.codon): counts for codon, counts in self._pairs}
        self._rates = rates
        self._by_codon: dict[tuple[str, int], dict[Change, Support]] = {}
        self._depth: dict[tuple[str, int], Ints] = {}
        for codon, counts in self._pairs:
            self._count(codon, counts)
        self._tests: list[tuple[Tests, list[tuple[Codon, int, str]]]] = []
        self._detected: dict[tuple[str, int], list[Support]] = defaultdict(list)
        self._beyond_errors: dict[tuple[str, int], list[Support]] = defaultdict(list)
        self._alone = budget / KNOWN_CHANGES
        for required in (True, False):
            members = [(codon, counts) for codon, counts in self._pairs if bool(codon.required) == required]
            keys = [
                (codon, index, base)
                for codon, counts in members
                for index in range(3)
                for base in _BASES
                if base != counts.reference[index] and _amino_acid(codon, ((index, base),)) != codon.wt_aa
            ]
            counting = [key for key in keys if _counting(key, listed)]
            unclassified = [key for key in keys if not _counting(key, listed)]
            self._test_single(members, counting, budget * SHARES["counting"])
            self._test_single(members, unclassified, budget * SHARES["unclassified"])
            self._test_others(members, budget * SHARES["other"])

    def detected(self, codon: Codon) -> list[Support]:
        """Detected changes of one codon that change the protein."""
        return self._detected[codon.gene, codon.codon]

    def beyond_errors(self, codon: Codon) -> list[Support]:
        """Changes of one codon that are not DETECTED, but would be if few known ones alone were looked for: two
        fragments or more show them, and errors make so many with a chance of at most budget / `KNOWN_CHANGES`.
        """
        return self._beyond_errors[codon.gene, codon.codon]

    def substitutions(self, codon: Codon) -> Iterator[tuple[Change, int]]:
        """Every change of one codon without insertion or deletion, detected or not, and its fragments."""
        for changes, support in self._by_codon.get((codon.gene, codon.codon), {}).items():
            if changes and _plain(changes):
                yield changes, support.fragments

    def covering(self, codon: Codon) -> int:
        """Fragments that read all required bases of a codon (all three if none is)."""
        counts = self._counts.get((codon.gene, codon.codon))
        return _covering(counts, _required(codon)) if counts else 0

    def limits(self, molecules: float, min_fragments: int, low_vaf: float) -> dict[tuple[str, int], float | None]:
        """Smallest VAF excluded at each codon, for the change of a required base that is hardest to detect there.

        Those are the changes that count; at a codon where none does, any change of its protein.
        """
        found: dict[tuple[str, int], float | None] = {}
        for tests, keys in reversed(self._tests):
            depth = tests.depth.sum(axis=1)
            mean_weight = (tests.depth * tests.weight).sum(axis=1) / np.maximum(depth, 1)
            hardness = tests.critical / np.maximum(mean_weight, 1e-9) / np.maximum(depth, 1)
            hardest: dict[tuple[str, int], int] = {}
            for index, (codon, place, _) in enumerate(keys):
                key = (codon.gene, codon.codon)
                if place in _required(codon) and (key not in hardest or hardness[index] > hardness[hardest[key]]):
                    hardest[key] = index
            chosen = np.array(list(hardest.values()), dtype=np.int64)
            found |= dict(zip(hardest, limits(tests, chosen, molecules, min_fragments, low_vaf), strict=True))
        return found

    def _count(self, codon: Codon, counts: CodonCounts) -> None:
        depth = np.zeros((3, len(self._rates.rate)), dtype=np.int64)
        supports: dict[Change, Support] = {}
        whole = _seen_whole(counts)
        for haplotype in counts.haplotypes:
            changes = changed(haplotype.bases, counts.reference)
            if not _fits_better(haplotype.bases, changes, whole):
                supports.setdefault(changes, Support(changes)).add(haplotype)
            for name, many in strata_of(haplotype).items():
                for index in range(3):
                    stratum = _base_stratum(name, index)
                    if stratum >= 0:
                        depth[index, stratum] += many
        key = (codon.gene, codon.codon)
        self._by_codon[key], self._depth[key] = supports, depth

    def _test_single(
        self, members: Sequence[tuple[Codon, CodonCounts]], keys: list[tuple[Codon, int, str]], budget: float
    ) -> None:
        """Test single-base changes that share one budget; `keys` are codon, plus-strand index and base."""
        if not keys:
            return
        references = {(codon.gene, codon.codon): counts.reference for codon, counts in members}
        named = [(codon.gene, codon.codon) for codon, _, _ in keys]
        depth = np.stack([self._depth[name][index] for name, (_, index, _) in zip(named, keys, strict=True)])
        at = (
            [_BASES.index(references[name][index]) for name, (_, index, _) in zip(named, keys, strict=True)],
            [_BASES.index(base) for _, _, base in keys],
        )
        error: Floats = self._rates.rate[:, at[0], at[1]].T
        weight: Floats = self._rates.weight[:, at[0], at[1]].T
        number = {(name, index, base): i for i, (name, (_, index, base)) in enumerate(zip(named, keys, strict=True))}
        extra = self._turned_back(members, number, depth.shape)
        expected = depth * error
        share = expected / np.maximum(expected.sum(axis=1, keepdims=True), 1e-300)
        spread = self._rates.spread + (share**2 / weight).sum(axis=1)
        tests = make_tests(depth, error, spread, extra, budget)
        self._tests.append((tests, keys))
        for codon, counts in members:
            supports = self._by_codon[codon.gene, codon.codon]
            for changes, support in supports.items():
                test = number.get(((codon.gene, codon.codon), *changes[0])) if len(changes) == 1 else None
                if test is None:
                    continue
                carried = np.zeros(depth.shape[1], dtype=np.int64)
                for name, many in support.strata.items():
                    carried[_base_stratum(name, changes[0][0])] += many
                score = tests.score(test, carried)
                support.p_value = tests.p_value(test, score)
                self._keep(codon, counts, support, bool(score >= tests.critical[test]))

    def _turned_back(
        self,
        members: Sequence[tuple[Codon, CodonCounts]],
        number: Mapping[tuple[tuple[str, int], int, str], int],
        shape: tuple[int, ...],
    ) -> Floats:
        """Expected fragments of a variant of two bases in which an error has turned one of them back."""
        extra = np.zeros(shape)
        for codon, counts in members:
            key = (codon.gene, codon.codon)
            for changes, support in self._by_codon[key].items():
                if len(changes) != 2 or not _plain(changes):
                    continue
                for (index, base), (other, shown) in (changes, changes[::-1]):
                    test = number.get((key, index, base))
                    for name, many in support.strata.items() if test is not None else ():
                        rate = self._rates.of(_base_stratum(name, other), shown, counts.reference[other])
                        extra[test, _base_stratum(name, index)] += many * rate
        return extra

    def _test_others(self, members: Sequence[tuple[Codon, CodonCounts]], budget: float) -> None:
        """Changes of several bases, insertions and deletions: rare enough for a plain bound over all of them."""
        level = budget / (_CHANGES_OF_SEVERAL_BASES * max(len(members), 1))
        for codon, counts in members:
            for changes, support in self._by_codon[codon.gene, codon.codon].items():
                if len(changes) < 2 or not _plain(changes) or support.fragments < _LEAST_FRAGMENTS:
                    continue
                if _amino_acid(codon, changes) == codon.wt_aa:
                    continue
                expected = self._expected(codon, counts, changes)
                support.p_value = gap_p_value(support.fragments, expected, self._rates.spread + OTHER_SPREAD)
                self._keep(codon, counts, support, support.p_value <= level)
            for indel in counts.indels:
                changed = len(indel.deleted) + len(indel.inserted)
                expected = indel.covering * self._rates.indel_at(changed, indel.shift)
                p_value = gap_p_value(indel.fragments, expected, self._rates.spread + OTHER_SPREAD)
                self._keep_indel(codon, indel, p_value, p_value <= level)

    def _expected(self, codon: Codon, counts: CodonCounts, changes: Change) -> float:
        """Fragments in which errors make all of `changes`, of the reference or of a variant that has some of them."""
        expected = 0.0
        for have, support in self._by_codon[codon.gene, codon.codon].items():
            if not set(have) < set(changes):
                continue
            missing = [change for change in changes if change not in have]
            for name, many in support.strata.items():
                strata = [_base_stratum(name, index) for index, _ in missing]
                if min(strata) < 0:
                    continue
                each = [
                    self._rates.of(stratum, counts.reference[index], shown)
                    for stratum, (index, shown) in zip(strata, missing, strict=True)
                ]
                expected += many * max(float(np.prod(each)), TANDEM ** (len(each) - 1) * min(each))
        return expected

    def _keep(self, codon: Codon, counts: CodonCounts, support: Support, detected: bool) -> None:
        kept = self._list(codon, support.fragments, support.p_value, detected)
        if kept is None:
            return
        support.covering = _covering(counts, {index for index, _ in support.changes})
        support.compare(self._by_codon[codon.gene, codon.codon].get((), Support(())))
        kept.append(support)

    def _list(self, codon: Codon, fragments: int, p_value: float, detected: bool) -> list[Support] | None:
        """Where a change belongs: with the detected ones, with those beyond errors if looked for alone, or nowhere."""
        if detected:
            return self._detected[codon.gene, codon.codon]
        beyond = fragments >= _LEAST_FRAGMENTS and p_value <= self._alone
        return self._beyond_errors[codon.gene, codon.codon] if beyond else None

    def _keep_indel(self, codon: Codon, indel: IndelCount, p_value: float, detected: bool) -> None:
        kept = self._list(codon, indel.fragments, p_value, detected)
        if kept is None:
            return
        support = Support(
            changes=_indel_changes(codon, indel),
            fragments=indel.fragments,
            covering=indel.covering,
            forward=indel.forward,
            reverse=indel.reverse,
            at_ends=indel.at_ends,
            badly_mapped=indel.badly_mapped,
            p_value=p_value,
            indel=indel,
        )
        others = indel.covering - indel.fragments
        ends, mapping = indel.without_at_ends, indel.without_badly_mapped
        support.compare(Support((), others, 0, indel.without_forward, indel.without_reverse, ends, mapping))
        kept.append(support)


def _counting(key: tuple[Codon, int, str], listed: Container[tuple[str, str]]) -> bool:
    codon, index, base = key
    protein = _amino_acid(codon, ((index, base),))
    return counts_by_codon(codon, protein) or (codon.gene, f"{codon.wt_aa}{codon.codon}{protein}") in listed


def _plain(changes: Change) -> bool:
    """Whether all changes are substitutions: insertions and deletions are counted apart, once for all codons."""
    return all(shown in _BASES and len(shown) == 1 for _, shown in changes)


def _seen_whole(counts: CodonCounts) -> dict[Change, int]:
    """Fragments of each change among those that show all bases of the codon."""
    whole: dict[Change, int] = defaultdict(int)
    for haplotype in counts.haplotypes:
        if "." not in haplotype.bases:
            whole[changed(haplotype.bases, counts.reference)] += haplotype.fragments
    return whole


def _fits_better(bases: str, changes: Change, whole: Mapping[Change, int]) -> bool:
    """Whether a haplotype read in part is more likely the rest of a change of several bases than what it shows.

    With one base of V600K not read it looks like V600M or V600E: it then supports none of the three.
    """
    if not changes or "." not in bases:
        return False
    unread = {index for index, shown in enumerate(tokens(bases)) if shown == "."}
    return any(
        many > whole.get(changes, 0)
        and set(changes) < set(other)
        and {i for i, _ in set(other) - set(changes)} <= unread
        for other, many in whole.items()
    )


def _required(codon: Codon) -> set[int]:
    """Required bases as plus-strand indices; all three where no listed allele names any."""
    return {index if codon.strand == "+" else 2 - index for index in codon.required} or {0, 1, 2}


def _covering(counts: CodonCounts, indices: set[int]) -> int:
    """Fragments that read all of `indices`."""
    return sum(
        haplotype.fragments
        for haplotype in counts.haplotypes
        if "." not in haplotype.bases or all(tokens(haplotype.bases)[index] != "." for index in indices)
    )


def _indel_changes(codon: Codon, indel: IndelCount) -> Change:
    """The indel as a change of the codon's nearest position: inserted bases in lower case, or ``-``."""
    positions = sorted(codon.positions)
    if indel.deleted:
        gone = set(range(indel.start, indel.start + len(indel.deleted)))
        return tuple((i, "-") for i, p in enumerate(positions) if p in gone) or ((0, "-"),)
    nearest = min(range(3), key=lambda i: abs(positions[i] - indel.start - indel.shift))
    return ((nearest, "+" + indel.inserted.lower()),)
