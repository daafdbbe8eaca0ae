"""Make the BAM of one sample over a `Panel`: molecules, their damage, their duplicates, two mates with qualities."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pysam
from benchmarks.error_model import BASES, Profile, molecule_rates
from benchmarks.panel import Edit, Panel, Region

Codes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Rng = np.random.Generator

READ_BP = 150
_INSERT_MEAN, _INSERT_SD, _INSERT_LEAST, _INSERT_MOST = 220.0, 50.0, 100, 380
DUPLICATES = 0.15
"""Further read pairs, flagged as duplicates, per molecule."""

ANCHOR_BP = 6
"""An aligner needs this many bases beyond an indel; with fewer it clips them."""

_LETTERS = np.frombuffer(BASES.encode(), dtype=np.uint8)


@dataclass(frozen=True)
class Planted:
    """An allele in a sample: the fraction that was asked for, and what chance made of it.

    molecules: over the allele's place; mutant: those that carry it.
    """

    edit: Edit
    vaf: float
    molecules: int
    mutant: int


@dataclass
class _Molecule:
    """Bases of a fragment, each with its position; -1 for an inserted one."""

    bases: Codes
    places: Ints


def write_reference(panel: Panel, path: Path) -> Path:
    """The panel's contigs as an indexed FASTA."""
    with path.open("w", encoding="ascii") as fasta:
        for name, bases in panel.bases.items():
            fasta.write(f">{name}\n")
            fasta.writelines(bases[i : i + 60] + "\n" for i in range(0, len(bases), 60))
    pysam.faidx(str(path))
    return path


def write_bam(
    panel: Panel, profile: Profile, alleles: Sequence[tuple[Edit, float]], depth: float, seed: int, path: Path
) -> list[Planted]:
    """Write a sorted, indexed BAM and say what is in it.

    Args:
        panel: regions and bases.
        profile: qualities and errors.
        alleles: each with its VAF; every molecule over an allele's place carries it with that chance.
        depth: mean number of molecules over a base.
        seed: the same seed makes the same records.
        path: of the BAM.
    """
    rng = np.random.default_rng(seed)
    header = {
        "HD": {"VN": "1.6", "SO": "unsorted"},
        "SQ": [{"SN": name, "LN": length} for name, length in panel.contigs.items()],
        "RG": [{"ID": "1", "SM": path.stem, "PL": "ILLUMINA"}],
    }
    lines = [str(pysam.AlignmentHeader.from_dict(header)).rstrip("\n")]
    planted: list[Planted] = []
    for number, region in enumerate(panel.regions):
        here = [
            (edit, vaf)
            for edit, vaf in alleles
            if edit.contig == region.contig and region.start <= edit.start < region.end
        ]
        planted += _region(panel, profile, region, here, depth, rng, f"m{number}", lines)
    sam = path.with_suffix(".sam")
    sam.write_text("\n".join(lines) + "\n", encoding="ascii")
    pysam.sort("-o", str(path), str(sam))
    sam.unlink()
    pysam.index(str(path))
    return planted


def _region(
    panel: Panel,
    profile: Profile,
    region: Region,
    alleles: Sequence[tuple[Edit, float]],
    depth: float,
    rng: Rng,
    name: str,
    lines: list[str],
) -> list[Planted]:
    span = region.end - region.start
    many = int(rng.poisson(depth * (span - _INSERT_MEAN) / _INSERT_MEAN))
    inserts = np.clip(rng.normal(_INSERT_MEAN, _INSERT_SD, many), _INSERT_LEAST, _INSERT_MOST).astype(np.int64)
    starts = region.start + (rng.random(many) * (span - inserts)).astype(np.int64)
    carries = np.zeros((len(alleles), many), dtype=bool)
    covers = np.zeros_like(carries)
    for row, (edit, vaf) in enumerate(alleles):
        covers[row] = (starts + 2 <= edit.start) & (edit.start + len(edit.ref) + 2 <= starts + inserts)
        carries[row] = covers[row] & (rng.random(many) < vaf)
    whole = np.frombuffer(panel.bases[region.contig].encode(), dtype=np.uint8)
    minus_template = rng.random(many) < 0.5
    copies = 1 + rng.poisson(DUPLICATES, many)
    rates = molecule_rates(profile)
    for i in range(many):
        edits = [alleles[row][0] for row in np.flatnonzero(carries[:, i]).tolist()]
        molecule = _molecule(whole, int(starts[i]), int(starts[i] + inserts[i]), edits)
        _damage(molecule, rates[int(minus_template[i])], rng)
        for copy in range(copies[i]):
            pair = _pair(molecule, profile, rng)
            lines += _records(f"{name}.{i}.{copy}", region.contig, pair, bool(minus_template[i]), copy > 0, profile)
    return [
        Planted(edit, vaf, int(covers[row].sum()), int(carries[row].sum())) for row, (edit, vaf) in enumerate(alleles)
    ]


def _molecule(whole: Codes, start: int, end: int, edits: Sequence[Edit]) -> _Molecule:
    bases, places = whole[start:end].copy(), np.arange(start, end)
    for edit in sorted(edits, key=lambda edit: -edit.start):
        at = int(np.flatnonzero(places == edit.start)[0])
        alt = np.frombuffer(edit.alt.encode(), dtype=np.uint8)
        if len(edit.ref) == len(edit.alt):
            bases[at : at + len(alt)] = alt
            continue
        where = np.full(len(alt), -1)
        where[0] = edit.start
        bases = np.concatenate([bases[:at], alt, bases[at + len(edit.ref) :]])
        places = np.concatenate([places[:at], where, places[at + len(edit.ref) :]])
    return _Molecule(bases, places)


def _damage(molecule: _Molecule, rates: npt.NDArray[np.float64], rng: Rng) -> None:
    """Errors of the molecule, which all of its reads repeat."""
    total = rates.sum(axis=1)
    for code in np.flatnonzero(total):
        at = np.flatnonzero(molecule.bases == _LETTERS[code])
        for place in at[rng.random(len(at)) < total[code]]:
            molecule.bases[place] = _LETTERS[rng.choice(4, p=rates[code] / total[code])]


def _pair(molecule: _Molecule, profile: Profile, rng: Rng) -> list[tuple[_Molecule, Codes]]:
    """Both mates in plus-strand order, with their qualities."""
    levels = np.array(list(profile.qualities), dtype=np.uint8)
    shares = np.cumsum(list(profile.qualities.values()))
    mates = []
    for part in (slice(0, READ_BP), slice(max(len(molecule.bases) - READ_BP, 0), None)):
        read = _Molecule(molecule.bases[part].copy(), molecule.places[part])
        quality = levels[np.searchsorted(shares, rng.random(len(read.bases)) * shares[-1])]
        if profile.sequencing:
            wrong = np.flatnonzero(rng.random(len(quality)) < 10 ** (-quality.astype(float) / 10))
            codes = np.searchsorted(_LETTERS, read.bases[wrong])
            read.bases[wrong] = _LETTERS[(codes + rng.integers(1, 4, len(wrong))) % 4]
        mates.append((read, quality))
    return mates


def cigar(places: Ints) -> tuple[int, str]:
    """First aligned position and CIGAR of a read; an indel nearer to its end than ANCHOR_BP is clipped.

    >>> cigar(np.array([5, 6, 7, 8, 9, 10, 12, 13, 14, 15, 16, 17])), cigar(np.array([5, -1, 6, 7, 8, 9, 10, 11]))
    ((5, '6M1D6M'), (6, '2S6M'))
    """
    left, right = 0, len(places)
    breaks = [i for i in range(1, len(places)) if places[i] - places[i - 1] != 1 or places[i] < 0]
    for i in breaks:
        if i < ANCHOR_BP + max(left, 0) or (places[i] < 0 and left == i):
            left = i + (places[i] < 0)
    for i in reversed(breaks):
        if right - i < ANCHOR_BP or (places[i - 1] < 0 and right == i):
            right = i
    while places[left] < 0:
        left += 1
    while places[right - 1] < 0:
        right -= 1
    runs: list[list[int | str]] = []
    last = int(places[left]) - 1
    for place in places[left:right]:
        if place >= 0 and place > last + 1:
            runs.append([int(place) - last - 1, "D"])
        operation = "I" if place < 0 else "M"
        if runs and runs[-1][1] == operation:
            runs[-1][0] = int(runs[-1][0]) + 1
        else:
            runs.append([1, operation])
        last = int(place) if place >= 0 else last
    clips = (f"{left}S" if left else "", f"{len(places) - right}S" if right < len(places) else "")
    return int(places[left]), clips[0] + "".join(f"{many}{operation}" for many, operation in runs) + clips[1]


def _records(
    name: str, contig: str, pair: Sequence[tuple[_Molecule, Codes]], minus: bool, duplicate: bool, profile: Profile
) -> list[str]:
    placed = [(read.places[0], f"{READ_BP}M") for read, _ in pair]
    for index, (read, _) in enumerate(pair):
        length = len(read.places)
        plain = read.places[0] >= 0 and read.places[-1] - read.places[0] == length - 1 and (read.places >= 0).all()
        placed[index] = (int(read.places[0]), f"{length}M") if plain else cigar(read.places)
    spans = [int(read.places[read.places >= 0][-1]) + 1 for read, _ in pair]
    length = max(spans) - placed[0][0]
    tags = "\tRG:Z:1" + ("\tcD:i:4\tcM:i:3\tcE:f:0" if profile.umi else "")
    made = []
    for index, (read, quality) in enumerate(pair):
        first = (index == 0) != minus
        flag = 3 | (0x20 if index == 0 else 0x10) | (0x40 if first else 0x80) | (0x400 if duplicate else 0)
        start, text = placed[index]
        made.append(
            f"{name}\t{flag}\t{contig}\t{start + 1}\t60\t{text}\t=\t{placed[1 - index][0] + 1}\t"
            f"{length if index == 0 else -length}\t{read.bases.tobytes().decode()}\t"
            f"{(quality + 33).tobytes().decode()}{tags}"
        )
    return made


def reads_in(path: Path) -> int:
    """Records of a BAM."""
    return int(subprocess.run(["samtools", "view", "-c", path], capture_output=True, check=True, text=True).stdout)
