"""First level of the benchmark: recall, false detections and limits of detection on drawn counts."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from benchmarks import oracle, ours
from benchmarks.error_model import BASES, PROFILES
from benchmarks.simulate_counts import CountSimulator, Variant, listed_changes

from cetux.codons import plus_strand, protein_change
from cetux.genotype import Sample as SampleFacts
from cetux.genotype import thresholds_for
from cetux.resources import Codon, alleles, codons
from cetux.states import Specimen
from cetux.support import counts_by_codon

DEPTHS = (50, 200, 313, 500, 1000, 2000, 5000, 20_000)
VAFS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5)
LIMIT_DEPTHS = (300, 500, 1000, 2000, 5000)
WILD_TYPE_SHARE = {50: 0.2, 200: 0.24, 500: 0.24, 1000: 0.16, 2000: 0.1, 5000: 0.04, 20_000: 0.02}
"""How the wild-type samples are spread over the depths: the deepest take 15 times as long."""

FALSE_RATE = 1e-3
"""Samples without any variant in which the oracle may see one: what is asked of the workflow."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Effort:
    """How many samples are drawn.

    recall, limit: samples a cell. wild_type: samples over all cells. calibration: tests of the oracle a cell and class.
    """

    recall: int
    wild_type: int
    limit: int
    calibration: int
    jobs: int = 1


def scaled(effort: Effort, share: float, jobs: int) -> Effort:
    """A share of the samples of an effort, in that many processes."""
    return Effort(
        recall=max(2, round(share * effort.recall)),
        wild_type=max(60, round(share * effort.wild_type)),
        limit=max(2, round(share * effort.limit)),
        calibration=effort.calibration,
        jobs=jobs,
    )


QUICK = Effort(recall=12, wild_type=600, limit=20, calibration=400_000)
FULL = Effort(recall=70, wild_type=10_000, limit=130, calibration=1_000_000)


def tested_codons() -> list[Codon]:
    """The listed codons, in the order of their table."""
    return list(codons(ours.BUILD))


def _generator(seed: int, *cell: int) -> np.random.Generator:
    return np.random.default_rng([seed, *cell])


def _spread(effort: Effort, task: Callable[..., Any], jobs: Sequence[tuple[Any, ...]]) -> Iterator[Any]:
    if effort.jobs == 1:
        yield from (task(*job) for job in jobs)
        return
    with ProcessPoolExecutor(effort.jobs) as pool:
        yield from pool.map(task, *zip(*jobs, strict=True))


def _random_variants(rng: np.random.Generator, choices: list[tuple[int, str, str]], vaf: float) -> list[Variant]:
    """One listed single-base change in each of three genes."""
    order = rng.permutation(len(choices))
    chosen: dict[str, Variant] = {}
    listed = tested_codons()
    for index in order:
        codon, bases, _ = choices[index]
        chosen.setdefault(listed[codon].gene, Variant(codon, bases, vaf))
        if len(chosen) == 3:
            break
    return list(chosen.values())


def _named(codon: Codon, bases: str) -> tuple[str, int, str]:
    reference = plus_strand(codon)
    changes = tuple((i, base) for i, (base, known) in enumerate(zip(bases, reference, strict=True)) if base != known)
    return codon.gene, codon.codon, f"{codon.wt_aa}{codon.codon}{protein_change(codon, changes)}"


def recall_cell(seed: int, name: str, depth: int, samples: int, calibration: int) -> list[Row]:
    """Recall at every VAF of one profile and depth, beside the oracle and the molecules that were there to see."""
    profile, listed = PROFILES[name], tested_codons()
    simulator = CountSimulator(listed, profile)
    choices = listed_changes(listed, alleles())
    rng = _generator(seed, 2, list(PROFILES).index(name), depth)
    cut, cut_2 = oracle.thresholds(simulator, depth, FALSE_RATE, calibration, rng)
    facts = SampleFacts(specimen=Specimen(profile.specimen), purity=None, umi=profile.umi, amplicon=False)
    floor = thresholds_for(facts, ours.settings(floors=True))
    rows: list[Row] = []
    for vaf in VAFS:
        seen = dict.fromkeys(("variants", "sampled_2", "oracle", "oracle_2", "ours", "oracle_floors", "ours_floors"), 0)
        for _ in range(samples if 0.3 < depth * vaf < 60 else max(samples // 5, 4)):
            variants = _random_variants(rng, choices, vaf)
            drawn = simulator.draw(rng, depth, variants)
            called = ours.call(ours.record(simulator, drawn), listed, profile, ours.settings(floors=True))
            detected, reported = ours.detected(called), ours.reported(called)
            statistic = oracle.sample_statistics(simulator, drawn)
            for variant in variants:
                reference = simulator.references[variant.codon]
                place = next(i for i in range(3) if variant.bases[i] != reference[i])
                base = BASES.index(variant.bases[place])
                carried = int(drawn.mutants[variant.codon][1].sum())
                shown = carried + int(drawn.errors[variant.codon, place, base].sum())
                above = shown >= floor.min_fragments and shown >= floor.low_vaf * drawn.depth[variant.codon].sum()
                by_oracle = bool(statistic[variant.codon, place, base] >= cut)
                allele = _named(listed[variant.codon], variant.bases)
                seen["variants"] += 1
                seen["sampled_2"] += carried >= 2
                seen["oracle"] += by_oracle
                seen["oracle_2"] += shown >= 2 and bool(statistic[variant.codon, place, base] >= cut_2)
                seen["ours"] += allele in detected
                seen["oracle_floors"] += int(by_oracle and above)
                seen["ours_floors"] += allele in reported
        rows.append({"profile": name, "depth": depth, "vaf": vaf, **seen, "oracle_threshold": round(cut, 3)})
    return rows


def recall(seed: int, effort: Effort) -> list[Row]:
    """Recall by profile, depth and VAF."""
    cells = [
        (seed, name, depth, effort.recall, effort.calibration) for name, depth in product(PROFILES, reversed(DEPTHS))
    ]
    rows = [row for cell in _spread(effort, recall_cell, cells) for row in cell]
    return sorted(rows, key=lambda row: (list(PROFILES).index(row["profile"]), row["depth"], row["vaf"]))


def wild_type_cell(seed: int, name: str, depth: int, samples: int) -> Row:
    """Samples without any variant: in how many something is DETECTED, and in how many it would be MUT."""
    profile, listed = PROFILES[name], tested_codons()
    simulator = CountSimulator(listed, profile)
    rng = _generator(seed, 3, list(PROFILES).index(name), depth)
    detected = low = mut = 0
    examples: list[str] = []
    for _ in range(samples):
        counts = ours.record(simulator, simulator.draw(rng, depth))
        called = ours.call(counts, listed, profile, ours.settings(floors=True))
        false = ours.detected(called)
        detected += bool(false)
        examples += [f"{gene}:{a.protein}:{a.alt_fragments}/{a.fragments}" for (gene, _, _), a in false.items()]
        states = {str(allele.state) for allele in ours.reported(called).values()}
        mut += "MUT" in states
        low += "MUT_LOW" in states
    return {
        "profile": name,
        "depth": depth,
        "samples": samples,
        "detected": detected,
        "mut_low": low,
        "mut": mut,
        "examples": ",".join(examples[:8]),
    }


def wild_type(seed: int, effort: Effort) -> list[Row]:
    """False detections by profile and depth."""
    each = effort.wild_type / len(PROFILES)
    cells = [
        (seed, name, depth, max(1, round(share * each)))
        for depth, share in reversed(WILD_TYPE_SHARE.items())
        for name in PROFILES
    ]
    rows = list(_spread(effort, wild_type_cell, cells))
    return sorted(rows, key=lambda row: (list(PROFILES).index(row["profile"]), row["depth"]))


def _hardest(simulator: CountSimulator, index: int, required: Sequence[int]) -> str:
    """The change at the required bases of a codon that counts and that errors make most often, plus-strand bases.

    The stated limit is that of the changes that count; any amino-acid change where none does.
    """
    codon, reference = simulator.codons[index], simulator.references[index]
    best = ("", -1.0)
    for place in required:
        position = place if codon.strand == "+" else 2 - place
        for shown, base in enumerate(BASES):
            changes = ((position, base),)
            if base == reference[position] or protein_change(codon, changes) == codon.wt_aa:
                continue
            protein = protein_change(codon, changes)
            counts = (
                counts_by_codon(codon, protein) or (codon.gene, f"{codon.wt_aa}{codon.codon}{protein}") in alleles()
            )
            rate = counts + float(simulator.rates[index, position, shown] @ simulator.shares)
            if rate > best[1]:
                best = (reference[:position] + base + reference[position + 1 :], rate)
    return best[0]


def limit_cell(seed: int, name: str, depth: int, samples: int, floors: bool) -> Row:
    """Power at the stated limit: variants are put at it into the very sample that stated it, three genes at a time."""
    profile, listed = PROFILES[name], tested_codons()
    simulator = CountSimulator(listed, profile)
    rng = _generator(seed, 4, list(PROFILES).index(name), depth)
    thresholds = ours.settings(floors)
    trials = hits = unstated = 0
    stated_at: list[float] = []
    for _ in range(samples):
        drawn = simulator.draw(rng, depth)
        stated = ours.limits(ours.call(ours.record(simulator, drawn), listed, profile, thresholds))
        chosen: dict[str, Variant] = {}
        for index in rng.permutation(len(listed)):
            codon = listed[index]
            if codon.required and codon.gene not in chosen and len(chosen) < 3:
                limit = stated.get((codon.gene, codon.codon))
                if limit is None:
                    unstated += 1
                    continue
                chosen[codon.gene] = Variant(int(index), _hardest(simulator, int(index), codon.required), limit)
                stated_at.append(limit)
        variants = list(chosen.values())
        with_them = simulator.add_variants(rng, drawn, variants)
        called = ours.reported(ours.call(ours.record(simulator, with_them), listed, profile, thresholds))
        trials += len(variants)
        hits += sum(_named(listed[variant.codon], variant.bases) in called for variant in variants)
    median = float(np.median(stated_at)) if stated_at else float("nan")
    return {
        "profile": name,
        "rule": "with floors" if floors else "DETECTED alone",
        "depth": depth,
        "trials": trials,
        "called": hits,
        "median_limit": round(median, 6),
        "unstated": unstated,
    }


def limit_of_detection(seed: int, effort: Effort) -> list[Row]:
    """Measured power at the stated limit, by profile and depth."""
    cells = [
        (seed, name, depth, effort.limit, floors)
        for depth, name, floors in product(reversed(LIMIT_DEPTHS), PROFILES, (True, False))
    ]
    rows = list(_spread(effort, limit_cell, cells))
    return sorted(rows, key=lambda row: (row["rule"], list(PROFILES).index(row["profile"]), row["depth"]))
