"""Other callers' VCFs. A case is a folder of tests/cases/other_calls: calls.vcf, ours.tsv and what the comparison says.

ours.tsv: haplotypes of one sample, S1 in GRCh38 (changes as index and content); reported: whether it is an allele.
"""

import csv
from collections import defaultdict
from pathlib import Path

import pysam
import pysam.bcftools
import pytest
from tests import builders
from tests.unit.coding_builders import coding_reference, codon_of

from cetux.call_comparison import compare_calls, disagreements
from cetux.coding import transcripts
from cetux.codons import plus_strand
from cetux.counts import CodonCounts, HaplotypeCount, Usable
from cetux.edits import Edit, anchored, haplotype_edits
from cetux.evidence import Allele, GeneGenotype, SampleGenotypes
from cetux.hgvs import protein_name
from cetux.other_calls import OtherCalls, known_bases, read_calls
from cetux.resources import codons
from cetux.states import Agreement, Genotype

CASES = sorted((Path(__file__).resolve().parents[1] / "cases" / "other_calls").iterdir())
KNOWN = transcripts("GRCh38", None)
BASES = known_bases(KNOWN.values())
PLACES: dict[str, set[int]] = defaultdict(set)
for _codon in codons("GRCh38"):
    PLACES[_codon.chrom].update(_codon.positions)
CALLERS = {"mutect2": "Mutect2", "lofreq": "LoFreq", "vardict": "VarDict", "strelka": "Strelka", "dragen": "DRAGEN"}


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle, delimiter="\t"))


def direct(rows: list[dict[str, str]]) -> tuple[SampleGenotypes, list[CodonCounts]]:
    """Alleles and counts of the direct count, from ours.tsv."""
    alleles: dict[str, list[Allele]] = defaultdict(list)
    shown: dict[tuple[str, int], list[HaplotypeCount]] = defaultdict(list)
    depth: dict[tuple[str, int], int] = {}
    for row in rows:
        codon = codon_of(row["gene"], int(row["codon"]))
        changes = tuple((int(text[0]), text[1:]) for text in row["changes"].split(","))
        alt, fragments = int(row["alt"]), int(row["fragments"])
        pieces = list(plus_strand(codon))
        for index, token in changes:
            pieces[index] = token
        key = codon.gene, codon.codon
        shown[key].append(HaplotypeCount("".join(pieces), alt, alt, alt))
        depth[key] = fragments
        if row["reported"] == "yes":
            edits = haplotype_edits(codon, changes)
            name = protein_name(KNOWN[codon.gene], edits or ()).removeprefix("p.") or "indel"
            allele = Allele(codon.gene, codon.codon, name, "", changes, Genotype.MUT, alt, fragments, alt / fragments)
            alleles[codon.gene].append(allele)
    counts = []
    for (gene, number), haplotypes in shown.items():
        reference = plus_strand(codon_of(gene, number))
        rest = depth[gene, number] - sum(one.fragments for one in haplotypes)
        every = (HaplotypeCount(reference, rest, rest, rest), *haplotypes)
        counts.append(CodonCounts(gene, number, reference, every))
    genes = {gene: GeneGenotype(gene, Genotype.MUT, tuple(found)) for gene, found in alleles.items()}
    return SampleGenotypes("S1", Usable(), genes), counts


def read(path: Path) -> OtherCalls:
    return read_calls(str(path), "S1", "GRCh38", BASES, PLACES)


def text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    return ",".join(value) if isinstance(value, tuple) else str(value)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case):
    theirs = read(case / "calls.vcf")
    expected = table(case / "expected.tsv")
    if expected and "reason" in expected[0]:
        assert not theirs.usable.ok
        assert theirs.usable.reason == expected[0]["reason"]
        assert theirs.usable.remedy
        return
    assert theirs.usable == Usable()
    caller = next((name for word, name in CALLERS.items() if case.name.startswith(word)), None)
    assert caller in (None, theirs.caller)
    genotypes, counts = direct(table(case / "ours.tsv"))
    compared = compare_calls(genotypes, counts, codons("GRCh38"), theirs, KNOWN)
    columns = list(expected[0]) if expected else []
    found = [{column: text(getattr(one, column)) for column in columns} for one in compared]
    assert found == expected


def test_there_are_enough_cases_and_every_state_is_among_them():
    assert len(CASES) >= 10
    states = {row.get("agreement") for case in CASES for row in table(case / "expected.tsv")} - {None}
    assert states == set(Agreement)
    assert {name for word, name in CALLERS.items() if any(word in case.name for case in CASES)} == set(CALLERS.values())


def test_symbolic_alleles_and_missing_filters_are_noted(tmp_path):
    folder = CASES[0].parent
    (note,) = read(folder / "vardict_complex_untrimmed" / "calls.vcf").notes
    assert note.startswith("1 alleles without bases (such as <DEL>")
    unfiltered = (folder / "mutect2_agrees" / "calls.vcf").read_text().replace("\tPASS\tDP", "\t.\tDP")
    (tmp_path / "calls.vcf").write_text(unfiltered)
    theirs = read(tmp_path / "calls.vcf")
    assert theirs.notes == ("1 calls carry no FILTER: were they filtered?",)
    assert [call.filters for call in theirs.calls] == [()]


@pytest.mark.parametrize("content", ["", "no vcf at all\n", "##fileformat=VCFv4.2\n#CHROM\tPOS\nchr7\tx\n"])
def test_a_file_that_is_no_vcf_never_stops_a_cohort(tmp_path, content):
    path = tmp_path / "calls.vcf"
    path.write_text(content)
    theirs = read(path)
    assert not theirs.usable.ok
    assert "cannot be read" in theirs.usable.reason
    assert compare_calls(*direct([]), codons("GRCh38"), theirs, KNOWN) == ()


def test_a_vcf_that_is_not_there_is_said(tmp_path):
    assert "cannot be read" in read(tmp_path / "none.vcf").usable.reason


def test_disagreements_are_a_flag():
    case = CASES[0].parent / "one_mnv_of_two_molecules"
    genotypes, counts = direct(table(case / "ours.tsv"))
    compared = compare_calls(genotypes, counts, codons("GRCh38"), read(case / "calls.vcf"), KNOWN)
    assert disagreements(compared, "VarDict") == ("differs_from_VarDict:3",)
    assert disagreements([], "VarDict") == ()


def test_normalisation_is_that_of_bcftools(tmp_path):
    """Right-placed, untrimmed and multi-allelic records, against bcftools norm -m -any."""
    reference = coding_reference("GRCh38", genes=("KRAS",))
    fasta = builders.write_fasta(tmp_path / "kras.fa.gz", {"12": 25_260_000}, reference)
    known = transcripts("GRCh38", str(fasta))
    bases = known_bases([known["KRAS"]])
    around = bases["12"]
    first = 25245345  # codon 13 and 12 of KRAS: positions 25245345 to 25245350, GCCACC
    stretch = "".join(around[first + i] for i in range(6))
    assert stretch == "GCCACC"
    lines = [
        (first + 1, "GCC", "GC"),
        (first + 3, "CACC", "CAC,CTCC"),
        (first + 4, "A", "AA"),
        (first + 5, "CC", "CCCC"),
        (first + 1, "GCCACC", "GCCTTC"),
        (first + 2, "CC", "C,CCC"),
    ]
    head = "##fileformat=VCFv4.2\n##contig=<ID=12,length=25260000>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    body = "".join(f"12\t{position}\t.\t{ref}\t{alt}\t50\tPASS\t.\n" for position, ref, alt in sorted(lines))
    path = tmp_path / "calls.vcf"
    path.write_text(head + body)
    normal = pysam.bcftools.norm("-m", "-any", "--fasta-ref", str(fasta), "--no-version", str(path))
    wanted = {tuple(line.split("\t")[i] for i in (1, 3, 4)) for line in normal.splitlines() if line[0] != "#"}
    theirs = read_calls(str(path), "S1", "GRCh38", bases, {"12": set(range(first, first + 6))})
    assert theirs.usable == Usable()
    written = [anchored(call.edit, around) for call in theirs.calls]
    found = {(str(one.start + 1), one.ref, one.alt) for one in written if one is not None}
    assert len(written) == 8
    assert found == wanted


def test_an_insertion_that_moves_into_a_codon_counts_as_touching_it(tmp_path):
    reference = coding_reference("GRCh38", genes=("KRAS",))
    fasta = builders.write_fasta(tmp_path / "kras.fa.gz", {"12": 25_260_000}, reference)
    bases = known_bases([transcripts("GRCh38", str(fasta))["KRAS"]])
    place = 25245350  # the last base of codon 12; one more of it, placed behind it
    base = bases["12"][place]
    record = f"12\t{place + 1}\t.\t{base}\t{base}{base}\t50\tPASS\t.\n"
    head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    path = tmp_path / "calls.vcf"
    path.write_text(head + record)
    (call,) = read_calls(str(path), "S1", "GRCh38", bases, {"12": {place - 1}}).calls
    assert call.edit == Edit("12", place - 1, "", "C")


HEAD = """##fileformat=VCFv4.2
##contig=<ID=chr12,length=133275309>
##FILTER=<ID=weak_evidence,Description="x">
##INFO=<ID=AF,Number=A,Type=Float,Description="x">
##FORMAT=<ID=GT,Number=1,Type=String,Description="x">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="x">
##FORMAT=<ID=AF,Number=A,Type=Float,Description="x">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="x">
#CHROM	POS	ID	REF	ALT	QUAL	FILTER	INFO	FORMAT	S1	S2
"""


def read_records(path: Path, *records: str) -> OtherCalls:
    """Records of two samples, cells parted by blanks."""
    path.write_text(HEAD + "".join("\t".join(record.split()) + "\n" for record in records))
    return read(path)


@pytest.mark.parametrize(
    ("keys", "own", "there"),
    [
        # the other sample's allele in a VCF of several samples, whatever a single read shows
        ("GT", "0/0", []),
        ("GT:AD", "0/0:299,1", []),
        ("GT:AD", "0|0:299,1", []),
        # not called, and nothing shows it
        ("GT", "./.", []),
        ("GT", ".", []),
        ("GT:AD:AF:DP", "./.:.:.:.", []),
        ("GT:AF", "./.:0", []),
        # callers that give no genotype but counts or a fraction
        ("GT:AD", "./.:270,30", ["T"]),
        ("GT:AF", "./.:0.1", ["T"]),
        ("AD", "270,30", ["T"]),
        ("AF", "0.1", ["T"]),
        ("AF", "0", []),
        # one allele of two called: T, or neither yet
        ("GT", "./1", ["T"]),
        ("GT", "0/.", []),
        ("GT:AD", "0/.:270,30", ["T"]),
        # called, with and without counts
        ("GT", "0/1", ["T"]),
        ("GT", "1", ["T"]),
        ("GT:AD", "0/1:300,0", []),
    ],
)
def test_an_allele_that_the_genotype_denies_is_no_call(tmp_path: Path, keys: str, own: str, there: list[str]) -> None:
    other = own.replace("0/0", "0/1")
    theirs = read_records(tmp_path / "calls.vcf", f"chr12 25245350 . C T . PASS . {keys} {own} {other}")
    assert theirs.usable == Usable()
    assert [call.edit.alt for call in theirs.calls] == there


def test_of_several_alleles_those_of_the_genotype_are_calls(tmp_path: Path) -> None:
    """T is the other sample's; an allele that is filtered stays a filtered one."""
    record = "chr12 25245350 . C T,A . weak_evidence . GT:AD 0/2:270,1,29 0/1:200,100,0"
    (call,) = read_records(tmp_path / "calls.vcf", record).calls
    assert (call.edit.alt, call.alt, call.filters) == ("A", 29, ("weak_evidence",))


def test_a_change_of_another_sample_alone_is_no_disagreement(tmp_path: Path) -> None:
    theirs = read_records(tmp_path / "calls.vcf", "chr12 25245350 . C T . PASS . GT 0/0 0/1")
    assert compare_calls(*direct([]), codons("GRCh38"), theirs, KNOWN) == ()


@pytest.mark.parametrize("unknown", ["N", "NC", "CN", "n", "R"])
def test_a_record_whose_ref_is_not_known_is_left_out_and_the_rest_is_compared(tmp_path: Path, unknown: str) -> None:
    """KRAS codon 12 is 25245349-25245351, counted from 1; 25200000 lies in no codon and needs no note."""
    theirs = read_records(
        tmp_path / "calls.vcf",
        f"chr12 25200000 . {unknown} A . PASS . GT 0/1 0/1",
        f"chr12 25245349 . {unknown} T . PASS . GT 0/1 0/1",
        "chr12 25245350 . C T . PASS . GT 0/1 0/1",
    )
    assert theirs.usable == Usable()
    assert [call.edit for call in theirs.calls] == [Edit("12", 25245349, "C", "T")]
    (note,) = theirs.notes
    assert note == "1 records over the codons were left out: their REF has letters other than A, C, G and T"


def test_an_alt_of_n_is_no_change(tmp_path: Path) -> None:
    theirs = read_records(tmp_path / "calls.vcf", "chr12 25245350 . C N . PASS . GT 0/1 0/1")
    assert (theirs.usable, theirs.calls) == (Usable(), ())
    assert theirs.notes == ("1 alleles without bases (such as <DEL>, * or N) on these chromosomes were left out",)
