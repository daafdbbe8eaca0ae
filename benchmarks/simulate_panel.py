"""BAMs of any size of a made-up tumour panel of 250 kb: 58 genes, the exons of the listed ones and of ERBB2 true.

Coordinates and contig lengths are GRCh38's, bases are random but for the listed codons. 2 x 150 bases of molecules of
about 220, so that mates overlap; 15 % flagged duplicates; Phred 37 / 25 / 12 in 88 / 9 / 3 % of the bases, wrong as
often as they say; 30 % of the reads lie off target, evenly over 300 kb about each gene. Every read is drawn: a larger
BAM is a deeper one. No mapping errors, no paralogs, no indels.
"""

import struct
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pysam

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow/scripts")]

from tests import builders, demo  # noqa: E402

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.uint8]
Rng = np.random.Generator

READ_BP, SHORTEST_BP, MEAN_BP, SD_BP, LONGEST_BP = 150, 150, 220, 50, 380
DUPLICATES, OFF_TARGET = 0.15, 0.3
PAD_BP, BESIDE_BP, EXONS = 20, 150_000, 23
QUALITIES = np.array([37] * 225 + [25] * 23 + [12] * 8, dtype=np.uint8)
CONTROLS_17Q_MB, CONTROLS_17P_MB = (31, 34, 43, 50, 54, 58, 68, 78), (7, 12, 18)
VAFS = (0.01, 0.01, 0.02, 0.02, 0.05, 0.05, 0.1, 0.1, 0.2, 0.3)
APART_BP = 60
AMPLICON, CHROMOSOME_17 = ("chr17", 39_300_000, 40_200_000), ("chr17", 0, 83_257_441)


@dataclass(frozen=True)
class Planted:
    """What one sample holds: alleles with their VAF; ERBB2 copies per tumour cell, of its amplicon or of all of 17."""

    purity: float
    erbb2_copies: float = 2
    polysomy: bool = False
    alleles: tuple[tuple[demo.Variant, float], ...] = ()

    @property
    def tumour(self) -> demo.Tumour:
        """The same as copies by place."""
        gained = (*(CHROMOSOME_17 if self.polysomy else AMPLICON), self.erbb2_copies)
        return demo.Tumour(self.purity, gains=(gained,))


@cache
def panel() -> tuple[demo.Source, ...]:
    """The targets, sorted; depth 1 each."""
    rng = np.random.default_rng(17)
    found = []
    for row in [r for r in demo.rows("coding_exons.tsv") if r["gene"] != "ERBB2"] + demo.rows("erbb2_exons.tsv"):
        start, end = int(row["start_grch38"]) - 1, int(row["end_grch38"])
        found.append(demo.Source(f"chr{row['chrom']}", start - PAD_BP, end + PAD_BP, 1.0, row.get("gene", "ERBB2")))
    made_up = [("chr17", mb * 1_000_000 + 100_000, f"CTL17Q_{mb}") for mb in CONTROLS_17Q_MB]
    made_up += [("chr17", mb * 1_000_000 + 700_000, f"CTL17P_{mb}") for mb in CONTROLS_17P_MB]
    made_up += [(c, start, f"BG_{c}_{start // 1_000_000}") for c, start in demo.background_sites()]
    for contig, start, label in made_up:
        found += demo.made_up_gene(contig, start, label, EXONS, 1.0, rng)
    return tuple(sorted(found, key=lambda source: (demo.CONTIGS.index(source.contig), source.start)))


@cache
def reference(seed: int) -> dict[tuple[str, int], str]:
    """Bases about every gene, in sorted stretches that hold all of the reads."""
    planted = {where: base for where, (_, base) in demo.codon_bases().items()}
    planted |= {(f"chr{r['chrom']}", int(r["pos_grch38"]) - 1): r["ref"] for r in demo.rows("alleles.tsv")}
    regions = [(source.contig, source.start - BESIDE_BP, source.end + BESIDE_BP) for source in panel()]
    drawn = builders.random_reference(regions, planted, seed)
    return dict(sorted(drawn.items(), key=lambda one: (demo.CONTIGS.index(one[0][0]), one[0][1])))


def write_assay(folder: Path, seed: int) -> None:
    """Write reference.fa (plain: freebayes and CNVkit read no bgzip), panel.bed and exons.bed of the listed genes."""
    packed = builders.write_fasta(folder / "packed.fa.gz", demo.contig_lengths(), reference(seed))
    with pysam.BGZFile(str(packed), "rb") as source, (folder / "reference.fa").open("wb") as plain:
        while block := source.read(1 << 24):
            plain.write(block)
    for path in folder.glob("packed.fa.gz*"):
        path.unlink()
    pysam.faidx(str(folder / "reference.fa"))
    genes = {row["gene"] for row in demo.rows("coding_exons.tsv")}
    for name, wanted in (("panel.bed", panel()), ("exons.bed", [t for t in panel() if t.gene in genes])):
        text = "".join(f"{t.contig}\t{t.start}\t{t.end}\t{t.gene}\n" for t in wanted)
        (folder / name).write_text(text, encoding="ascii")


def chosen_alleles(seed: int) -> tuple[tuple[demo.Variant, float], ...]:
    """Listed substitutions, none near another, each with one of VAFS."""
    rows = [row for row in demo.rows("alleles.tsv") if len(row["ref"]) == len(row["alt"])]
    found: list[tuple[demo.Variant, float]] = []
    for index in np.random.default_rng([seed, 1]).permutation(len(rows)):
        one = demo.variant(rows[index]["gene"], rows[index]["hgvs_c"])
        near = (one.contig == other.contig and abs(one.position - other.position) < APART_BP for other, _ in found)
        if not any(near) and len(found) < len(VAFS):
            found.append((one, VAFS[len(found)]))
    return tuple(found)


def write_bam(path: Path, planted: Planted, reads: int, assay_seed: int, seed: int) -> int:
    """Write and index a BAM of about so many reads, the sample named as the file; returns how many they are."""
    tag = np.frombuffer(f"RGZ{path.stem}\0".encode(), dtype=np.uint8)
    rng, written = np.random.default_rng([seed, 2]), 0
    stretches, counts = list(reference(assay_seed).items()), _expected(planted.tumour, reads, assay_seed, rng)
    with pysam.BGZFile(str(path), "wb1", None) as bam:
        bam.write(_header(path.stem))
        for number, ((contig, start), bases) in enumerate(stretches):
            codes = np.searchsorted(np.frombuffer(b"ACGT", dtype=np.uint8), np.frombuffer(bases.encode(), np.uint8))
            molecules = _molecules(start, len(bases), counts[number], rng)
            here = [(one, vaf) for one, vaf in planted.alleles if one.contig == contig and start <= one.position]
            here = [(one, vaf) for one, vaf in here if one.position < start + len(bases)]
            order = np.argsort(np.concatenate([molecules[0], molecules[0] + molecules[1] - READ_BP]), kind="stable")
            mutant = [rng.random(molecules[2].max(initial=-1) + 1)[molecules[2]] < vaf for _, vaf in here]
            for part in np.array_split(order, max(1, len(order) // 200_000)):
                drawn = _records(contig, number, start, codes.astype(np.uint8), molecules, part, tag, rng)
                for (one, _), carries in zip(here, mutant, strict=True):
                    _mutate(drawn, one, carries[part % len(carries)])
                bam.write(_packed(drawn).tobytes())
                written += len(part)
    pysam.index(str(path))
    return written


def _expected(tumour: demo.Tumour, reads: int, assay_seed: int, rng: Rng) -> list[list[tuple[int, int, int]]]:
    """Of each stretch: start, width and number of molecules of each target, and of the stretch itself (off target)."""
    targets = panel()
    capture = np.random.default_rng([assay_seed, 3]).normal(0.0, 0.25, len(targets)).clip(-0.6, 0.6)
    weight = np.exp2(capture + rng.normal(0.0, 0.04, len(targets)))
    weight *= [tumour.part(target) * (target.end - target.start + MEAN_BP) for target in targets]
    molecules = reads / 2 / (1 + DUPLICATES)
    many = rng.poisson(weight / weight.sum() * molecules * (1 - OFF_TARGET)).tolist()
    stretches = list(reference(assay_seed).items())
    total_bp = sum(len(bases) for _, bases in stretches)
    found = []
    for (contig, start), bases in stretches:
        off = demo.Source(contig, start, start + len(bases), 1.0)
        count = rng.poisson(molecules * OFF_TARGET * len(bases) / total_bp * min(tumour.part(off), 3.0))
        inside = [
            (target.start, target.end - target.start, number)
            for target, number in zip(targets, many, strict=True)
            if target.contig == contig and start <= target.start < start + len(bases)
        ]
        found.append([*inside, (start + LONGEST_BP, len(bases) - 2 * LONGEST_BP, int(count))])
    return found


def _molecules(start: int, span: int, counts: Sequence[tuple[int, int, int]], rng: Rng) -> tuple[Ints, Ints, Ints]:
    """Start, length and number of the molecule of each read pair; a duplicate has the molecule of another pair."""
    first, width, many = (np.array(column) for column in zip(*counts, strict=True))
    lengths = rng.normal(MEAN_BP, SD_BP, many.sum()).clip(SHORTEST_BP, LONGEST_BP).astype(np.int64)
    room = np.repeat(width, many) + lengths - 1
    starts = np.repeat(first, many) - lengths + 1 + (rng.random(len(lengths)) * room).astype(np.int64)
    starts = starts.clip(start, start + span - lengths)
    copied = np.flatnonzero(rng.random(len(starts)) < DUPLICATES)
    pairs = np.concatenate([np.arange(len(starts)), copied])
    return starts[pairs], lengths[pairs], pairs


@dataclass
class _Drawn:
    reads: npt.NDArray[np.void]
    bases: Codes


def _records(
    contig: str,
    number: int,
    start: int,
    codes: Codes,
    molecules: tuple[Ints, Ints, Ints],
    part: Ints,
    tag: Codes,
    rng: Rng,
) -> _Drawn:
    """The reads `part` of a stretch, bases apart: read i of n pairs is the left mate of pair i, i + n its right one."""
    starts, lengths, pairs = molecules
    pair, right = part % len(starts), part >= len(starts)
    place = starts[pair] + np.where(right, lengths[pair] - READ_BP, 0)
    bases = np.lib.stride_tricks.sliding_window_view(codes, READ_BP)[place - start]
    qualities = QUALITIES[rng.integers(0, 256, bases.shape, dtype=np.uint8)]
    chance = (65536 * 10 ** (-np.arange(64) / 10)).clip(0, 65535).astype(np.uint16)
    wrong = rng.integers(0, 65536, bases.shape, dtype=np.uint16) < chance[qualities]
    bases[wrong] = (bases[wrong] + rng.integers(1, 4, int(wrong.sum()), dtype=np.uint8)) % 4
    reads = np.zeros(len(part), dtype=_record(len(tag)))
    reads["tag"], reads["block_size"], reads["qualities"] = tag, reads.dtype.itemsize - 4, qualities
    reads["reference"] = reads["mate_reference"] = demo.CONTIGS.index(contig)
    reads["start"], reads["mate_start"] = place, starts[pair] + np.where(right, 0, lengths[pair] - READ_BP)
    reads["insert"] = np.where(right, -lengths[pair], lengths[pair])
    reads["name_length"], reads["mapq"], reads["cigar_length"], reads["read_length"] = 9, 60, 1, READ_BP
    reads["cigar"], reads["bin"] = READ_BP << 4, _bins(place)
    minus = (pairs[pair] * 2654435761 >> 7) % 2 == 0
    reads["flag"] = np.where(right, np.where(minus, 83, 147), np.where(minus, 163, 99))
    reads["flag"] += np.where(pair > pairs[pair], 1024, 0).astype(np.uint16)
    key = pair + (number << 25)
    reads["name"][:, :8] = (key[:, None] >> np.arange(0, 32, 4)) % 16 + ord("A")
    return _Drawn(reads, bases)


def _record(tag_length: int) -> np.dtype[np.void]:
    """A BAM record (SAM specification, 4.2), always of one size: reads are 150M, names have eight letters."""
    return np.dtype(
        [(name, "<i4") for name in ("block_size", "reference", "start")]
        + [("name_length", "u1"), ("mapq", "u1"), ("bin", "<u2"), ("cigar_length", "<u2"), ("flag", "<u2")]
        + [(name, "<i4") for name in ("read_length", "mate_reference", "mate_start", "insert")]
        + [("name", "u1", 9), ("cigar", "<u4"), ("bases", "u1", READ_BP // 2), ("qualities", "u1", READ_BP)]
        + [("tag", "u1", tag_length)]
    )


def _mutate(drawn: _Drawn, allele: demo.Variant, carries: npt.NDArray[np.bool_]) -> None:
    place = drawn.reads["start"]
    for position, base in enumerate(allele.alt, allele.position):
        hit = np.flatnonzero(carries & (place <= position) & (position < place + READ_BP))
        drawn.bases[hit, position - place[hit]] = "ACGT".index(base)


def _packed(drawn: _Drawn) -> npt.NDArray[np.void]:
    nibbles = np.uint8(1) << drawn.bases
    drawn.reads["bases"] = nibbles[:, ::2] << 4 | nibbles[:, 1::2]
    return drawn.reads


def _bins(starts: Ints) -> Ints:
    """The bin of a record of READ_BP reference bases (SAM specification, reg2bin)."""
    ends, bins = starts + READ_BP - 1, np.zeros_like(starts)
    for shift, first in ((26, 1), (23, 9), (20, 73), (17, 585), (14, 4681)):
        bins = np.where(starts >> shift == ends >> shift, first + (starts >> shift), bins)
    return bins


def _header(name: str) -> bytes:
    lengths = demo.contig_lengths()
    lines = ["@HD\tVN:1.6\tSO:coordinate", *(f"@SQ\tSN:{c}\tLN:{bp}" for c, bp in lengths.items())]
    text = "\n".join([*lines, f"@RG\tID:{name}\tSM:{name}\tPL:ILLUMINA", ""]).encode()
    header = b"BAM\1" + struct.pack("<i", len(text)) + text + struct.pack("<i", len(lengths))
    for contig, bp in lengths.items():
        header += struct.pack(f"<i{len(contig) + 1}si", len(contig) + 1, contig.encode(), bp)
    return header


def truths(planted: Planted) -> Iterator[tuple[str, int, str, str, float]]:
    """Contig, 0-based position, REF, ALT and VAF of each allele."""
    for one, vaf in planted.alleles:
        yield one.contig, one.position, one.ref, one.alt, vaf
