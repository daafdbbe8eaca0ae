"""The VCF of one sample: what stands in it, and that bcftools takes every reference base for right."""

import resource
from collections.abc import Iterable
from pathlib import Path

import pysam
import pysam.bcftools
import pytest
from tests import builders
from tests.unit.coding_builders import coding_bases, coding_reference, codon_of

from cetux.counts import Usable
from cetux.evidence import Allele, GeneGenotype, SampleGenotypes
from cetux.resources import codons
from cetux.states import Genotype
from cetux.vcf import write_vcf

KRAS_END = {"GRCh38": 25_260_000, "GRCh37": 25_410_000}
"""Behind the last coding base of KRAS, the gene whose FASTA is written here."""


def allele(gene: str, codon: int, changes: tuple[tuple[int, str], ...], **given: object) -> Allele:
    known = {"protein": "X1Y", "hgvs_c": "", "state": Genotype.MUT, "alt_fragments": 40, "fragments": 400, "vaf": 0.1}
    return Allele(gene=gene, codon=codon, changes=changes, **(known | given))  # type: ignore[arg-type]


def genotypes(alleles: Iterable[Allele], usable: Usable | None = None) -> SampleGenotypes:
    genes: dict[str, list[Allele]] = {}
    for one in alleles:
        genes.setdefault(one.gene, []).append(one)
    return SampleGenotypes(
        "S1", usable or Usable(), {g: GeneGenotype(g, Genotype.MUT, tuple(a)) for g, a in genes.items()}
    )


def written(path: Path, alleles: Iterable[Allele], build: str = "GRCh38", prefix: str = "", **given: str):
    write_vcf(genotypes(alleles), codons(build), build, prefix, str(path), **given)
    with pysam.VariantFile(str(path)) as file:
        return str(file.header), list(file)


@pytest.fixture(scope="module", params=[("GRCh38", "chr"), ("GRCh37", "")], ids=["GRCh38-chr", "GRCh37"])
def kras(request, tmp_path_factory) -> tuple[str, str, str]:
    """Build, prefix and a FASTA with a made-up KRAS."""
    build, prefix = request.param
    path = tmp_path_factory.mktemp("kras") / "reference.fa.gz"
    reference = coding_reference(build, prefix, genes=("KRAS",))
    return build, prefix, str(builders.write_fasta(path, {f"{prefix}12": KRAS_END[build]}, reference))


def test_a_listed_substitution(tmp_path):
    v600e = allele("BRAF", 600, ((1, "T"),), protein="V600E", hgvs_c="c.1799T>A", braf_class=1)
    header, (record,) = written(tmp_path / "s.vcf.gz", [v600e], prefix="chr")
    assert (record.contig, record.pos, record.ref, record.alts) == ("chr7", 140753336, "A", ("T",))
    assert list(record.filter) == ["PASS"]
    assert dict(record.info) == {
        "GENE": "BRAF",
        "TRANSCRIPT": "NM_004333.6",
        "PROTEIN": "V600E",
        "HGVSC": "c.1799T>A",
        "HGVSP": "p.Val600Glu",
        "HGVSG": "NC_000007.14:g.140753336A>T",
        "LISTED": True,
        "BRAF_CLASS": 1,
    }
    sample = record.samples["S1"]
    assert (sample["GT"], sample["DP"], sample["AD"]) == ((0, 1), 400, (360, 40))
    assert sample["AF"][0] == pytest.approx(0.1)
    assert "cetux_left_out" not in header
    assert (tmp_path / "s.vcf.gz.tbi").exists()


def test_the_grey_zone_is_a_filter_and_unlisted_changes_carry_no_flag(tmp_path):
    low = allele("BRAF", 600, ((1, "T"),), state=Genotype.MUT_LOW, listed=False)
    _, (record,) = written(tmp_path / "s.vcf.gz", [low])
    assert list(record.filter) == ["MUT_LOW"]
    assert "LISTED" not in record.info
    assert "BRAF_CLASS" not in record.info


def test_two_bases_are_one_record_and_records_are_sorted_by_contig(tmp_path):
    alleles = [
        allele("KRAS", 12, ((1, "A"),)),
        allele("BRAF", 600, ((1, "T"), (2, "T"))),
        allele("NRAS", 61, ((1, "A"),)),
    ]
    _, records = written(tmp_path / "s.vcf.gz", alleles)
    assert [(r.contig, r.pos, r.ref, r.alts[0]) for r in records] == [
        ("1", 114713908, "T", "A"),
        ("7", 140753336, "AC", "TT"),
        ("12", 25245350, "C", "A"),
    ]


def test_text_that_info_may_not_hold_is_encoded(tmp_path):
    _, (record,) = written(tmp_path / "s.vcf.gz", [allele("EGFR", 492, ((2, "T"),), protein="S492=")])
    assert record.info["PROTEIN"] == "S492%3D"
    assert record.info["HGVSP"] == "p.Ser492%3D"


def test_a_change_over_an_intron_is_two_phased_records(tmp_path):
    split = allele("BRAF", 581, ((1, "C"), (2, "C")))
    _, records = written(tmp_path / "s.vcf.gz", [split], build="GRCh37")
    assert [(r.pos, r.ref, r.alts[0]) for r in records] == [(140453193, "T", "C"), (140453987, "T", "C")]
    assert {r.samples["S1"]["PS"] for r in records} == {140453193}
    assert all(r.samples["S1"].phased for r in records)
    assert {r.info["HGVSC"] for r in records} == {"c.1741_1742delinsGG"}


def test_a_change_of_two_codons_is_one_record_with_both_names(tmp_path):
    """KRAS 12 is GGT and 13 GGC: A, T, A for c.35 to c.37 make GAT (D) and AGC (S). Plus strand: 12 ACC, 13 GCC."""
    both = [
        allele("KRAS", 13, ((2, "T"),), protein="G13S", linked=("+4C>T",), state=Genotype.MUT_LOW, alt_fragments=39),
        allele("KRAS", 12, ((1, "T"),), protein="G12D", linked=("-1C>T",)),
    ]
    _, (record,) = written(tmp_path / "s.vcf.gz", both)
    assert (record.pos, record.ref, record.alts) == (25245348, "CAC", ("TAT",))
    assert (record.info["PROTEIN"], record.info["HGVSC"]) == ("G12D+G13S", "c.35_37delinsATA")
    assert record.info["HGVSP"] == "p.Gly12_Gly13delinsAspSer"
    assert (list(record.filter), record.samples["S1"]["AD"]) == (["PASS"], (360, 40))


def test_what_cannot_be_written_is_said_in_the_header(tmp_path):
    alleles = [
        allele("KRAS", 61, ((0, "Tacg"),), protein="indel"),  # codon 60 and 62 are not listed
        allele("KRAS", 117, ((0, "-"), (1, "-"), (2, "-")), protein="indel"),
    ]
    header, records = written(tmp_path / "s.vcf.gz", alleles)
    assert [r.pos for r in records] == [25227341]  # the insertion settles inside the codon
    assert "##cetux_left_out=KRAS indel (codon 117): its ends, or the bases that it changes, are unknown" in header
    header, records = written(tmp_path / "t.vcf.gz", [allele("KRAS", 61, ((0, "Tttt"),), protein="indel")])
    assert not records
    assert "##cetux_left_out=KRAS indel (codon 61): the bases beside it are unknown; give the assay its FASTA" in header


def test_a_sample_that_is_not_usable_has_a_header_alone(tmp_path):
    path = tmp_path / "s.vcf.gz"
    write_vcf(genotypes([], Usable(False, "no reads", "give some")), codons("GRCh38"), "GRCh38", "", str(path))
    with pysam.VariantFile(str(path)) as file:
        assert "##cetux_not_evaluable=no reads" in str(file.header)
        assert not list(file)


def test_bcftools_takes_every_record_as_normal(tmp_path, kras):
    build, prefix, fasta = kras
    bases = coding_bases("KRAS", build)
    glycine_12 = codon_of("KRAS", 12, build)
    last = max(glycine_12.positions)
    alleles = [
        allele("KRAS", 12, ((1, "T"),)),
        allele("KRAS", 12, ((1, "A"), (2, "A"))),
        allele("KRAS", 13, ((1, "-"),)),
        allele("KRAS", 12, ((2, "C" + bases[last + 1].lower()),)),  # repeats a base: moves
        allele("KRAS", 61, ((0, "Tacgacg"),)),
        allele("KRAS", 61, ((0, "Tttt"),)),
        allele("KRAS", 146, ((2, "Cagg"),)),
    ]
    path = tmp_path / "s.vcf.gz"
    header, records = written(path, alleles, build, prefix, fasta=fasta)
    assert len(records) == len(alleles)
    assert "cetux_left_out" not in header
    normal = pysam.bcftools.norm("--check-ref", "e", "--fasta-ref", fasta, "--no-version", str(path))
    lines = [line.split("\t")[:5] for line in normal.splitlines() if not line.startswith("#")]
    assert lines == [[r.contig, str(r.pos), ".", r.ref, r.alts[0]] for r in records]
    viewed = pysam.bcftools.view("--no-version", "--no-header", str(path))
    assert len(viewed.splitlines()) == len(alleles)


def test_a_wrong_reference_base_would_be_found(tmp_path, kras):
    """The check above can fail: the same record over another base is refused."""
    build, prefix, fasta = kras
    other = "GRCh37" if build == "GRCh38" else "GRCh38"
    path = tmp_path / "s.vcf.gz"
    written(path, [allele("KRAS", 146, ((1, "A"),))], other, prefix)
    with pytest.raises(pysam.SamtoolsError):
        pysam.bcftools.norm("--check-ref", "e", "--fasta-ref", fasta, str(path))


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.fault
@pytest.mark.parametrize("step", ["unlink", "replace VCF", "replace index"])
def test_whatever_ends_the_job_no_index_of_another_vcf_is_left(tmp_path, monkeypatch, step):
    """Killed before each change that anyone can see: the old pair, an old VCF alone, a new VCF alone."""
    before, after = allele("BRAF", 600, ((1, "T"),)), allele("KRAS", 12, ((1, "A"),))
    for name, one in (("old", before), ("new", after)):
        (tmp_path / name).mkdir()
        written(tmp_path / name / "s.vcf.gz", [one])
    old, new = files_of(tmp_path / "old"), files_of(tmp_path / "new")
    assert set(old) == set(new) == {"s.vcf.gz", "s.vcf.gz.tbi"}
    assert old["s.vcf.gz.tbi"] != new["s.vcf.gz.tbi"], "else the test could not tell them apart"
    left = {"unlink": old, "replace VCF": {"s.vcf.gz": old["s.vcf.gz"]}, "replace index": {"s.vcf.gz": new["s.vcf.gz"]}}

    def dies(verb: str, ending: str):
        real = getattr(Path, verb)

        def until_then(path: Path, *arguments, **options):
            if step.startswith(verb) and path.name.endswith(ending):
                raise KeyboardInterrupt
            return real(path, *arguments, **options)

        return until_then

    ending = {"unlink": "s.vcf.gz.tbi", "replace VCF": ".vcf.gz.part", "replace index": ".tbi.part"}[step]
    monkeypatch.setattr(Path, step.split()[0], dies(step.split()[0], ending))
    with pytest.raises(KeyboardInterrupt):
        written(tmp_path / "old" / "s.vcf.gz", [after])
    monkeypatch.undo()
    assert {name: content for name, content in files_of(tmp_path / "old").items() if "part" not in name} == left[step]
    written(tmp_path / "old" / "s.vcf.gz", [after])
    assert files_of(tmp_path / "old") == new


@pytest.mark.fault
def test_a_full_disk_leaves_the_old_vcf_with_its_index(tmp_path):
    """A file may not grow beyond 600 bytes: the VCF is cut off."""
    written(tmp_path / "s.vcf.gz", [allele("BRAF", 600, ((1, "T"),))])
    before = files_of(tmp_path)
    assert len(before["s.vcf.gz"]) > 600
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (600, hard))
    try:
        with pytest.raises(OSError):
            written(tmp_path / "s.vcf.gz", [allele("KRAS", 12, ((1, "A"),))])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert files_of(tmp_path) == before
