from pathlib import Path
from typing import Any

import numpy as np
import pysam
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import builders
from tests.builders import BamBuilder

CONTIGS = {"chr1": 2_500_000, "chr2": 5_000}
REFERENCE = builders.random_reference([("chr1", 1_000, 2_000), ("chr2", 100, 900)], {("chr1", 1_500): "ACC"})


def builder() -> BamBuilder:
    return BamBuilder(CONTIGS, REFERENCE)


def aligned(read: pysam.AlignedSegment) -> dict[int, str]:
    """Reference position -> read base, of the aligned bases."""
    sequence = read.query_sequence or ""
    return {r: sequence[q] for q, r in read.get_aligned_pairs(matches_only=True)}


def test_fasta_has_full_length_and_its_bases(tmp_path: Path) -> None:
    sequences = {("chr1", 999_990): "ACGTACGTACGTACGTACGTACGT", ("chr2", 4_996): "GATC"}
    path = builders.write_fasta(tmp_path / "r.fa.gz", CONTIGS, sequences)
    assert Path(f"{path}.fai").exists()
    assert Path(f"{path}.gzi").exists()
    with pysam.FastaFile(str(path)) as fasta:
        assert dict(zip(fasta.references, fasta.lengths, strict=True)) == CONTIGS
        assert fasta.fetch("chr1", 999_988, 1_000_016) == "NN" + sequences["chr1", 999_990] + "NN"
        assert fasta.fetch("chr2", 4_995, 5_000) == "NGATC"
        assert set(fasta.fetch("chr1", 2_000_000, 2_500_000)) == {"N"}


def test_fasta_refuses_sequence_beyond_its_contig(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="leaves its contig"):
        builders.write_fasta(tmp_path / "r.fa.gz", CONTIGS, {("chr2", 4_999): "AC"})


def test_random_reference_is_seeded_merged_and_planted() -> None:
    regions = [("chr1", 50, 80), ("chr1", 10, 60)]
    made = builders.random_reference(regions, {("chr1", 58): "TTT"}, seed=3)
    assert list(made) == [("chr1", 10)]
    assert builders.reference_bases(made, "chr1", 58, 61) == "TTT"
    assert made == builders.random_reference(regions, {("chr1", 58): "TTT"}, seed=3)
    assert made != builders.random_reference(regions, {("chr1", 58): "TTT"}, seed=4)
    with pytest.raises(ValueError, match="no reference sequence"):
        builders.random_reference(regions, {("chr1", 200): "A"})


def test_bam_is_sorted_indexed_and_has_its_header(tmp_path: Path) -> None:
    bam = builder()
    bam.md5 = {"chr2": "0" * 32}
    bam.add_fragment("chr2", 300, 500)
    bam.add_fragment("chr1", 1_200, 1_400)
    bam.add_fragment("chr1", 1_100, 1_290, count=2)
    bam.add_read("chr1", 0, "A", unmapped=True)
    with pysam.AlignmentFile(str(bam.write(tmp_path / "s.bam"))) as opened:
        assert opened.check_index()
        header = opened.header.to_dict()
        assert header["HD"]["SO"] == "coordinate"
        assert header["RG"] == [{"ID": "sample", "SM": "sample", "PL": "ILLUMINA"}]
        assert header["SQ"] == [
            {"SN": "chr1", "LN": 2_500_000},
            {"SN": "chr2", "LN": 5_000, "M5": "0" * 32},
        ]
        reads = list(opened.fetch(until_eof=True))
        assert [opened.count(contig) for contig in CONTIGS] == [7, 2]
    places = [(read.reference_id, read.reference_start) for read in reads]
    assert places == sorted(places)
    assert {read.get_tag("RG") for read in reads} == {"sample"}


def test_a_bam_without_read_group_keeps_its_tags() -> None:
    read = BamBuilder(CONTIGS, sample=None).add_read("chr1", 10, "ACGT", tags={"RX": "AAAA"})
    assert read.get_tags() == [("RX", "AAAA")]


@pytest.mark.parametrize("flag", sorted(builders.FLAGS))
def test_flags(flag: str) -> None:
    flags: Any = {flag: True}
    read = builder().add_read("chr1", 10, "ACGT", **flags)
    assert {name for name in builders.FLAGS if getattr(read, f"is_{name}")} == {flag}


def test_an_unknown_flag_is_refused() -> None:
    with pytest.raises(TypeError, match="duplicated"):
        builder().add_read("chr1", 10, "ACGT", duplicated=True)


def test_pair_is_a_proper_fr_pair() -> None:
    left, right = builder().add_pair("chr1", 1_000, "A" * 50, "C" * 50, insert=180, mapq=13, duplicate=True)
    assert (left.flag, right.flag) == (99 + 1024, 147 + 1024)
    assert (left.reference_start, right.reference_end) == (1_000, 1_180)
    assert (left.template_length, right.template_length) == (180, -180)
    assert (left.next_reference_start, right.next_reference_start) == (right.reference_start, 1_000)
    assert left.query_name == right.query_name
    assert left.mapping_quality == right.mapping_quality == 13


def test_right_options_are_for_the_right_mate_alone() -> None:
    left, right = builder().add_pair("chr1", 0, "ACGT", "ACGT", right_base_quality=2, right_mapq=0)
    assert (list(left.query_qualities or []), left.mapping_quality) == ([37] * 4, 60)
    assert (list(right.query_qualities or []), right.mapping_quality) == ([2] * 4, 0)


def test_fragment_follows_the_reference_but_for_its_changes() -> None:
    ((left, right),) = builder().add_fragment("chr1", 1_420, 1_600, changes={1_501: "T"})
    for read in (left, right):
        bases = aligned(read)
        assert bases[1_501] == "T"
        assert {p for p, base in bases.items() if base != REFERENCE["chr1", 1_000][p - 1_000]} == {1_501}
    assert (left.reference_start, right.reference_end) == (1_420, 1_600)
    assert "ATC" in (left.query_sequence or "")


def test_mates_may_differ() -> None:
    ((left, right),) = builder().add_fragment("chr1", 1_420, 1_590, right_changes={1_501: "G"})
    assert (aligned(left)[1_501], aligned(right)[1_501]) == ("C", "G")


def test_short_fragment_gives_two_mates_of_its_length() -> None:
    ((left, right),) = builder().add_fragment("chr1", 1_420, 1_480)
    assert left.query_sequence == right.query_sequence == REFERENCE["chr1", 1_000][420:480]


def test_indels_land_where_told() -> None:
    bam = builder()
    ((left, right),) = bam.add_fragment("chr1", 1_450, 1_600, deletions={1_500: 3}, insertions={1_520: "GG"})
    assert left.cigarstring == "50M3D18M2I30M"
    assert (left.reference_start, right.reference_end) == (1_450, 1_600)
    assert not {1_500, 1_501, 1_502} & set(aligned(left))
    assert (left.query_sequence or "")[68:70] == "GG"
    assert right.cigarstring == "1M3D18M2I79M"


def test_indels_at_the_end_of_a_read() -> None:
    ((left, _),) = builder().add_fragment("chr1", 1_401, 1_700, insertions={1_498: "GGGG"})
    assert left.cigarstring == "98M2S"
    ((left, _),) = builder().add_fragment("chr1", 1_400, 1_700, deletions={1_500: 4})
    assert left.cigarstring == "100M"


def test_fragments_are_counted_named_and_of_both_strands() -> None:
    pairs = builder().add_fragment("chr1", 1_100, 1_300, count=6)
    assert len({left.query_name for left, _ in pairs}) == 6
    assert sum(left.is_read1 for left, _ in pairs) == 3
    assert all(not left.is_reverse and right.is_reverse for left, right in pairs)
    assert all(left.is_read1 for left, _ in builder().add_fragment("chr1", 1_100, 1_300, count=3, strand="+"))
    with pytest.raises(ValueError, match="count=1"):
        builder().add_fragment("chr1", 1_100, 1_300, count=2, name="x")


def test_changes_outside_the_fragment_are_refused() -> None:
    with pytest.raises(ValueError, match="outside the fragment"):
        builder().add_fragment("chr1", 1_100, 1_300, changes={1_300: "A"})
    with pytest.raises(ValueError, match="no reference sequence"):
        builder().add_fragment("chr1", 900, 1_300)


@given(
    st.integers(1_000, 1_700),
    st.integers(1, 300),
    st.dictionaries(st.integers(0, 299), st.integers(1, 30), max_size=3),
    st.dictionaries(st.integers(0, 299), st.text("ACGT", min_size=1, max_size=9), max_size=3),
)
def test_cigar_fits_sequence_and_place(
    start: int, length_bp: int, deletions: dict[int, int], insertions: dict[int, str]
) -> None:
    kept = set(range(length_bp)) - {q for p, n in deletions.items() for q in range(p, p + n)}
    middle = sorted(kept)[1:-1]
    if not middle or min(kept) or max(kept) < length_bp - 1:
        return
    ((left, right),) = builder().add_fragment(
        "chr1",
        start,
        start + length_bp,
        deletions={start + p: n for p, n in deletions.items() if p < length_bp},
        insertions={start + p: bases for p, bases in insertions.items() if p in middle},
    )
    for read in (left, right):
        assert read.infer_query_length() == len(read.query_sequence or "") <= 100
        assert all(base == REFERENCE["chr1", 1_000][p - 1_000] for p, base in aligned(read).items())
    assert left.reference_start == start
    assert right.reference_end == start + length_bp


def test_tsv_has_every_column_once(tmp_path: Path) -> None:
    path = builders.write_tsv(tmp_path / "a.tsv", [{"a": 1}, {"a": 2, "b": "x"}])
    assert path.read_text() == "a\tb\n1\t\n2\tx\n"


def test_rows_take_overrides_and_drop_columns() -> None:
    assert builders.sample_row(purity=0.3, ploidy=3)["purity"] == "0.3"
    assert builders.sample_row(ploidy=3)["ploidy"] == "3"
    assert "purity" not in builders.sample_row(purity=None)
    assert builders.normal_row()["patient"] == ""
    assert builders.heregulin_row(value="<62.5")["value"] == "<62.5"
    assert builders.patient_row(progression="")["progression"] == ""


def test_cnr_frame_has_the_log2_it_was_told() -> None:
    frame = builders.cnr_frame(erbb2=2.4, controls_17q={"CTL17Q_31": 0.5, "CTL17Q_58": 0.0}, controls_17p=-1)
    mean = frame.groupby("gene")["log2"].mean()
    assert mean["ERBB2"] == pytest.approx(2.4, abs=0.05)
    assert mean["CTL17Q_31"] == pytest.approx(0.5, abs=0.1)
    assert mean["CTL17P_7"] == pytest.approx(-1, abs=0.1)
    assert "CTL17Q_43" not in mean
    assert list(frame.columns) == ["chromosome", "start", "end", "gene", "log2", "depth", "weight"]
    np.testing.assert_allclose(frame["depth"], 300 * np.exp2(frame["log2"]))


def test_cnr_frame_is_sorted_seeded_and_sized() -> None:
    frame = builders.cnr_frame(bins={"erbb2": 9, "antitarget": 4, "background": 0})
    assert (frame["gene"] == "ERBB2").sum() == 9
    assert (frame["gene"] == "Antitarget").sum() == 20
    assert not frame["gene"].str.startswith("BG").any()
    place = list(zip(frame["chromosome"].str[3:].astype(int), frame["start"], strict=True))
    assert place == sorted(place)
    assert frame.equals(builders.cnr_frame(bins={"erbb2": 9, "antitarget": 4, "background": 0}))
    assert not frame.equals(builders.cnr_frame(bins={"erbb2": 9, "antitarget": 4, "background": 0}, seed=2))
