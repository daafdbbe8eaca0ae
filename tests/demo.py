"""A synthetic cohort for a first run, for whole-run tests and for a site's acceptance test.

    python tests/demo.py OUT_DIR [--seed N] [--processes N]

Nine made-up patients and eight normals on a made-up panel: coordinates and contig lengths are GRCh38's,
bases are random but for the listed codons. A seed always gives the same bytes; truth.tsv holds the calls.
"""

import argparse
import csv
import shutil
import struct
import sys
import zlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pysam

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests import builders  # noqa: E402

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.uint8]
Rng = np.random.Generator

NOTICE = "Synthetic data, made by tests/demo.py of cetux: no person, no real read. Not for clinical use."
CONTIGS = ("chr1", "chr3", "chr7", "chr12", "chr15", "chr17")
READ_BP, SHORTEST_BP, MEAN_BP, LONGEST_BP = 100, 170, 195, 220
HOTSPOT_DEPTH, OTHER_DEPTH, BACKGROUND_DEPTH, ISLAND_DEPTH, NORMAL_PART = 450.0, 200.0, 150.0, 3.25, 0.5
"""Fragments over a base: listed codon, other target of chr17, background, off target; a normal's part of them."""
QUALITIES = np.array([36] * 230 + [30] * 22 + [15] * 4, dtype=np.uint8)
"""Qualities to draw from; a base is wrong with the chance that its quality states (8e-4 on average)."""
RECORD = np.dtype(
    [(name, "<i4") for name in ("block_size", "reference", "start")]
    + [("name_length", "u1"), ("mapq", "u1"), ("bin", "<u2"), ("cigar_length", "<u2"), ("flag", "<u2")]
    + [(name, "<i4") for name in ("read_length", "mate_reference", "mate_start", "insert")]
    + [("name", "S8"), ("cigar", "<u4"), ("bases", "u1", READ_BP // 2), ("qualities", "u1", READ_BP)]
)
"""A BAM record (SAM specification, 4.2), always of one size: reads are 100M and names have seven letters."""
COHORT_YAML = f"""\
# {NOTICE}
samples: samples.tsv
patients: patients.tsv
heregulin: heregulin.tsv
assays:
  panel:
    targets: panel.bed
    method: hybrid
    build: GRCh38
    reference: reference.fa.gz
heregulin_cutoffs:
  - {{assay: DEMO_ELISA, matrix: plasma, method: fixed, value_pg_per_ml: 980}}
"""


@dataclass(frozen=True)
class Source:
    """A stretch that fragments come from: a target, or an island of off-target reads (no gene)."""

    contig: str
    start: int
    end: int
    depth: float
    gene: str = ""


@dataclass(frozen=True)
class Variant:
    """A change at a 0-based position, on `copies` copies in the fraction `ccf` of the tumour cells."""

    contig: str
    position: int
    ref: str
    alt: str
    copies: float = 1.0
    ccf: float = 1.0


@dataclass(frozen=True)
class Tumour:
    """gains: (contig, start, end, copies per tumour cell), 2 elsewhere. thin: (contig, position, part of depth)."""

    purity: float
    variants: tuple[Variant, ...] = ()
    gains: tuple[tuple[str, int, int, float], ...] = ()
    thin: tuple[str, int, float] = ("", 0, 1.0)

    def cell_copies(self, contig: str, position: int) -> float:
        """Copies C over all cells, p*C + 2*(1-p): fragments are proportional to it."""
        gained = (copies for name, a, b, copies in self.gains if name == contig and a <= position < b)
        return self.purity * next(gained, 2.0) + 2 * (1 - self.purity)

    def vaf(self, variant: Variant) -> float:
        """Variant allele fraction: mutant copies p*m*ccf over the copies of all cells."""
        mutant_copies = self.purity * variant.copies * variant.ccf
        return mutant_copies / self.cell_copies(variant.contig, variant.position)

    def part(self, source: Source) -> float:
        """Fragments of a source, as a part of those of a pure diploid sample."""
        contig, position, part = self.thin
        thin = contig == source.contig and source.start <= position < source.end
        return self.cell_copies(source.contig, (source.start + source.end) // 2) / 2 * (part if thin else 1)


@dataclass(frozen=True)
class Patient:
    """The call to expect (status, primary, confidence), samples and heregulin (pg/mL) by time point."""

    call: tuple[str, str, str]
    samples: Mapping[str, Tumour]
    resistance_class: str = "DE_NOVO"
    heregulin: Mapping[str, int] = field(default_factory=lambda: {"pre": 400})


def rows(name: str) -> list[dict[str, str]]:
    """Rows of a table of resources/."""
    with (ROOT / "resources" / name).open(newline="") as handle:
        return list(csv.DictReader(handle, delimiter="\t"))


def variant(gene: str, hgvs_c: str) -> Variant:
    """A listed allele, clonal and on one copy."""
    row = next(row for row in rows("alleles.tsv") if (row["gene"], row["hgvs_c"]) == (gene, hgvs_c))
    return Variant(f"chr{row['chrom']}", int(row["pos_grch38"]) - 1, row["ref"], row["alt"])


@cache
def cohort() -> dict[str, Patient]:
    """The nine patients by ID."""
    kras, braf = variant("KRAS", "c.35G>A"), variant("BRAF", "c.1798_1799delinsAA")
    codon_61 = variant("KRAS", "c.182A>G")
    shallow = (codon_61.contig, codon_61.position, 0.1)
    amplicon, polysomy = ("chr17", 39_300_000, 40_200_000), ("chr17", 0, contig_lengths()["chr17"], 5)
    found, none, unclear = "MECHANISM", ("NONE_DETECTED", "", "HIGH"), ("INDETERMINATE", "", "NA")
    wild_type, amplified = Tumour(0.6), Tumour(0.5, gains=((*amplicon, 18),))
    low, rising = {"pre": 420, "post": 430}, {"pre": 420, "post": 2900}
    pair = {"pre": wild_type, "post": wild_type}
    return {
        "P01_KRAS": Patient((found, "RAS_MUT(KRAS G12D)", "HIGH"), {"pre": Tumour(0.6, (kras,))}),
        "P02_BRAF": Patient((found, "BRAF_CLASS1(V600K)", "HIGH"), {"pre": Tumour(0.5, (braf,))}),
        "P03_ERBB2": Patient((found, "ERBB2_AMP", "HIGH"), {"pre": Tumour(0.5, gains=((*amplicon, 20),))}),
        "P04_ERBB2": Patient((found, "ERBB2_AMP", "HIGH"), pair | {"post": amplified}, "ACQUIRED", low),
        "P05_HRG": Patient((found, "HRG_HIGH", "MODERATE"), pair, "ACQUIRED", rising),
        "P06_POLYSOMY": Patient((*none[:2], "MODERATE"), {"pre": Tumour(0.7, gains=(polysomy,))}),
        "P07_NONE": Patient(none, {"pre": Tumour(0.7)}),
        "P08_DEPTH": Patient(unclear, {"pre": Tumour(0.6, thin=shallow)}),
        "P09_PURITY": Patient(unclear, {"pre": Tumour(0.1)}),
    }


def contig_lengths() -> dict[str, int]:
    """GRCh38 lengths of the contigs in use."""
    lengths = {f"chr{r['contig']}": int(r["length"]) for r in rows("contigs.tsv") if r["build"] == "GRCh38"}
    return {contig: lengths[contig] for contig in CONTIGS}


def codon_bases() -> dict[tuple[str, int], tuple[str, str]]:
    """(contig, 0-based position) of each base of the listed codons -> (gene, plus-strand base)."""
    complement = str.maketrans("ACGT", "TGCA")
    found = {}
    for row in rows("codons.tsv"):
        bases = row["wt_codon"] if row["strand"] == "+" else row["wt_codon"].translate(complement)
        for position, base in zip(row["positions_grch38"].split(","), bases, strict=True):
            found[f"chr{row['chrom']}", int(position) - 1] = (row["gene"], base)
    return found


def background_sites() -> list[tuple[str, int]]:
    """(contig, start) of eight genes a contig, evenly over both arms; chr15 has only its long one."""
    first = dict.fromkeys(CONTIGS[:5], 5_000_000) | {"chr15": 22_000_000}
    step_bp = {contig: (contig_lengths()[contig] - start - 3_000_000) // 8 for contig, start in first.items()}
    return [(contig, start + i * step_bp[contig]) for contig, start in first.items() for i in range(8)]


def made_up_gene(contig: str, start: int, label: str, exons: int, depth: float, rng: Rng) -> list[Source]:
    """Targets of a made-up gene. Widths and gaps vary like those of ERBB2, and background outnumbers chr17:
    else CNVkit's edge correction, which ranks bins by both, would take a gain for an edge effect."""
    widths, gaps = rng.integers(120, 300, exons), rng.integers(80, 800, exons)
    starts = start + np.cumsum(widths + gaps) - widths
    return [Source(contig, int(a), int(a + w), depth, label) for a, w in zip(starts, widths, strict=True)]


@cache
def panel() -> tuple[Source, ...]:
    """The targets, sorted: listed codons, ERBB2 exons, control loci of chr17, background."""
    codons, rng = codon_bases(), np.random.default_rng(17)
    hotspots: list[tuple[str, str, int, int]] = []
    for (contig, position), (gene, _) in sorted(codons.items()):
        if hotspots and hotspots[-1][:2] == (contig, gene) and position - hotspots[-1][3] < 100:
            hotspots[-1] = (contig, gene, hotspots[-1][2], position + 1)
        elif gene != "ERBB2":
            hotspots.append((contig, gene, position, position + 1))
    pads = rng.integers(70, 110, len(hotspots)).tolist()
    found = [Source(c, a - n, b + n, HOTSPOT_DEPTH, g) for (c, g, a, b), n in zip(hotspots, pads, strict=True)]
    for row in rows("erbb2_exons.tsv"):
        start, end = int(row["start_grch38"]) - 1, int(row["end_grch38"])
        pad_bp = max(0, 121 - (end - start)) // 2
        listed = any(("chr17", position) in codons for position in range(start, end))
        depth = HOTSPOT_DEPTH if listed else OTHER_DEPTH
        found.append(Source("chr17", start - pad_bp, end + pad_bp, depth, "ERBB2"))
    for loci, exons in ((builders.CONTROLS_17Q, 6), (builders.CONTROLS_17P, 4)):
        for label, start in loci.items():
            found += made_up_gene("chr17", start, label, exons, OTHER_DEPTH, rng)
    for contig, start in background_sites():
        found += made_up_gene(contig, start, f"BG_{contig}_{start // 1_000_000}", 6, BACKGROUND_DEPTH, rng)
    return tuple(sorted(found, key=lambda source: (CONTIGS.index(source.contig), source.start)))


@cache
def islands() -> tuple[Source, ...]:
    """24 kb of sparse off-target reads around some targets: antitarget bins need something to count."""
    around = [("chr17", sum(builders.ERBB2_BP) // 2 + shift) for shift in (-10_000, 10_000)]
    around += [("chr17", start) for start in (builders.CONTROLS_17Q | builders.CONTROLS_17P).values()]
    around += background_sites()[::3]
    return tuple(Source(contig, spot - 12_000, spot + 12_000, ISLAND_DEPTH) for contig, spot in around)


@cache
def reference(seed: int) -> dict[tuple[str, int], str]:
    """Random bases wherever fragments may lie; each listed codon and allele has its true reference bases."""
    planted = {where: base for where, (_, base) in codon_bases().items()}
    planted |= {(f"chr{r['chrom']}", int(r["pos_grch38"]) - 1): r["ref"] for r in rows("alleles.tsv")}
    regions = [(s.contig, s.start - LONGEST_BP, s.end + LONGEST_BP) for s in (*panel(), *islands())]
    return builders.random_reference(regions, planted, seed)


def bases_at(seed: int, contigs: Ints, starts: Ints) -> Codes:
    """Reference bases (0..3 for ACGT) of a read at each (contig number, start)."""
    order = {(CONTIGS.index(contig) << 32) + start: text for (contig, start), text in reference(seed).items()}
    keys: Ints = np.array(sorted(order))
    offsets: Ints = np.cumsum([0, *(len(order[key]) for key in sorted(order))])
    letters = np.frombuffer("".join(order[key] for key in sorted(order)).encode(), dtype=np.uint8)
    genome: Codes = np.searchsorted(list(b"ACGT"), letters).astype(np.uint8)
    wanted = (contigs << 32) + starts
    stretch = np.searchsorted(keys, wanted, side="right") - 1
    first: Ints = offsets[stretch] + wanted - keys[stretch]
    return genome[np.add.outer(first, np.arange(READ_BP))]


def draw_fragments(tumour: Tumour | None, seed: int, depth: float, rng: Rng) -> tuple[Ints, Ints, Ints]:
    """(contig number, start, length) of every molecule: Poisson around design depth x capture efficiency
    (shared by all samples) x noise of this sample x copies, evenly over the bases of each source."""
    sources = (*panel(), *islands())
    efficiency = np.random.default_rng([seed, 0]).normal(0.0, 0.15, len(sources)).clip(-0.3, 0.3)
    factor = np.exp2(efficiency + rng.normal(0.0, 0.04, len(sources))) / MEAN_BP
    factor *= [NORMAL_PART if tumour is None else tumour.part(source) for source in sources]
    width_bp = np.array([source.end - source.start for source in sources])
    counts = rng.poisson(depth * factor * [source.depth for source in sources] * (width_bp + MEAN_BP - 1))
    lengths = rng.integers(SHORTEST_BP, LONGEST_BP, counts.sum(), endpoint=True)
    first = np.repeat([source.start for source in sources], counts) - lengths + 1
    shift = rng.random(len(lengths)) * (np.repeat(width_bp, counts) + lengths - 1)
    contigs = np.repeat([CONTIGS.index(source.contig) for source in sources], counts)
    return contigs, first + shift.astype(np.int64), lengths


def add_errors(bases: Codes, rng: Rng) -> Codes:
    """Draw base qualities and return them; change `bases` in place with the chance that each states."""
    qualities = QUALITIES[rng.integers(0, len(QUALITIES), bases.shape, dtype=np.uint8)]
    chance = (65536 * 10 ** (-np.arange(64) / 10)).clip(0, 65535).astype(np.uint16)
    wrong = rng.integers(0, 65536, bases.shape, dtype=np.uint16) < chance[qualities]
    bases[wrong] = (bases[wrong] + rng.integers(1, 4, int(wrong.sum()), dtype=np.uint8)) % 4
    return qualities


def add_snps(bases: Codes, name: str, seed: int, contig: Ints, place: Ints, molecule: Ints) -> None:
    """Change the base at each common SNP of the person, in both mates of every or of half of the molecules."""
    rng = np.random.default_rng([seed, zlib.crc32(name.encode()), 2])  # its own: the other reads stay as they are
    has_alt = np.tile(rng.random(molecule.max() + 1)[molecule], 2)
    for (chrom, position, shift), copies in zip(*germline(name, seed), strict=True):
        covers = (contig == CONTIGS.index(chrom)) & (place <= position) & (position < place + READ_BP)
        hit = np.flatnonzero(covers & (has_alt < copies / 2))
        offset = position - place[hit]
        bases[hit, offset] = (bases[hit, offset] + shift) % 4


def bam_bins(starts: Ints) -> Ints:
    """The bin of a record of READ_BP reference bases (SAM specification, reg2bin)."""
    ends, bins = starts + READ_BP - 1, np.zeros_like(starts)
    for shift, first in ((26, 1), (23, 9), (20, 73), (17, 585), (14, 4681)):
        bins = np.where(starts >> shift == ends >> shift, first + (starts >> shift), bins)
    return bins


def germline(name: str, seed: int) -> tuple[list[tuple[str, int, int]], list[int]]:
    """Common SNPs as (contig, position, shift from the reference base), one a background gene, and the copies of alt
    (0, 1 or 2, each allele with 1/2) of the person that a sample is of: its patient, or the normal itself.
    """
    genes = {target.gene: target for target in panel() if target.gene.startswith("BG_")}
    rng = np.random.default_rng([seed, 1])
    sites = [
        (t.contig, (t.start + t.end) // 2, int(shift))
        for t, shift in zip(genes.values(), rng.integers(1, 4, len(genes)), strict=True)
    ]
    person = name.rsplit("_", 1)[0]
    return sites, np.random.default_rng([seed, zlib.crc32(person.encode()), 1]).binomial(2, 0.5, len(sites)).tolist()


def draw_reads(tumour: Tumour | None, name: str, seed: int, depth: float = 1.0) -> npt.NDArray[np.void]:
    """All records of one sample, sorted; None draws a normal. 5-8 % of molecules have a flagged duplicate."""
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    contigs, starts, lengths = draw_fragments(tumour, seed, depth, rng)
    copied = np.flatnonzero(rng.random(len(starts)) < rng.uniform(0.05, 0.08))
    molecule = np.concatenate([np.arange(len(starts)), copied])
    minus = rng.random(len(starts))[molecule] < 0.5
    length, contig = lengths[molecule], np.tile(contigs[molecule], 2)
    left, right = starts[molecule], (starts + lengths)[molecule] - READ_BP
    place = np.concatenate([left, right])
    bases = bases_at(seed, contig, place)
    for change, vaf in [(v, tumour.vaf(v)) for v in tumour.variants] if tumour else ():
        mutant = np.tile((rng.random(len(starts)) < vaf)[molecule], 2)
        mutant &= contig == CONTIGS.index(change.contig)
        for position, base in enumerate(change.alt, change.position):
            hit = np.flatnonzero(mutant & (place <= position) & (position < place + READ_BP))
            bases[hit, position - place[hit]] = "ACGT".index(base)
    add_snps(bases, name, seed, contig, place, molecule)
    reads = np.zeros(len(place), dtype=RECORD)
    reads["qualities"] = add_errors(bases, rng)
    nibbles = np.uint8(1) << bases
    reads["bases"] = nibbles[:, ::2] << 4 | nibbles[:, 1::2]
    reads["reference"] = reads["mate_reference"] = contig
    reads["start"], reads["mate_start"] = place, np.concatenate([right, left])
    reads["insert"] = np.concatenate([length, -length])
    reads["name_length"], reads["mapq"], reads["cigar_length"], reads["read_length"] = 8, 60, 1, READ_BP
    reads["cigar"], reads["bin"] = READ_BP << 4, bam_bins(place)
    reads["flag"] = np.concatenate([np.where(minus, 163, 99), np.where(minus, 83, 147)])
    reads["flag"] += np.tile(np.arange(len(molecule)) >= len(starts), 2).astype(np.uint16) * 1024
    reads["name"] = np.tile(np.char.mod("%07d", np.arange(len(molecule))), 2)
    return reads[np.lexsort((place, contig))]


def write_bam(path: Path, tumour: Tumour | None, seed: int, depth: float = 1.0) -> None:
    """Draw, write and index one sample; the file's name is the sample's."""
    name, lengths, reads = path.stem, contig_lengths(), draw_reads(tumour, path.stem, seed, depth)
    tag = np.frombuffer(f"RGZ{name}\0".encode(), dtype=np.uint8)
    tagged = np.zeros(len(reads), dtype=[("read", RECORD), ("tag", "u1", len(tag))])
    tagged["read"], tagged["tag"] = reads, tag
    tagged["read"]["block_size"] = tagged.dtype.itemsize - 4
    lines = ["@HD\tVN:1.6\tSO:coordinate", *(f"@SQ\tSN:{c}\tLN:{bp}" for c, bp in lengths.items())]
    lines += [f"@RG\tID:{name}\tSM:{name}\tPL:ILLUMINA", f"@CO\t{NOTICE}", ""]
    text = "\n".join(lines).encode()
    header = b"BAM\1" + struct.pack("<i", len(text)) + text + struct.pack("<i", len(lengths))
    for contig, bp in lengths.items():
        header += struct.pack(f"<i{len(contig) + 1}si", len(contig) + 1, contig.encode(), bp)
    with pysam.BGZFile(str(path), "wb", None) as bam:
        bam.write(header + tagged.tobytes())
    pysam.index(str(path))


def write_sheets(out: Path, patients: Mapping[str, Patient], normals: Sequence[str]) -> None:
    """Write the three sheets, panel.bed, cohort.yaml, README.txt and truth.tsv."""
    late = {"last_dose": "2021-11-22", "progression": "2021-11-29", "last_contact": "2022-06-01"}
    samples, people, heregulin, truth = [], [], [], []
    for name, patient in patients.items():
        for when, tumour in patient.samples.items():
            who = {"sample": f"{name}_{when}", "patient": name, "timepoint": when}
            what = {"bam": f"bam/{name}_{when}.bam", "purity": tumour.purity, "ploidy": 2}
            samples.append(builders.sample_row(**who, **what, purity_source="pathology"))
        course = late | {"best_response": "PR"} if patient.resistance_class == "ACQUIRED" else {}
        people.append(builders.patient_row(patient=name, **course))
        for when, value in patient.heregulin.items():
            heregulin.append(builders.heregulin_row(patient=name, timepoint=when, value=value))
        columns = ("patient", "resistance_class", "status", "primary", "confidence")
        truth.append(dict(zip(columns, (name, patient.resistance_class, *patient.call), strict=True)))
    samples += [builders.normal_row(sample=name, bam=f"bam/{name}.bam") for name in normals]
    sheets = {"samples": samples, "patients": people, "heregulin": heregulin, "truth": truth}
    for sheet, content in sheets.items():
        builders.write_tsv(out / f"{sheet}.tsv", content)
    (out / "panel.bed").write_text("".join(f"{t.contig}\t{t.start}\t{t.end}\t{t.gene}\n" for t in panel()))
    (out / "cohort.yaml").write_text(COHORT_YAML)
    (out / "README.txt").write_text(f"{NOTICE}\n")


def write_reference(out: Path, seed: int, fasta: Path | None = None) -> None:
    """Write reference.fa.gz, or copy an earlier one of the same seed, with its indexes."""
    if fasta is None:
        builders.write_fasta(out / "reference.fa.gz", contig_lengths(), reference(seed))
    for suffix in ("", ".fai", ".gzi") if fasta else ():
        shutil.copyfile(f"{fasta}{suffix}", out / f"reference.fa.gz{suffix}")


def build(
    out_dir: Path,
    seed: int = 1,
    patients: Sequence[str] | None = None,
    normals: int = 8,
    depth: float = 1.0,
    fasta: Path | None = None,
    processes: int = 2,
) -> Path:
    """Write the cohort and return its YAML. A sample's bytes depend on its name, seed and depth alone.

    patients: IDs, all if None. normals: how many. depth: part of the full depth.
    fasta: an earlier demo's reference of the same seed, copied instead of written (6 s).
    """
    everybody = cohort()
    if unknown := sorted(set(patients or ()) - set(everybody)):
        raise ValueError(f"unknown patients {unknown}; the demo has {sorted(everybody)}")
    chosen = {name: everybody[name] for name in everybody if patients is None or name in patients}
    (out_dir / "bam").mkdir(parents=True, exist_ok=True)
    names = [f"N{number + 1:02d}" for number in range(normals)]
    samples: dict[str, Tumour | None] = dict.fromkeys(names)
    samples |= {f"{name}_{when}": tumour for name, p in chosen.items() for when, tumour in p.samples.items()}
    write_sheets(out_dir, chosen, names)
    with ProcessPoolExecutor(processes) as pool:
        jobs = [pool.submit(write_reference, out_dir, seed, fasta)]
        jobs += [pool.submit(write_bam, out_dir / f"bam/{n}.bam", t, seed, depth) for n, t in samples.items()]
        for job in jobs:
            job.result()
    return out_dir / "cohort.yaml"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=NOTICE)
    parser.add_argument("out_dir", type=Path)
    for option, default in (("--seed", 1), ("--processes", 2)):
        parser.add_argument(option, type=int, default=default)
    print(f"cetux: wrote {build(**vars(parser.parse_args()))}")
