import filecmp
import subprocess
import sys
from pathlib import Path

import numpy as np
import pysam
import pytest
from tests import builders, demo

PATIENTS = ["P01_KRAS", "P02_BRAF"]
CONTROL_BLOCKS = [(27_400_000, 36_643_544), (41_843_748, 83_257_441)]
"""17q outside the region that no control may lie in (resources/chr17.tsv)."""


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("demo")
    return demo.build(out, patients=PATIENTS, normals=1).parent


def fragments(bam: pysam.AlignmentFile, contig: str, start: int, size: int = 1) -> dict[str, str]:
    """Name -> bases at contig:start, of the fragments that are no duplicates and have all bases at Q20."""
    found = {}
    for read in bam.fetch(contig, start, start + size):
        first = start - read.reference_start
        qualities = list(read.query_qualities or [])[max(first, 0) : first + size]
        if first >= 0 and len(qualities) == size and min(qualities) >= 20 and not read.is_duplicate:
            found[str(read.query_name)] = (read.query_sequence or "")[first : first + size]
    return found


def depths(name: str, tumour: demo.Tumour | None) -> np.ndarray:
    """Fragments that begin in each target's reach, of a sample drawn in memory."""
    reads = demo.draw_reads(tumour, name, seed=1)
    left = reads[(reads["insert"] > 0) & (reads["flag"] < 1024)]
    middle = left["start"] + left["insert"] // 2
    inside = (
        (left["reference"] == demo.CONTIGS.index(t.contig)) & (middle >= t.start) & (middle < t.end)
        for t in demo.panel()
    )
    return np.array([mask.sum() for mask in inside])


def gene_mask(prefix: str) -> np.ndarray:
    return np.array([target.gene.startswith(prefix) for target in demo.panel()])


def test_panel_covers_every_listed_codon_and_exon() -> None:
    for contig, position in demo.codon_bases():
        assert any(t.contig == contig and t.start <= position < t.end for t in demo.panel())
    for row in demo.rows("erbb2_exons.tsv"):
        start, end = int(row["start_grch38"]) - 1, int(row["end_grch38"])
        assert any(t.gene == "ERBB2" and t.start <= start and end <= t.end for t in demo.panel())


def test_targets_do_not_overlap_and_are_wide() -> None:
    for one, two in zip(demo.panel(), demo.panel()[1:], strict=False):
        assert one.contig != two.contig or one.end <= two.start
    assert min(t.end - t.start for t in demo.panel()) >= 120


def test_controls_lie_on_17q_outside_the_amplicon_one_in_a_megabase() -> None:
    targets = [t for t in demo.panel() if t.gene.startswith("CTL17Q")]
    for target in targets:
        assert any(start <= target.start and target.end <= end for start, end in CONTROL_BLOCKS)
    blocks = {(t.gene, t.start // 1_000_000) for t in targets} | {(t.gene, t.end // 1_000_000) for t in targets}
    assert len(blocks) == len({gene for gene, _ in blocks}) == len({mb for _, mb in blocks}) >= 5
    assert all(sum(t.gene == gene for t in targets) >= 6 for gene, _ in blocks)


def test_reference_has_the_bases_of_codons_and_alleles() -> None:
    made = demo.reference(1)
    for (contig, position), (_, base) in demo.codon_bases().items():
        assert builders.reference_bases(made, contig, position, position + 1) == base
    for row in demo.rows("alleles.tsv"):
        start, ref = int(row["pos_grch38"]) - 1, row["ref"]
        assert builders.reference_bases(made, f"chr{row['chrom']}", start, start + len(ref)) == ref


@pytest.mark.parametrize(("purity", "gain", "ccf", "vaf"), [(0.6, 2, 1, 0.3), (0.5, 6, 1, 0.125), (0.8, 2, 0.5, 0.2)])
def test_vaf(purity: float, gain: float, ccf: float, vaf: float) -> None:
    tumour = demo.Tumour(purity, gains=(("chr1", 0, 100, gain),))
    assert tumour.vaf(demo.Variant("chr1", 50, "A", "C", ccf=ccf)) == pytest.approx(vaf)


def test_expected_calls(cohort: Path) -> None:
    assert (cohort / "truth.tsv").read_text().splitlines()[1:] == [
        "P01_KRAS\tDE_NOVO\tMECHANISM\tRAS_MUT(KRAS G12D)\tHIGH",
        "P02_BRAF\tDE_NOVO\tMECHANISM\tBRAF_CLASS1(V600K)\tHIGH",
    ]
    assert "ynthetic" in (cohort / "README.txt").read_text()


def test_every_file_of_the_sheets_exists(cohort: Path) -> None:
    header, *lines = (cohort / "samples.tsv").read_text().splitlines()
    column = header.split("\t").index("bam")
    bams = [cohort / line.split("\t")[column] for line in lines]
    assert [bam.stem for bam in bams] == ["P01_KRAS_pre", "P02_BRAF_pre", "N01"]
    assert all(bam.exists() and Path(f"{bam}.bai").exists() for bam in bams)


def test_fasta_is_the_reference_at_full_length(cohort: Path) -> None:
    with pysam.FastaFile(str(cohort / "reference.fa.gz")) as fasta:
        assert dict(zip(fasta.references, fasta.lengths, strict=True)) == demo.contig_lengths()
        for (contig, start), bases in demo.reference(1).items():
            assert fasta.fetch(contig, start - 1, start + len(bases) + 1) == f"N{bases}N"


def test_bam_is_valid_sorted_and_follows_the_reference(cohort: Path) -> None:
    made = demo.reference(1)
    places, wrong, bases, duplicates = [], 0, 0, 0
    with pysam.AlignmentFile(str(cohort / "bam/N01.bam")) as bam:
        assert bam.header.to_dict()["RG"][0]["SM"] == "N01"
        for read in bam:
            places.append((read.reference_id, read.reference_start))
            duplicates += read.is_duplicate
            if len(places) % 200 == 0:
                start = read.reference_start
                truth = builders.reference_bases(made, str(read.reference_name), start, start + 100)
                wrong += sum(a != b for a, b in zip(truth, read.query_sequence or "", strict=True))
                bases += 100
                assert (read.cigarstring, read.mapping_quality, read.get_tag("RG")) == ("100M", 60, "N01")
                mate = bam.mate(read)
                assert (mate.query_name, mate.is_reverse) == (read.query_name, not read.is_reverse)
                assert read.is_proper_pair and 170 <= abs(read.template_length) <= 220
    assert places == sorted(places)
    assert 2e-4 < wrong / bases < 2e-3
    assert 0.04 < duplicates / len(places) < 0.08


@pytest.mark.parametrize(
    ("patient", "contig", "start", "mutant", "vaf"),
    [("P01_KRAS", "chr12", 25_245_348, "ATC", 0.30), ("P02_BRAF", "chr7", 140_753_334, "CTT", 0.25)],
)
def test_mutations_at_their_vaf(cohort: Path, patient: str, contig: str, start: int, mutant: str, vaf: float) -> None:
    with pysam.AlignmentFile(str(cohort / f"bam/{patient}_pre.bam")) as bam:
        seen = list(fragments(bam, contig, start, len(mutant)).values())
    assert seen.count(mutant) / len(seen) == pytest.approx(vaf, abs=0.08)


def test_depth_at_every_codon(cohort: Path) -> None:
    with pysam.AlignmentFile(str(cohort / "bam/P01_KRAS_pre.bam")) as bam:
        assert min(len(fragments(bam, contig, p)) for contig, p in demo.codon_bases()) >= 260


def test_no_other_mutation(cohort: Path) -> None:
    with pysam.AlignmentFile(str(cohort / "bam/P02_BRAF_pre.bam")) as bam:
        for (contig, position), (_, base) in demo.codon_bases().items():
            if (contig, position) not in {("chr7", 140_753_335), ("chr7", 140_753_336)}:
                seen = list(fragments(bam, contig, position).values())
                assert seen.count(base) / len(seen) > 0.98


@pytest.mark.parametrize(
    ("patient", "erbb2", "controls"), [("P03_ERBB2", 5.5, 1.0), ("P06_POLYSOMY", 2.05, 2.05), ("P07_NONE", 1.0, 1.0)]
)
def test_copies_against_a_normal(patient: str, erbb2: float, controls: float) -> None:
    tumour = demo.cohort()[patient].samples["pre"]
    ratio = depths(f"{patient}_pre", tumour) / depths("N01", None)
    background = np.median(ratio[gene_mask("BG_")])
    assert background == pytest.approx(2.0, rel=0.05)
    assert np.median(ratio[gene_mask("ERBB2")]) / background == pytest.approx(erbb2, rel=0.1)
    for arm in ("CTL17Q", "CTL17P"):
        assert np.median(ratio[gene_mask(arm)]) / background == pytest.approx(controls, rel=0.1)


def test_a_patients_samples_share_their_common_snps_and_persons_differ() -> None:
    sites, of_pre = demo.germline("P04_ERBB2_pre", seed=1)
    assert len(sites) == 40
    assert demo.germline("P04_ERBB2_post", seed=1) == (sites, of_pre)
    persons = {tuple(demo.germline(name, seed=1)[1]) for name in ("P04_ERBB2_pre", "P05_HRG_pre", "N01", "N02")}
    assert len(persons) == 4
    assert all(any(s.contig == c and s.start <= at < s.end for s in demo.panel()) for c, at, _ in sites)


def test_common_snps_are_in_every_or_in_half_of_the_molecules(cohort: Path) -> None:
    """A heterozygous one among some 150 fragments shows 50 %, give or take 4 points (sd)."""
    made = demo.reference(1)
    with pysam.AlignmentFile(str(cohort / "bam/P01_KRAS_pre.bam")) as bam:
        for (contig, position, shift), copies in zip(*demo.germline("P01_KRAS_pre", seed=1), strict=True):
            ref = builders.reference_bases(made, contig, position, position + 1)
            alt = "ACGT"[("ACGT".index(ref) + shift) % 4]
            seen = list(fragments(bam, contig, position).values())
            assert seen.count(alt) / len(seen) == pytest.approx(copies / 2, abs=0.2)
            assert seen.count(alt) + seen.count(ref) > 0.97 * len(seen)


def test_the_shallow_sample_lacks_codon_61_alone() -> None:
    tumour = demo.cohort()["P08_DEPTH"].samples["pre"]
    ratio = depths("P08_DEPTH_pre", tumour) / depths("N01", None)
    thin = ratio < 0.5
    assert [t.gene for t, is_thin in zip(demo.panel(), thin, strict=True) if is_thin] == ["KRAS"]


def test_same_seed_same_bytes_whatever_the_processes(cohort: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    demo.build(again, patients=PATIENTS[:1], normals=1, fasta=cohort / "reference.fa.gz", processes=1)
    for name in ("bam/P01_KRAS_pre.bam", "bam/N01.bam", "bam/N01.bam.bai", "reference.fa.gz", "panel.bed"):
        assert filecmp.cmp(cohort / name, again / name, shallow=False)
    assert not np.array_equal(demo.draw_reads(None, "N01", 1, 0.1), demo.draw_reads(None, "N01", 2, 0.1))


def test_an_unknown_patient_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="P99"):
        demo.build(tmp_path, patients=["P99"])


def test_runs_as_a_script_from_anywhere(tmp_path: Path) -> None:
    command = [sys.executable, demo.__file__, "--help"]
    shown = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert "--seed" in shown
