"""Polymorphic sites found in normals: where is looked, what is refused, and BAMs that the test builds."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import builders

from cetux import cohort, polymorphisms
from cetux.fragments import ReadFilter
from cetux.identity import Site
from cetux.polymorphisms import BLOCK_BP, MOST_BLOCKS, SEARCHED_BP, Polymorphism, find_snps, read_targets, searched
from cetux.resources import Interval, codons
from cetux.sites import read_snps

KEEP = ReadFilter(min_mapping_quality=20, min_base_quality=20, keep_duplicates=False)
CONTIGS = {"chr12": 133_275_309}
START = 25_205_000
REFERENCE = {("chr12", START): "ACGT" * 100}
BASES = "ACGT"


def bed(tmp_path: Path, *lines: str) -> str:
    (tmp_path / "panel.bed").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return str(tmp_path / "panel.bed")


# --- where is looked -------------------------------------------------------------------------------


def test_targets_are_autosomal_merged_and_sorted(tmp_path):
    path = bed(tmp_path, "track x", "chrX\t5\t9", "chr10\t1\t3", "chr2\t50\t60\tKRAS", "chr2\t10\t20", "chr2\t20\t30")
    assert read_targets(path) == [Interval("2", 10, 30), Interval("2", 50, 60), Interval("10", 1, 3)]


def test_a_block_gives_the_first_part_of_each_of_its_targets():
    # 8 kb of target in the first block, of which a quarter is searched; all of the 500 bp behind its border
    targets = [Interval("1", 10_000, 16_000), Interval("1", 98_000, 100_500)]
    assert searched(targets) == [
        *(Interval("1", 10_000, 11_500), Interval("1", 98_000, 98_500)),
        Interval("1", 100_000, 100_500),
    ]


@given(st.lists(st.tuples(st.integers(1, 22), st.integers(0, 10**8), st.integers(1, 10**6)), max_size=30))
def test_no_block_and_no_genome_takes_more_than_its_part(lines):
    lines.sort()
    apart = [a for a, b in pairwise(lines) if a[0] != b[0] or a[1] + a[2] < b[1]]
    found = searched(Interval(str(chrom), start, start + size) for chrom, start, size in apart)
    of_block: dict[tuple[str, int], int] = {}
    for one in found:
        assert one.start // BLOCK_BP == (one.end - 1) // BLOCK_BP
        block = (one.chrom, one.start // BLOCK_BP)
        of_block[block] = of_block.get(block, 0) + one.end - one.start
    assert len(of_block) <= MOST_BLOCKS
    assert all(size <= SEARCHED_BP for size in of_block.values())
    assert bool(found) == bool(apart)


def test_of_a_genome_blocks_are_taken_evenly():
    (found,) = ({one.start // BLOCK_BP for one in searched([Interval("1", 0, 200_000_000)])},)
    assert (len(found), min(found), max(found)) == (200, 0, 1999)
    assert max(np.diff(sorted(found))) <= 11


# --- what is polymorphic ---------------------------------------------------------------------------


def found_at(*normals: dict[str, int], ref: str | None = None) -> list[tuple[str, str, int, int]]:
    """REF, ALT, AC and AN of one position by the bases of each normal there, among positions that show A alone."""
    counts = np.zeros((len(normals), 21, 4), dtype=np.int32)
    counts[:, :, 0] = 50
    for number, bases in enumerate(normals):
        counts[number, 10] = [bases.get(base, 0) for base in BASES]
    stretch = [Interval("1", 1_000, 1_021)]
    made = polymorphisms.polymorphisms(counts, stretch, None if ref is None else lambda *_: ref, ())
    return [(one.site.ref, one.site.alt, one.alternate, one.alleles) for one in made]


REF, HET, ALT = {"A": 100}, {"A": 55, "G": 45}, {"G": 100}


@pytest.mark.parametrize(
    ("normals", "alternate"),
    [((REF, REF, HET), 1), ((REF, HET, ALT), 3), ((REF, REF, ALT), 2), ((REF, HET, HET, ALT), 4)],
)
def test_sites_of_three_clean_genotypes_are_found(normals, alternate):
    assert found_at(*normals, ref="A") == [("A", "G", alternate, 2 * len(normals))]


@pytest.mark.parametrize(
    ("normals", "why"),
    [
        ((REF, REF, REF), "nothing varies"),
        ((ALT, ALT, ALT), "nothing varies but from the reference"),
        ((REF, HET), "too few normals"),
        ((REF, HET, {"A": 10}), "too few normals are deep"),
        ((REF, HET, {"A": 80, "G": 20}), "a paralog or a mixed normal: 20 %"),
        ((REF, HET, {"A": 90, "G": 10}), "no genotype at 10 %"),
        ((REF, HET, {"A": 50, "G": 45, "T": 5}), "three alleles"),
        ((HET, HET, HET), "all are heterozygous"),
        ((HET,) * 7 + (REF,), "7 of 8 heterozygous: 9 in 256 by chance"),
    ],
)
def test_what_looks_like_a_snp_and_is_none_is_refused(normals, why):
    assert found_at(*normals, ref="A") == [], why


def test_six_of_eight_heterozygous_may_be_chance():
    assert len(found_at(*(HET,) * 6, REF, ALT)) == 1  # 37 in 256


def test_ref_is_the_fastas_base_and_the_commoner_one_without_it():
    normals = (ALT, ALT, ALT, REF)
    assert found_at(*normals, ref="A") == [("A", "G", 6, 8)]
    assert found_at(*normals) == [("G", "A", 2, 8)]
    assert found_at(*normals, ref="N") == []


def test_positions_that_vary_side_by_side_are_a_misaligned_indel():
    counts = np.zeros((3, 30, 4), dtype=np.int32)
    counts[:, :, 0] = 50
    for position in (5, 10, 16):  # 5 and 10 are 5 bp apart, 16 is 6 bp from 10
        counts[0, position] = [25, 0, 25, 0]
    made = polymorphisms.polymorphisms(counts, [Interval("1", 1_000, 1_030)], None, ())
    assert [one.site.position for one in made] == [1_016]
    assert polymorphisms.polymorphisms(counts, [Interval("1", 1_000, 1_030)], None, {("1", 1_016)}) == []


def test_one_site_of_25_kb_is_kept_the_most_even_one():
    def one(position: int, alternate: int) -> Polymorphism:
        return Polymorphism(Site("1", position, "A", "G"), alternate, 8)

    made = polymorphisms.spread([one(100, 1), one(200, 4), one(24_999, 4), one(25_000, 1)])
    assert [kept.site.position for kept in made] == [200, 25_000]


# --- from BAMs -------------------------------------------------------------------------------------


def normals(tmp_path: Path, *alt_of_40: int, contigs: dict[str, int] = CONTIGS, **read: object) -> list[str]:
    """BAMs of 40 fragments, so many of which show G for A at START + 100."""
    paths = []
    for number, alt in enumerate(alt_of_40):
        bam = builders.BamBuilder(contigs, REFERENCE)
        bam.add_fragment("chr12", START + 40, START + 180, count=40 - alt, **read)
        if alt:
            bam.add_fragment("chr12", START + 40, START + 180, count=alt, changes={START + 100: "G"}, **read)
        paths.append(str(bam.write(tmp_path / f"N{number}.bam")))
    return paths


def search(tmp_path: Path, bams: list[str], lines: tuple[str, ...] = (f"chr12\t{START}\t{START + 300}",), **given):
    vcf = tmp_path / "found.vcf"
    targets = bed(tmp_path, *lines)
    find_snps(bams, targets, "GRCh38", given.get("fasta"), given.get("keep", KEEP), str(vcf))
    return [one.site for one in read_snps(str(vcf), may_be_empty=True)]


SNP = Site("12", START + 100, "A", "G")


def test_a_snp_of_the_normals_is_found_and_told_without_a_frequency(tmp_path):
    assert search(tmp_path, normals(tmp_path, 0, 20, 40)) == [SNP]
    text = (tmp_path / "found.vcf").read_text(encoding="utf-8")
    assert text.splitlines()[-1] == f"chr12\t{START + 101}\t.\tA\tG\t.\t.\tAC=3;AN=6"
    assert read_snps(str(tmp_path / "found.vcf"))[0].frequency is None
    assert str(tmp_path) not in text


def test_ref_is_read_from_the_fasta(tmp_path):
    fasta = builders.write_fasta(tmp_path / "r.fa.gz", CONTIGS, REFERENCE)
    assert search(tmp_path, normals(tmp_path, 40, 40, 0), fasta=str(fasta)) == [SNP]
    assert search(tmp_path, normals(tmp_path, 40, 40, 0)) == [Site("12", START + 100, "G", "A")]


@pytest.mark.parametrize("read", [{"mapq": 5}, {"duplicate": True}, {"base_quality": 5}])
def test_reads_that_do_not_count(tmp_path, read):
    assert search(tmp_path, normals(tmp_path, 0, 20, 40, **read)) == []


def test_duplicates_count_in_amplicon_assays(tmp_path):
    keep = ReadFilter(20, 20, keep_duplicates=True)
    assert search(tmp_path, normals(tmp_path, 0, 20, 40, duplicate=True), keep=keep) == [SNP]


def test_bad_normals_are_left_out_with_a_word_each(tmp_path, capsys):
    bams = normals(tmp_path, 0, 20, 0, 40, 40, 40)
    Path(f"{bams[3]}.bai").unlink()
    Path(bams[4]).write_bytes(Path(bams[4]).read_bytes()[:200])
    assert search(tmp_path, bams) == [SNP]
    said = capsys.readouterr().out
    assert f"cetux: {bams[3]} is left out: the file does not open" in said
    assert f"cetux: {bams[4]} is left out" in said
    assert "1 polymorphic sites on 300 bp of targets in 4 normals" in said


def test_a_mixed_normal_is_left_out_and_costs_the_others_no_site(tmp_path, capsys):
    """Twelve SNPs 20 bp apart, each seen in two clean normals; a fifth normal shows all of them in a tenth."""
    alts = {START + 50 + 20 * i: "A" if BASES[(50 + 20 * i) % 4] != "A" else "C" for i in range(12)}
    (tmp_path / "n").mkdir()
    paths = []
    for number, part in enumerate((0.0, 0.5, 1.0, 0.0, 0.1)):
        bam = builders.BamBuilder(CONTIGS, REFERENCE)
        for lane in range(2):  # 100 bases a read: two places hold all of them
            where = (START + 20 + 120 * lane, START + 160 + 120 * lane)
            many = round(60 * part)
            bam.add_fragment("chr12", *where, count=60 - many)
            if many:
                shown = {at: base for at, base in alts.items() if where[0] <= at < where[1]}
                bam.add_fragment("chr12", *where, count=many, changes=shown)
        paths.append(str(bam.write(tmp_path / f"n/N{number}.bam")))
    clean = search(tmp_path, paths[:4])
    assert len(clean) == 1
    assert search(tmp_path, paths) == clean
    said = capsys.readouterr().out
    assert f"cetux: {paths[4]} is left out: mixed with another person's DNA" in said
    assert said.rstrip().endswith("in 4 normals")


def test_a_fasta_that_lacks_a_contig_gives_no_site_there(tmp_path):
    fasta = builders.write_fasta(tmp_path / "r.fa.gz", {"chr7": 1_000}, {("chr7", 0): "ACGT"})
    assert search(tmp_path, normals(tmp_path, 40, 20, 0), fasta=str(fasta)) == []


def test_a_normal_of_another_build_is_left_out(tmp_path, capsys):
    (tmp_path / "other").mkdir()
    bams = normals(tmp_path, 0, 20, 40) + normals(tmp_path / "other", 20, contigs={"chr12": 133_851_895})
    assert search(tmp_path, bams) == [SNP]
    assert "its header is not of GRCh38" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("many", "lines"),
    [
        (2, (f"chr12\t{START}\t{START + 300}",)),
        (3, ("chrX\t100\t400", "no BED line")),
        (0, (f"12\t{START}\t{START + 1}",)),
    ],
    ids=["two normals", "no autosome", "no normal"],
)
def test_where_nothing_can_be_found_the_list_is_empty_and_still_a_vcf(tmp_path, many, lines):
    assert search(tmp_path, normals(tmp_path, 20, 0, 40)[:many], lines) == []
    assert (tmp_path / "found.vcf").read_text(encoding="utf-8").startswith("##fileformat=VCFv4.2\n")


def test_listed_codons_are_no_polymorphisms(tmp_path):
    (codon,) = (one for one in codons("GRCh38") if (one.gene, one.codon) == ("KRAS", 12))
    start = min(codon.positions) - 100
    paths = []
    for number, count in enumerate((0, 20, 40)):
        bam = builders.BamBuilder(CONTIGS, {("chr12", start): "A" * 300})
        bam.add_fragment("chr12", start + 40, start + 180, count=40 - count)
        for _ in range(count):
            bam.add_fragment("chr12", start + 40, start + 180, changes={start + 100: "G", start + 120: "G"})
        paths.append(str(bam.write(tmp_path / f"N{number}.bam")))
    found = search(tmp_path, paths, (f"chr12\t{start}\t{start + 300}",))
    assert found == [Site("12", start + 120, "A", "G")]


def test_the_cohort_seeks_where_as_many_normals_are_as_a_site_needs():
    assert cohort.LEAST_NORMALS == polymorphisms.LEAST_NORMALS
