"""The bins of an assay, and what is wrong with its BED."""

from pathlib import Path

import pysam
import pytest

from cetux import design
from cetux.design import _accessible, design_bins
from cetux.errors import InputError


def bed(path: Path, lines: list[str]) -> str:
    path.write_text("".join(f"{line}\n" for line in lines))
    return str(path)


def slowly_accessible(text: str) -> list[tuple[int, int]]:
    """Runs of known bases, joined over fewer than 5,000 N: base by base, as the definition says it."""
    runs: list[tuple[int, int]] = []
    for position, base in enumerate(text):
        if base in "Nn":
            continue
        if runs and position - runs[-1][1] < 5_000:
            runs[-1] = (runs[-1][0], position + 1)
        else:
            runs.append((position, position + 1))
    return runs


@pytest.mark.parametrize("block", [1 << 24, 5_000, 777])
def test_accessible_stretches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    """Runs of N just below and at 5 kb, lower case, N at both ends, a contig all N and one that is not primary."""
    monkeypatch.setattr(design, "_BLOCK_BP", block)
    texts = {
        "chr1": "N" * 5_000 + "acgtn" * 100 + "N" * 4_998 + "A" + "n" * 5_000 + "C" * 600,
        "chr2": "A" * 100 + "N" * 4_999 + "T" * 3 + "N" * 10_000,
        "chr3": "N" * 12_000,
        "chr4": "G" * 9_000,
        "chrUn_1": "A" * 9_000,
    }
    path = tmp_path / "r.fa"
    path.write_text("".join(f">{name}\n{text}\n" for name, text in texts.items()))
    pysam.faidx(str(path))
    expected = [(name, *run) for name in list(texts)[:4] for run in slowly_accessible(texts[name])]
    assert list(_accessible(str(path))) == expected
    assert [name for name, *_ in expected] == ["chr1", "chr1", "chr2", "chr4"]


def targets(folder: Path) -> str:
    return bed(folder / "panel.bed", ["chr17\t39700238\t39701500\tERBB2", "chr17\t39716000\t39716100\tERBB2"])


@pytest.mark.parametrize("method", ["hybrid", "amplicon", "wgs"])
def test_design(tmp_path: Path, method: str) -> None:
    """1,262 bp in bins of about 267 are five; only hybrid capture has bins off target, and none over a target."""
    made = tmp_path / "b.bed", tmp_path / "o.bed"
    design_bins(targets(tmp_path), method, "GRCh38", None, None, *map(str, made))
    bins = [line.split("\t") for line in made[0].read_text().splitlines()]
    assert len(bins) == (2 if method == "wgs" else 6)
    assert {row[3] for row in bins} == {"ERBB2"}
    assert sum(int(row[2]) - int(row[1]) for row in bins) == 1_362
    off_target = [line.split("\t") for line in made[1].read_text().splitlines()]
    assert bool(off_target) == (method == "hybrid")
    assert all(int(a) >= 39_716_100 or int(b) <= 39_716_000 for _, a, b, _ in off_target)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("chr17\t39700238", "is no BED line"),
        ("chr17\t39701500\t39700238\tERBB2", "is not below end"),
        ("chr17\t39700238\t99999999\tERBB2", "beyond the contig"),
        ("chr17 39700238 39701500", "is no BED line"),
        ("", "holds no interval"),
    ],
)
def test_design_names_the_wrong_line(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        design_bins(
            bed(tmp_path / "x.bed", [line]), "hybrid", "GRCh38", None, None, str(tmp_path / "b"), str(tmp_path / "o")
        )
    assert not (tmp_path / "b").exists()


def test_design_refuses_the_other_build(tmp_path: Path) -> None:
    """KRAS codon 12 of GRCh37."""
    panel = bed(tmp_path / "x.bed", ["chr12\t25398200\t25398330\tKRAS"])
    with pytest.raises(InputError, match="GRCh37"):
        design_bins(panel, "amplicon", "GRCh38", None, None, str(tmp_path / "b"), str(tmp_path / "o"))
