"""Patterns that normals show are taken off a sample; copies are not, wherever they are gained or lost."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cetux import shared_patterns
from cetux.gene_bins import erbb2_locus
from cetux.shared_noise import shared_variance
from cetux.shared_patterns import enough, patterns, with_profiles, without_patterns

KEY = ["chromosome", "start", "end"]
NORMALS = 10
BIN_SD = 0.1
SIZE = 0.1
"""Standard deviation of the pattern between loci, in a sample that has it once."""


def panel(loci: int = 12, chromosomes: int = 6, bins: int = 8) -> pd.DataFrame:
    """Genes of eight bins, 3 Mb apart."""
    rows = [
        (f"chr{chrom}", 10_000_000 + 3_000_000 * locus + 1_000 * at, f"gene{chrom}_{locus}")
        for chrom in range(1, chromosomes + 1)
        for locus in range(loci)
        for at in range(bins)
    ]
    frame = pd.DataFrame(rows, columns=["chromosome", "start", "gene"])
    return frame.assign(end=frame["start"] + 200, weight=0.9, depth=100.0, log2=0.0)


def of_genes(frame: pd.DataFrame, log2: np.ndarray) -> np.ndarray:
    return pd.Series(log2).groupby(frame["gene"].to_numpy(), sort=False).mean().to_numpy()


class Lab:
    """A panel whose samples all have one pattern, each by an amount of its own, besides the noise of each bin."""

    def __init__(self, seed: int = 1, size: float = SIZE, loci: int = 12, chromosomes: int = 6) -> None:
        self.rng, self.frame = np.random.default_rng(seed), panel(loci, chromosomes)
        codes, names = pd.factorize(self.frame["gene"])
        self.pattern = self.rng.normal(0, size, len(names))[codes]
        self.normals = np.array([self.draw(amount) for amount in self.rng.normal(0, 1, NORMALS)])
        self.profiles = self.normals - np.median(self.normals, axis=0)

    def draw(self, amount: float) -> np.ndarray:
        return amount * self.pattern + self.rng.normal(0, BIN_SD, len(self.frame))

    def shown(self, log2: np.ndarray) -> np.ndarray:
        return patterns(self.frame.assign(log2=log2), self.profiles)


@pytest.mark.parametrize("amount", [-1.5, 1.0, 2.0])
def test_a_pattern_of_the_normals_is_taken_off(amount: float) -> None:
    """The noise of eight bins stays, 0.1 / sqrt(8) = 0.035; of the pattern at most two fifths, so few are the loci."""
    lab = Lab()
    log2 = lab.draw(amount)
    before, after = of_genes(lab.frame, log2).std(), of_genes(lab.frame, log2 - lab.shown(log2)).std()
    assert before == pytest.approx(np.hypot(amount * SIZE, 0.035), rel=0.3)
    assert after < np.hypot(0.4 * amount * SIZE, 0.035)


def test_what_genes_share_falls_as_the_sample_shows_it() -> None:
    lab = Lab()
    log2, locus = lab.draw(2.0), erbb2_locus("GRCh38")
    before = shared_variance(lab.frame.assign(log2=log2), locus, 3)
    after = shared_variance(lab.frame.assign(log2=log2 - lab.shown(log2)), locus, 3)
    assert before is not None and after is not None
    assert before.variance == pytest.approx(0.2**2, rel=0.4)
    assert after.variance < before.variance / 10


def test_where_nothing_is_shared_little_is_added() -> None:
    """Ten profiles of mere noise must not add more than a tenth to a gene's error of 0.035."""
    errors = []
    for seed in range(6):
        lab = Lab(seed, size=0.0)
        log2 = lab.draw(0)
        errors.append((of_genes(lab.frame, log2).std(), of_genes(lab.frame, log2 - lab.shown(log2)).std()))
    before, after = np.mean(errors, axis=0)
    assert after < 1.1 * before


def test_copies_are_no_pattern() -> None:
    """Half of the chromosomes gained or lost as a whole, and one gene in ten by up to twofold: the pattern stays."""
    lab = Lab()
    log2, rng = lab.draw(1.0), np.random.default_rng(3)
    arms = lab.frame["chromosome"].map({"chr1": 0.6, "chr3": -1.0, "chr5": 0.3}).fillna(0.0).to_numpy()
    codes, names = pd.factorize(lab.frame["gene"])
    focal = np.where(rng.random(len(names)) < 0.1, rng.uniform(-1, 1, len(names)), 0.0)[codes]
    plain, altered = lab.shown(log2), lab.shown(log2 + arms + focal)
    assert np.std(of_genes(lab.frame, plain - altered)) < 0.02
    assert of_genes(lab.frame, log2 - altered).std() < 0.06


@settings(max_examples=10, deadline=None)
@given(gain=st.floats(-2, 5), gene=st.integers(0, 11))
def test_no_gene_takes_part_in_its_own_correction(gain: float, gene: int) -> None:
    """Whatever its copies, what is taken off its chromosome is the same, but for the level that the median sets."""
    lab = Lab()
    log2 = lab.draw(1.0)
    hit = (lab.frame["gene"] == f"gene4_{gene}").to_numpy()
    here = (lab.frame["chromosome"] == "chr4").to_numpy()
    moved = (lab.shown(log2 + gain * hit) - lab.shown(log2))[here]
    assert np.ptp(moved) == pytest.approx(0, abs=1e-9)
    assert abs(moved[0]) < 0.02


@settings(max_examples=10, deadline=None)
@given(shift=st.floats(-2, 2), seed=st.integers(0, 100))
def test_depth_and_order_do_not_matter(shift: float, seed: int) -> None:
    lab = Lab()
    log2 = lab.draw(1.0)
    found, turn = lab.shown(log2), np.random.default_rng(seed).permutation(len(log2))
    assert lab.shown(log2 + shift) == pytest.approx(found, abs=1e-9)
    shuffled = lab.frame.assign(log2=log2).iloc[turn].reset_index(drop=True)
    assert patterns(shuffled, lab.profiles[:, turn]) == pytest.approx(found[turn], abs=1e-9)
    assert np.median(log2 - found) == pytest.approx(np.median(log2), abs=1e-9)


def test_bins_without_reads_or_profile_are_left_alone() -> None:
    lab = Lab()
    log2 = lab.draw(1.0)
    empty, unknown = lab.frame.index % 40 == 7, (lab.frame["chromosome"] == "chr6").to_numpy()
    lab.profiles[:, unknown] = np.nan
    found = lab.shown(np.where(empty, -20.0, log2))
    assert not found[empty | unknown].any()
    assert np.std(found[~(empty | unknown)]) > SIZE / 2


@pytest.mark.parametrize(("loci", "corrected"), [(4, False), (12, True)])
def test_a_panel_of_few_genes_is_left_as_it_is(loci: int, corrected: bool) -> None:
    """Of three chromosomes two stand elsewhere: 2 * 3 pairs of neighbours are too few, 2 * 11 are enough."""
    lab = Lab(loci=loci, chromosomes=3)
    assert bool(lab.shown(lab.draw(2.0)).any()) is corrected


@pytest.mark.parametrize(("amount", "corrected"), [(1.0, True), (4.0, False)])
def test_a_sample_prepared_otherwise_is_left_as_uneven_as_it_is(amount: float, corrected: bool) -> None:
    """What its loci share has a standard deviation of 0.4, where 0.15 are allowed: the call must see that."""
    lab = Lab()
    assert bool(lab.shown(lab.draw(amount)).any()) is corrected


def tables(lab: Lab, many: int) -> list[pd.DataFrame]:
    return [lab.frame[KEY].assign(depth=300 * (at + 1) * 2.0 ** lab.normals[at]) for at in range(many)]


@pytest.mark.parametrize("many", [0, 3, 4, 10])
def test_profiles_are_columns_of_the_reference(many: int) -> None:
    lab = Lab()
    reference = lab.frame.iloc[::-1].assign(spread=0.1)
    found = with_profiles(reference, tables(lab, many))
    columns = [f"normal_{at}" for at in range(1, many + 1)] if enough(many, len(reference)) else []
    assert list(found.columns) == [*reference.columns, *columns]
    assert found[reference.columns].to_numpy().tolist() == reference.to_numpy().tolist()
    if columns:
        others = np.median(lab.normals[1:many], axis=0) - np.median(lab.normals[1:many])
        told = found.sort_values(["chromosome", "start"])["normal_1"].to_numpy()
        assert told == pytest.approx(lab.normals[0] - np.median(lab.normals[0]) - others, abs=0.03)


def test_the_biweight_keeps_95_percent_of_the_data_of_a_normal_distribution() -> None:
    """Asymptotic efficiency of an M-estimator, E(psi')**2 / E(psi**2), with psi = x * (1 - (x/c)**2)**2 inside c."""
    c = shared_patterns._BIWEIGHT
    x = np.linspace(-c, c, 20_001)
    u, density = (x / c) ** 2, np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi) * (x[1] - x[0])
    slope, square = ((1 - u) * (1 - 5 * u) * density).sum(), (x**2 * (1 - u) ** 4 * density).sum()
    assert slope**2 / square == pytest.approx(0.95, abs=0.001)


def test_sex_chromosomes_and_empty_bins_have_no_profile() -> None:
    """A normal without a read in a bin, and what only tells men from women."""
    lab = Lab()
    lab.frame["chromosome"] = lab.frame["chromosome"].replace("chr6", "chrX")
    given = tables(lab, 5)
    given[2].loc[7, "depth"] = 0.0
    found = with_profiles(lab.frame, given)
    missing = found["normal_1"].isna()
    assert missing.tolist() == ((lab.frame["chromosome"] == "chrX") | (lab.frame.index == 7)).tolist()


def test_a_reference_without_profiles_changes_nothing() -> None:
    lab = Lab()
    sample = lab.frame.assign(log2=lab.draw(1.0))
    assert without_patterns(sample, lab.frame).tolist() == sample["log2"].tolist()


def test_bins_are_matched_by_place(tmp_path: Path) -> None:
    """Of a reference that was written and read, with more bins than the sample, and in another order."""
    lab = Lab()
    path = tmp_path / "reference.cnn"
    with_profiles(lab.frame.iloc[::-1], tables(lab, NORMALS)).to_csv(path, sep="\t", index=False)
    sample = lab.frame.assign(log2=lab.draw(2.0)).iloc[5:]
    left = without_patterns(sample, pd.read_csv(path, sep="\t"))
    assert of_genes(sample, sample["log2"].to_numpy()).std() > 0.15
    assert of_genes(sample, left).std() < np.hypot(0.4 * 2 * SIZE, 0.035)
