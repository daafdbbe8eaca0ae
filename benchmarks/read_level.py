"""Second level of the benchmark: whole BAMs, this workflow's own code and other tools beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pysam
from benchmarks import ours, peers, report
from benchmarks.error_model import BASES, PROFILES, Profile
from benchmarks.panel import Edit, Panel
from benchmarks.simulate_counts import listed_changes
from benchmarks.simulate_reads import Planted, reads_in, write_bam, write_reference

from cetux.codons import plus_strand, protein_change
from cetux.evidence import SampleGenotypes
from cetux.haplotypes import ReadFilter, count_haplotypes
from cetux.resources import alleles, codons
from cetux.settings import with_defaults

DEPTH = 313
"""Molecules over a base: the median of T500."""

VAFS = (0.01, 0.02, 0.05)
LONG_VAF = 0.10
"""Of MNVs and indels, high enough that the question is how, not whether, they are called."""

KNOWN = "cetux, known alleles"
"""The workflow asked for each allele by itself, as it asks in one sample for what another of the patient shows."""

_APART_BP = 60
Row = dict[str, Any]


@dataclass(frozen=True)
class Effort:
    """BAMs of each profile, and single-base changes in each."""

    samples: Mapping[str, int]
    singles: int


QUICK = Effort({"tissue": 3, "ffpe": 3}, 9)
FULL = Effort({"tissue": 48, "ffpe": 144}, 12)
"""Of FFPE as many as show false positives ten times fewer than those of a plain rule of two fragments."""


@dataclass(frozen=True)
class Bench:
    """What all samples share. decoys: every amino-acid change by one base at a listed codon."""

    panel: Panel
    fasta: Path
    bed: Path
    known: Path
    listed: tuple[Edit, ...]
    decoys: tuple[Edit, ...]


def prepare(out: Path) -> Bench:
    """Write reference, spans and known alleles."""
    panel = Panel(codons(ours.BUILD))
    decoys = []
    for codon in panel.codons:
        reference = plus_strand(codon)
        for position in range(3):
            for base in BASES.replace(reference[position], ""):
                protein = protein_change(codon, ((position, base),))
                if protein != codon.wt_aa:
                    bases = reference[:position] + base + reference[position + 1 :]
                    decoys.append(panel.single(codon, bases, f"{codon.wt_aa}{codon.codon}{protein}"))
    listed = [
        panel.single(panel.codons[index], bases, protein)
        for index, bases, protein in listed_changes(panel.codons, alleles())
    ]
    bed = out / "codons.bed"
    spans = [
        (region.contig, min(min(c.positions) for c in region.codons), max(max(c.positions) for c in region.codons))
        for region in panel.regions
    ]
    bed.write_text("".join(f"{contig}\t{first - 30}\t{last + 31}\n" for contig, first, last in spans), encoding="ascii")
    fasta = write_reference(panel, out / "panel.fa")
    known = peers.write_known([*decoys, *panel.named()], panel.contigs, out / "known.vcf")
    return Bench(panel, fasta, bed, known, tuple(listed), tuple(decoys))


def chosen(bench: Bench, singles: int, number: int, rng: np.random.Generator) -> list[tuple[Edit, float]]:
    """Alleles of one sample, none within reach of another: one MNV, one indel, and single-base changes."""
    named = bench.panel.named()
    mnvs = [edit for edit in named if edit.kind == "MNV"]
    indels = [edit for edit in named if edit.kind == "indel"]
    wanted = [(mnvs[number % len(mnvs)], LONG_VAF), (indels[number % len(indels)], LONG_VAF)]
    for index in rng.permutation(len(bench.listed)):
        wanted.append((bench.listed[index], VAFS[len(wanted) % len(VAFS)]))
    made: list[tuple[Edit, float]] = []
    for edit, vaf in wanted:
        if len(made) == singles + 2:
            break
        if all(edit.contig != other.contig or abs(edit.start - other.start) > _APART_BP for other, _ in made):
            made.append((edit, vaf))
    return made


def _own_code(bench: Bench, profile: Profile, bam: Path) -> SampleGenotypes:
    """What the workflow says of the sample."""
    reads = with_defaults({})["reads"]
    keep = ReadFilter(reads["min_mapping_quality"], reads["min_base_quality"], keep_duplicates=False)
    counts = count_haplotypes("sample", str(bam), str(bench.fasta), bench.panel.codons, keep)
    transcripts = bench.panel.transcripts(ours.TRANSCRIPTS)
    return ours.call(counts, bench.panel.codons, profile, ours.settings(floors=True), transcripts)


def _pileup(bench: Bench, bam: Path) -> None:
    """The cost that the workflow must stay below: pysam's pileup over the same codons."""
    with pysam.AlignmentFile(str(bam)) as opened:
        for codon in bench.panel.codons:
            for position in codon.positions:
                columns = opened.pileup(
                    bench.panel.prefix + codon.chrom, position, position + 1, truncate=True, min_base_quality=20
                )
                for column in columns:
                    column.get_query_sequences()


def _near(edit: Edit, other: Edit) -> bool:
    same = edit.contig == other.contig
    return same and edit.start < other.start + len(other.ref) + 3 and other.start < edit.start + len(edit.ref) + 3


def _judge_ours(planted: list[Planted], called: SampleGenotypes) -> tuple[list[Row], int]:
    rows = []
    found = {(gene, number, protein, one.hgvs_c) for (gene, number, protein), one in ours.detected(called).items()}
    matched: set[tuple[str, int, str, str]] = set()
    for one in planted:
        edit = one.edit
        by_name = {call for call in found if call[0] == edit.gene and (call[2] in edit.names or call[3] in edit.names)}
        beside = {call for call in found if call[0] == edit.gene and abs(call[1] - edit.codon) <= 6} - by_name
        named_right = edit.kind == "SNV" or any(call[3] in edit.names for call in by_name)
        matched |= by_name | beside
        rows.append(_row(one, bool(by_name), bool(by_name) and named_right and not beside))
    return rows, len(found - matched)


def _judge_known(bench: Bench, planted: list[Planted], called: SampleGenotypes) -> tuple[list[Row], int]:
    """As for gbcms: of every allele it is asked whether that one is there."""
    known, truths = ours.known(called), [one.edit for one in planted]
    seen = [any((one.edit.gene, name) in known for name in one.edit.names) for one in planted]
    away = {(decoy.gene, decoy.names[-1]) for decoy in bench.decoys if not any(_near(decoy, edit) for edit in truths)}
    return [_row(one, found, found) for one, found in zip(planted, seen, strict=True)], len(away & known)


def _judge_peer(bench: Bench, planted: list[Planted], calls: peers.Calls) -> tuple[list[Row], int]:
    rows = []
    for one in planted:
        found = one.edit.key in calls
        beside = [
            key
            for key in calls
            if key != one.edit.key
            and key[0] == one.edit.contig
            and key[1] < one.edit.start + len(one.edit.ref)
            and one.edit.start < key[1] + len(key[2])
            and calls[key] >= 0.2 * calls.get(one.edit.key, 0)
        ]
        rows.append(_row(one, found, found and not beside))
    truths = [one.edit for one in planted]
    false = sum(decoy.key in calls and not any(_near(decoy, truth) for truth in truths) for decoy in bench.decoys)
    return rows, false


def _row(one: Planted, found: bool, exact: bool) -> Row:
    return {
        "kind": one.edit.kind,
        "allele": f"{one.edit.gene} {one.edit.names[-1]} {one.edit.names[0]}",
        "vaf": one.vaf,
        "mutant_molecules": one.mutant,
        "found": int(found),
        "exact": int(exact),
    }


def run(seed: int, effort: Effort, out: Path) -> None:
    """Make every BAM, run every tool, and write reads_calls.tsv, reads_false.tsv and reads_cost.tsv."""
    work = out / "reads"
    work.mkdir(parents=True, exist_ok=True)
    bench = prepare(work)
    tools = peers.available()
    (out / "reads_versions.txt").write_text(
        "".join(f"{peer.name} ({peer.rule}): {peer.version()}\n" for peer in tools), encoding="utf-8"
    )
    calls: list[Row] = []
    false: list[Row] = []
    cost: list[Row] = []
    for kind, (name, samples) in enumerate(effort.samples.items()):
        for number in range(samples):
            rng = np.random.default_rng([seed, 5, kind, number])
            wanted = chosen(bench, effort.singles, number, rng)
            bam = work / f"{name}_{number}.bam"
            planted = write_bam(bench.panel, PROFILES[name], wanted, DEPTH, int(rng.integers(2**31)), bam)
            tested = sum(not any(_near(decoy, one.edit) for one in planted) for decoy in bench.decoys)
            reading = peers.timed(reads_in, bam)[1]
            called, spent = peers.timed(_own_code, bench, PROFILES[name], bam)
            judged = [("cetux", *_judge_ours(planted, called), spent)]
            judged.append((KNOWN, *_judge_known(bench, planted, called), spent))
            for peer in tools:
                given = peers.Inputs(bam, bench.fasta, bench.bed, bench.known, bench.panel.bases, work)
                results, spent = peers.timed(peer.run, given)
                judged.append((peer.name, *_judge_peer(bench, planted, results), spent))
            judged.append(("pysam pileup, same codons", [], 0, peers.timed(_pileup, bench, bam)[1]))
            judged.append(("samtools view -c", [], 0, reading))
            for tool, rows, many, seconds in judged:
                calls += [{"profile": name, "sample": number, "tool": tool, **row} for row in rows]
                if rows:
                    false.append({"profile": name, "sample": number, "tool": tool, "tested": tested, "false": many})
                if tool != KNOWN:
                    cost.append({"profile": name, "sample": number, "tool": tool, "cpu_s": round(seconds, 3)})
            for path in (bam, bam.with_suffix(".bam.bai")):
                path.unlink()
    for title, rows in (("calls", calls), ("false", false), ("cost", cost)):
        report.write_rows(out / f"reads_{title}.tsv", rows)
