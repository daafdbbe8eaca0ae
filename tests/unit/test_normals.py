"""Normals held against each other: odd ones are left out by name, with the reason."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from tests.unit.test_correction import EFFICIENCY, PANEL, depths

from cetux.correction import without_odd_normals
from cetux.counts import ReferenceNotes
from cetux.normals import check_normals

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text(encoding="utf-8"))
DEFAULTS = {key: said["default"] for key, said in SCHEMA["properties"]["copy_number"]["properties"].items()}
NAMES = [f"N{i}" for i in range(8)]
ERBB2 = (PANEL["gene"] == "ERBB2").to_numpy()


def tables(sd: float = 0.1, many: int = 8) -> list[pd.DataFrame]:
    """Normals at different depths, with the panel's efficiencies and noise of `sd`."""
    rng = np.random.default_rng(9)
    log2 = [5 + i % 4 + EFFICIENCY + rng.normal(0, sd, len(PANEL)) for i in range(many)]
    return [PANEL.assign(depth=np.exp2(values)) for values in log2]


def check(frames: list[pd.DataFrame], build: str = "GRCh38") -> dict[str, str]:
    return check_normals(frames, NAMES[: len(frames)], build, DEFAULTS).left_out


def multiply(frame: pd.DataFrame, rows: object, log2: object) -> None:
    frame.loc[rows, "depth"] *= 2.0 ** np.asarray(log2)


def test_alike_normals_all_serve() -> None:
    assert check(tables()) == {}


@pytest.mark.parametrize(("gain", "out"), [(0.2, False), (0.45, True), (2.0, True)])
def test_an_amplified_normal_is_named(gain: float, out: bool) -> None:
    """Limit 0.3: 2.5 observed copies. In GRCh37 the gene lies elsewhere, and nothing of these bins is it."""
    frames = tables()
    multiply(frames[2], ERBB2, gain)
    assert list(check(frames)) == (["N2"] if out else [])
    if out:
        assert "looks amplified" in check(frames)["N2"] and "ERBB2" in check(frames)["N2"]
    assert check(frames, "GRCh37") == {}


@pytest.mark.parametrize(("sd", "out"), [(0.2, False), (0.6, True)])
def test_a_noisy_normal_is_named(sd: float, out: bool) -> None:
    frames = tables()
    multiply(frames[5], slice(None), np.random.default_rng(3).normal(0, sd, len(PANEL)))
    assert list(check(frames)) == (["N5"] if out else [])
    assert not out or check(frames)["N5"].startswith("noisy")


def test_a_tumour_among_the_normals_is_named() -> None:
    """Three chromosomes off by 0.3 and more are out of keeping with a normal, two are not yet."""
    frames = tables()
    for chrom, log2 in (("chr1", 0.4), ("chr3", -0.5)):
        multiply(frames[0], frames[0]["chromosome"] == chrom, log2)
    assert check(frames) == {}
    multiply(frames[0], frames[0]["chromosome"] == "chr7", 0.4)
    assert "chromosomes stand off" in check(frames)["N0"]


def test_sex_changes_nothing() -> None:
    frames = [frame.assign(chromosome=frame["chromosome"].replace("chr12", "chrX")) for frame in tables()]
    for frame in frames[::2]:
        multiply(frame, frame["chromosome"] == "chrX", -1.0)
    found = check_normals(frames, NAMES, "GRCh38", DEFAULTS | {"max_shifted_chromosomes": 0})
    assert (found.left_out, {profile.shifted for profile in found.profiles}) == ({}, {()})


def test_of_three_nobody_can_tell() -> None:
    frames = tables(many=3)
    multiply(frames[2], ERBB2, 3.0)
    found = check_normals(frames, NAMES[:3], "GRCh38", DEFAULTS)
    assert (found.left_out, found.profiles) == ({}, ())


def test_depth_scale_and_order_do_not_matter() -> None:
    frames = tables()
    multiply(frames[2], ERBB2, 0.5)
    scaled = [frame.assign(depth=frame["depth"] * factor) for frame, factor in zip(frames, range(1, 9), strict=True)]
    assert check(scaled) == check(frames)
    turned = check_normals(frames[::-1], NAMES[::-1], "GRCh38", DEFAULTS)
    assert turned.left_out == check(frames)


def test_spread_is_that_of_the_noise() -> None:
    """A bin against the median of seven others: 0.1 * sqrt(1 + 1.5 / 7) = 0.11, a little less by the trend."""
    found = check_normals(tables(), NAMES, "GRCh38", DEFAULTS)
    assert np.nanmedian(found.bin_sd_log2) == pytest.approx(0.11, abs=0.01)
    assert found.gene_sd_log2 == pytest.approx(0.11 / np.sqrt(27), rel=0.5)
    assert [profile.noise_log2 for profile in found.profiles] == pytest.approx([0.11] * 8, rel=0.3)


@pytest.mark.parametrize("truth", [0.0, 0.1])
def test_what_loci_share_in_the_normals(truth: float) -> None:
    """Each sample moves each locus of 1 Mb as a whole; against the median of seven others that is sqrt(1 + 1.5 / 7)."""
    rng, frames = np.random.default_rng(4), tables()
    places = PANEL["chromosome"] + "_" + (PANEL["start"] // 1_000_000).astype(str)
    codes, loci = pd.factorize(places)
    for frame in frames:
        multiply(frame, slice(None), rng.normal(0, truth, len(loci))[codes])
    found = check_normals(frames, NAMES, "GRCh38", DEFAULTS).shared_sd_log2
    assert found == pytest.approx(truth * np.sqrt(1 + 1.5 / 7), abs=0.03)


def test_notes_and_table_of_a_reference(tmp_path: Path) -> None:
    made = [depths(tmp_path, name, erbb2=1.0 * (name == "N3"), seed=200 + at) for at, name in enumerate(NAMES)]
    spread = tmp_path / "spread.tsv"
    notes = ReferenceNotes(tuple(NAMES), {"N9": "truncated"})
    kept, said = without_odd_normals(made, notes, "GRCh38", DEFAULTS, str(spread))
    assert said.normals == tuple(name for name in NAMES if name != "N3")
    assert kept == [of for of, name in zip(made, NAMES, strict=True) if name != "N3"]
    assert set(said.left_out) == {"N9", "N3"}
    assert said.compared and said.bin_sd_log2 == pytest.approx(0.11, abs=0.015)
    table = pd.read_csv(spread, sep="\t")
    assert list(table.columns) == ["chromosome", "start", "end", "gene", "sd_log2"]
    assert len(table) == len(PANEL)


def test_no_normal_is_no_error(tmp_path: Path) -> None:
    kept, said = without_odd_normals([], ReferenceNotes((), {}), "GRCh38", DEFAULTS, str(tmp_path / "s.tsv"))
    assert (kept, said) == ([], ReferenceNotes((), {}))
    assert (tmp_path / "s.tsv").read_text() == "chromosome\tstart\tend\tgene\tsd_log2\n"
