"""Which index counts where there are several: asked of htslib itself, by damaging the others."""

from itertools import combinations
from pathlib import Path

import pysam
import pytest
from tests.builders import BamBuilder

from cetux.indexes import index_of, is_indexed_kind

ENDINGS = {".bam": (".bam.bai", ".bai", ".bam.csi", ".csi"), ".cram": (".cram.crai", ".crai")}
PAIRS = [(kind, *pair) for kind, endings in ENDINGS.items() for pair in combinations(endings, 2)]


def alignment_file(folder: Path, kind: str) -> Path:
    bam = BamBuilder({"chr1": 1000})
    bam.add_read("chr1", 100, "ACGT")
    path = bam.write(folder / "x.bam", index=False)
    if kind == ".bam":
        return path
    cram = folder / "x.cram"
    pysam.view("-C", "--output-fmt-option", "no_ref=1", "-o", str(cram), str(path), catch_stdout=False)
    return cram


def make_index(path: Path, ending: str) -> Path:
    index = path.with_name(f"x{ending}")
    pysam.index(*(["-c"] if ending.endswith(".csi") else []), "-o", str(index), str(path))
    return index


def opens(path: Path) -> bool:
    try:
        with pysam.AlignmentFile(str(path), require_index=True):
            return True
    except (OSError, ValueError):
        return False


@pytest.mark.parametrize(("kind", "one", "other"), PAIRS)
def test_of_two_indexes_the_one_that_htslib_takes(kind: str, one: str, other: str, tmp_path: Path) -> None:
    path = alignment_file(tmp_path, kind)
    indexes = [make_index(path, ending) for ending in (one, other)]
    assert opens(path)
    taken = Path(index_of(str(path)) or "")
    assert taken in indexes
    (left,) = set(indexes) - {taken}
    left.write_bytes(b"damaged")
    assert opens(path)
    make_index(path, left.name.removeprefix("x"))
    taken.write_bytes(b"damaged")
    assert not opens(path)


@pytest.mark.parametrize(("kind", "ending"), [(kind, one) for kind, endings in ENDINGS.items() for one in endings])
def test_every_place_of_an_index(kind: str, ending: str, tmp_path: Path) -> None:
    path = alignment_file(tmp_path, kind)
    assert index_of(str(path)) is None
    assert not opens(path)
    make_index(path, ending)
    assert index_of(str(path)) == str(tmp_path / f"x{ending}")
    assert opens(path)


def test_other_files_need_none() -> None:
    assert is_indexed_kind("a/x.bam") and is_indexed_kind("x.cram")
    assert not is_indexed_kind("x.vcf")
    assert index_of("x.vcf") is None
