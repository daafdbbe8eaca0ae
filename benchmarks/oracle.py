"""The likelihood-ratio test that knows the simulator's true error rates: what no caller can be expected to beat.

One test is one single-base change of one codon. With m[s] of n[s] fragments of stratum s showing it, and e[s] the true
chance that an unchanged fragment shows it, a fragment shows it with f(v) = e[s] + v * (1 - e[s]) at the fraction v, and
the statistic is the largest log-likelihood over v less that at v = 0.
"""

import numpy as np
import numpy.typing as npt
from benchmarks.error_model import BASES
from benchmarks.simulate_counts import CountSimulator, Drawn

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.float64] | npt.NDArray[np.int64]
_GRID = np.concatenate([[0.0], np.geomspace(2e-5, 0.999, 120)])
_LEAST = 1e-12
_CHUNK = 20_000


def statistics(carried: Numbers, depth: Numbers, error: Floats) -> Floats:
    """Log-likelihood ratio of each test; all arguments are [test, stratum]."""
    error = np.maximum(error, _LEAST)
    best = np.full(len(carried), -np.inf)
    null = np.zeros(len(carried))
    for v in _GRID:
        chance = error + v * (1 - error)
        fit = (carried * np.log(chance) + (depth - carried) * np.log1p(-chance)).sum(axis=1)
        if v == 0.0:
            null = fit
        best = np.maximum(best, fit)
    return best - null


def sample_statistics(simulator: CountSimulator, drawn: Drawn) -> Floats:
    """Statistic of every single-base change, [codon, position, shown base]; 0 where fragments are as expected."""
    carried = drawn.errors.copy()
    for index, (bases, mutants) in drawn.mutants.items():
        for position, base in enumerate(bases):
            shown = BASES.index(base)
            if shown != simulator.coded[index, position]:
                carried[index, position, shown] += mutants
    found: Floats = np.zeros(carried.shape[:3])
    for position in range(3):
        depth = simulator.by_base_stratum(drawn.depth, position)
        here = simulator.by_base_stratum(carried[:, position], position)
        rates = simulator.base_rates[simulator.coded[:, position]]
        expected = (depth[:, None, :] * rates).sum(axis=2)
        where = np.nonzero(here.sum(axis=2) > expected + 1.5 * np.sqrt(expected))
        found[where[0], position, where[1]] = statistics(here[where], depth[where[0]], rates[where])
    return found


def thresholds(
    simulator: CountSimulator, depth: float, rate: float, tests: int, rng: np.random.Generator
) -> tuple[float, float]:
    """The smallest statistics that by chance are reached anywhere in at most `rate` of wild-type samples.

    The first for all changes, the second among those that at least two fragments carry.

    The chance of a sample is the sum over its tests. Tests with the same error rates have the same distribution, so
    each such class is drawn `tests` times, in chunks that each have a depth of their own.
    """
    every = simulator.base_rates[simulator.coded].reshape(-1, len(simulator.base_strata))
    classes, members = np.unique(every[every.sum(axis=1) > 0], axis=0, return_counts=True)
    shares = simulator.base_shares()
    values, weights, fragments = [np.zeros(1)], [np.zeros(1)], [np.zeros(1)]
    for error, many in zip(classes, members, strict=True):
        for _ in range(0, tests, _CHUNK):
            split = rng.poisson(depth * shares)
            expected = float(split @ error)
            carried = rng.binomial(split, error, (_CHUNK, len(split)))
            above = carried[carried.sum(axis=1) > expected + 1.5 * np.sqrt(expected)]
            unique, times = np.unique(above, axis=0, return_counts=True)
            values.append(
                statistics(unique, np.broadcast_to(split, unique.shape), np.broadcast_to(error, unique.shape))
            )
            weights.append(times * many / (_CHUNK * -(-tests // _CHUNK)))
            fragments.append(unique.sum(axis=1))
    value, weight, many = np.concatenate(values), np.concatenate(weights), np.concatenate(fragments)
    found = []
    for least in (1, 2):
        order = np.argsort(-value)
        spent = np.cumsum(np.where(many >= least, weight, 0.0)[order])
        found.append(float(value[order][np.argmax(spent > rate)]) + 1e-6 if spent[-1] > rate else 0.0)
    return found[0], found[1]
