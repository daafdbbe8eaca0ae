"""Identity and contamination at SNPs that were found in an assay's normals, against persons whose truth is known.

    .venv/bin/python benchmarks/identity.py            # rewrites identity.md, ten minutes
    .venv/bin/python benchmarks/identity.py --repeats 20 --print

Sites are found by `cetux.polymorphisms` in the counts of simulated normals, and the patients' samples are judged by
`cetux.identity`. Persons are in Hardy-Weinberg proportions at frequencies with the density 1/f from 1 to 99 %, four
candidates in a locus; the patients' population differs from that of the normals by Fst. Depths are Poisson, an error
shows the other allele in 1 of 1,000 fragments. In a tumour segments of 50 Mb on average are lost with one of the
parents: one, two or three copies of the other are left.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "workflow" / "scripts")]

from cetux.identity import Contamination, Site, SiteCount, contamination, pair_identity  # noqa: E402
from cetux.polymorphisms import polymorphisms  # noqa: E402
from cetux.resources import Interval, contig_lengths  # noqa: E402
from cetux.states import Identity  # noqa: E402

BUILD, SEED = "GRCh38", 20_261
NORMAL_DEPTH, TUMOUR_DEPTH, ERROR = 200, 300, 1e-3
CANDIDATES, NEIGHBOUR_BP = 4, 400
SEGMENT_BP = 50e6
LEFT = (0.5, 0.4, 0.1)
"""How often one, two or three copies of the other parent's allele are left where one parent's is lost."""
SETTINGS = [(normals, fst, loci) for normals in (3, 8) for fst in (0.0, 0.1) for loci in (20, 40, 60, 100)]
PATIENTS_A_PANEL = 10

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Rng = np.random.Generator
Counts = Mapping[Site, SiteCount]


@dataclass(frozen=True)
class Panel:
    """Sites found in some normals, and the frequency of alt at each in the patients' population."""

    sites: tuple[Site, ...]
    frequency: Floats


def panel(rng: Rng, normals: int, fst: float, loci: int) -> Panel:
    """Loci at random places of the autosomes, and what the workflow finds there."""
    autosomes = [str(number) for number in range(1, 23)]
    lengths = np.array([contig_lengths(BUILD)[name] for name in autosomes], dtype=float)
    places = sorted(
        (int(which), int(rng.integers(0, int(lengths[which])) // 100_000 * 100_000))
        for which in rng.choice(len(autosomes), loci, p=lengths / lengths.sum())
    )
    stretches = [
        Interval(autosomes[which], start + NEIGHBOUR_BP * at, start + NEIGHBOUR_BP * at + 1)
        for which, start in dict.fromkeys(places)
        for at in range(CANDIDATES)
    ]
    frequency = np.exp(rng.uniform(np.log(0.01), np.log(0.99), len(stretches)))
    counts = np.zeros((normals, len(stretches), 4), dtype=np.int32)
    for one in counts:
        depth, alt = _fragments(rng, rng.binomial(2, frequency) / 2, NORMAL_DEPTH)
        one[:, 0], one[:, 2] = depth - alt, alt
    # A is the reference everywhere, so that alt is G, whose frequency was drawn
    found = polymorphisms(counts, stretches, lambda *_: "A", ())
    by_place = {(place.chrom, place.start): f for place, f in zip(stretches, frequency, strict=True)}
    f = np.array([by_place[one.site.chrom, one.site.position] for one in found])
    drifted = rng.beta(f * (1 - fst) / fst, (1 - f) * (1 - fst) / fst) if fst else f
    return Panel(tuple(one.site for one in found), drifted.clip(1e-4, 1 - 1e-4))


def _fragments(rng: Rng, alt_part: Floats, depth: float) -> tuple[Ints, Ints]:
    many = np.maximum(rng.poisson(depth, len(alt_part)), 20)
    return many, rng.binomial(many, alt_part * (1 - 2 * ERROR) + ERROR)


def sample(
    rng: Rng,
    on: Panel,
    alleles: Ints,
    purity: float = 0.6,
    lost: float = 0.0,
    foreign: tuple[float, Ints] | None = None,
) -> Counts:
    """Counts of a tumour. lost: part of its segments. foreign: part of all DNA, and the alleles of its person."""
    kind = _lost_kind(rng, on, lost)
    rest = np.array([(1 - purity) / (2 - purity), (1 - purity) / 2, (1 - purity) / (2 + purity)])[kind]
    part = np.where((alleles == 1) & (kind >= 0), np.where(rng.random(len(alleles)) < 0.5, rest, 1 - rest), alleles / 2)
    if foreign:
        part = (1 - foreign[0]) * part + foreign[0] * foreign[1] / 2
    depth, alt = _fragments(rng, part, TUMOUR_DEPTH)
    return {site: SiteCount(int(n - k), int(k)) for site, n, k in zip(on.sites, depth, alt, strict=True)}


def _lost_kind(rng: Rng, on: Panel, lost: float) -> Ints:
    """What is left at each site, as an index of LEFT; -1 where nothing is lost."""
    kind = np.full(len(on.sites), -1)
    positions = np.array([site.position for site in on.sites])
    chroms = np.array([site.chrom for site in on.sites])
    for chrom in dict.fromkeys(chroms):
        end = 0.0
        while end < contig_lengths(BUILD)[chrom]:
            start, end = end, end + rng.exponential(SEGMENT_BP)
            if rng.random() < lost:
                kind[(chroms == chrom) & (positions >= start) & (positions < end)] = rng.choice(len(LEFT), p=LEFT)
    return kind


def person(rng: Rng, on: Panel) -> Ints:
    """Alt alleles of an unrelated person at each site."""
    return rng.binomial(2, on.frequency)


def child(rng: Rng, on: Panel, parent: Ints) -> Ints:
    """Alt alleles of a child of this person and an unrelated one."""
    return (rng.random(len(parent)) < parent / 2).astype(np.int64) + rng.binomial(1, on.frequency)


def siblings(rng: Rng, on: Panel) -> tuple[Ints, Ints]:
    """Alt alleles of two children of two unrelated persons, sites inherited apart."""
    parents = person(rng, on), person(rng, on)
    one, two = (sum((rng.random(len(p)) < p / 2).astype(np.int64) for p in parents) for _ in range(2))
    return np.asarray(one), np.asarray(two)


def _same(rng: Rng, on: Panel, lost: float, other_lost: float) -> tuple[Counts, Counts]:
    one = person(rng, on)
    return sample(rng, on, one, 0.95, lost), sample(rng, on, one, 0.95, other_lost)


def _two(rng: Rng, on: Panel, lost: float) -> tuple[Counts, Counts]:
    return sample(rng, on, person(rng, on), 0.95, lost), sample(rng, on, person(rng, on), 0.95, lost)


def _related(rng: Rng, on: Panel, by_parent: bool) -> tuple[Counts, Counts]:
    parent = person(rng, on)
    one, two = (parent, child(rng, on, parent)) if by_parent else siblings(rng, on)
    return sample(rng, on, one), sample(rng, on, two)


PAIRS: Mapping[str, tuple[Identity, Callable[[Rng, Panel], tuple[Counts, Counts]]]] = {
    "one person": (Identity.SAME_PERSON, lambda rng, on: _same(rng, on, 0, 0)),
    "one person, 20 % lost in both": (Identity.SAME_PERSON, lambda rng, on: _same(rng, on, 0.2, 0.2)),
    "one person, 65 % lost in one": (Identity.SAME_PERSON, lambda rng, on: _same(rng, on, 0, 0.65)),
    "two persons": (Identity.DIFFERENT_PERSONS, lambda rng, on: _two(rng, on, 0)),
    "two persons, 20 % lost in both": (Identity.DIFFERENT_PERSONS, lambda rng, on: _two(rng, on, 0.2)),
    "parent and child": (Identity.DIFFERENT_PERSONS, lambda rng, on: _related(rng, on, by_parent=True)),
    "siblings": (Identity.DIFFERENT_PERSONS, lambda rng, on: _related(rng, on, by_parent=False)),
}


def _foreign(part: float) -> Callable[[Rng, Panel], Counts]:
    return lambda rng, on: sample(rng, on, person(rng, on), foreign=(part, person(rng, on)))


def _lossy(purity: float, lost: float) -> Callable[[Rng, Panel], Counts]:
    return lambda rng, on: sample(rng, on, person(rng, on), purity, lost)


SINGLES: Mapping[str, tuple[float, Callable[[Rng, Panel], Counts]]] = {
    "clean": (0.0, _lossy(0.6, 0.2)),
    "clean, purity 0.85, 30 % lost": (0.0, _lossy(0.85, 0.3)),
    "clean, purity 0.95, 50 % lost": (0.0, _lossy(0.95, 0.5)),
    "1 % foreign": (0.01, _foreign(0.01)),
    "2 % foreign": (0.02, _foreign(0.02)),
    "5 % foreign": (0.05, _foreign(0.05)),
}


def _judged(part: float, found: Contamination) -> int:
    """0: right; 1: undecided, or not seen where so little is not claimed to show; 2: wrong."""
    if not found.assessable or found.detectable is None:
        return 1
    if found.detected:
        return 0 if part else 2
    return 0 if not part else 2 if found.detectable <= part else 1


def run(seed: int, repeats: int) -> Iterator[tuple[str, str, Ints]]:
    """Kind of table, its row, and counts of right, undecided and wrong verdicts by [column, verdict]."""
    for at, (normals, fst, loci) in enumerate(SETTINGS):
        rng = np.random.default_rng([seed, at])
        pairs, singles = (np.zeros((len(kinds), 3), dtype=np.int64) for kinds in (PAIRS, SINGLES))
        for repeat in range(repeats):
            if repeat % PATIENTS_A_PANEL == 0:
                on = panel(rng, normals, fst, loci)
            for column, (truth, make) in enumerate(PAIRS.values()):
                verdict = pair_identity(*make(rng, on)).verdict
                pairs[column, 0 if verdict is truth else 1 if verdict is Identity.NOT_ASSESSABLE else 2] += 1
            for column, (part, draw) in enumerate(SINGLES.values()):
                singles[column, _judged(part, contamination(draw(rng, on)))] += 1
        name = f"{normals} normals, Fst {fst:g}, {loci} loci"
        print(f"{name}: done", file=sys.stderr, flush=True)
        yield "pairs", name, pairs
        yield "singles", name, singles


def table(kinds: Mapping[str, object], rows: list[tuple[str, Ints]]) -> Iterator[str]:
    """Right / undecided in percent, and the number of wrong verdicts where there was any."""
    yield "| sites from | " + " | ".join(kinds) + " |"
    yield "|---" * (len(kinds) + 1) + "|"
    for name, counts in rows:
        cells = [
            f"{r / t:.0%} / {u / t:.0%}" + f", **{w} wrong**" * bool(w)
            for r, u, w in counts.tolist()
            for t in [r + u + w]
        ]
        yield f"| {name} | " + " | ".join(cells) + " |"


def report(rows: list[tuple[str, str, Ints]], repeats: int) -> str:
    """The page."""
    pairs, singles = ([(name, counts) for kind, name, counts in rows if kind == of] for of in ("pairs", "singles"))
    unrelated = sum(counts[:5, 2].sum() for _, counts in pairs)
    clean = sum(counts[:3, 2].sum() for _, counts in singles)
    unseen = sum(counts[3:, 2].sum() for _, counts in singles)
    many = repeats * len(SETTINGS)
    lines = [
        "# Identity and contamination at SNPs found in normals",
        "",
        f"Made by `python benchmarks/identity.py --repeats {repeats}`, seed {SEED}; its head says what is simulated.",
        "Loci of 100 kb; a list without frequencies does as well as sites that were found. Cells: right / undecided.",
        "",
        f"* Pairs of one person or of two unrelated ones: {unrelated} of {5 * many} verdicts wrong (wanted: 1/1,000).",
        f"* Samples without foreign DNA: {clean} of {3 * many} called mixed (wanted: 1/1,000).",
        f"* Samples with as much foreign DNA as is said to show, or more: {unseen} of {3 * many} look clean.",
        "",
        "## Are two samples of one person?",
        "",
        *table(PAIRS, pairs),
        "",
        "Of relatives *right* is that they are two persons; they lie between the hypotheses.",
        "",
        "## Is a sample mixed?",
        "",
        *table(SINGLES, singles),
        "",
        "What is left of lost alleles in a tumour of high purity looks like foreign DNA: it stays undecided.",
        "Undecided are mixed samples, too, whose foreign DNA is less than what is said to show there; those that look",
        "clean though more than that is foreign are wrong.",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=500, help="patients of each setting")
    parser.add_argument("--print", action="store_true", help="print and leave identity.md as it is")
    given = parser.parse_args()
    text = report(list(run(SEED, given.repeats)), given.repeats)
    print(text)
    if not given.print:
        (ROOT / "benchmarks" / "identity.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
