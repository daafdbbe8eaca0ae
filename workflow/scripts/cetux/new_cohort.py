"""Begin a cohort from its BAMs: a folder with the YAML and commented sheets, to be filled in by hand.

Sample names come from the read groups. Patient, time point and role are read off a name only where it ends in a word
that says so (``P01_pre``, ``P01-post``, ``N7_normal``); what is not known stays empty, and the first run names it.
"""

import argparse
import re
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cetux import alignment, config_docs, genomes
from cetux.errors import InputError, Problem, UnusableSample
from cetux.records import write_text
from cetux.resources import BUILDS
from cetux.settings import schema
from cetux.states import Timepoint

_WORDS = {
    "pre": Timepoint.PRE,
    "baseline": Timepoint.PRE,
    "post": Timepoint.POST,
    "progression": Timepoint.POST,
    "normal": "normal",
    "germline": "normal",
}
_NAME = re.compile(rf"(?P<patient>.+?)[._-](?P<word>{'|'.join(_WORDS)})", re.IGNORECASE)


@dataclass(frozen=True)
class FoundSample:
    """What one BAM says of itself. note: why the name is not the read groups' sample name; empty where it is."""

    sample: str
    bam: str
    build: str | None
    note: str = ""


def look_at(bam: str, fasta: str | None) -> FoundSample:
    """Sample name and genome build off the header of a BAM or CRAM.

    Raises:
        UnusableSample: it does not open, or has no index.
    """
    with alignment.open_alignment(bam, fasta) as opened:
        header = opened.header
    names = sorted({group["SM"] for group in header.to_dict().get("RG", []) if group.get("SM")})
    build = genomes.recognise_build(dict(zip(header.references, header.lengths, strict=True)))
    if len(names) == 1 and re.fullmatch(schema("samples")["properties"]["sample"]["pattern"], names[0]):
        return FoundSample(names[0], bam, build)
    said = f"its read groups name {', '.join(names)}" if names else "its read groups name no sample"
    return FoundSample(Path(bam).name.rsplit(".", 1)[0], bam, build, f"named after the file: {said}")


def guess(sample: str) -> dict[str, str]:
    """Patient, time point and role, as far as the name says so; a sample that is no normal is a tumour.

    >>> guess("P01_pre"), guess("N7-normal"), guess("S12")
    ({'patient': 'P01', 'timepoint': 'pre', 'role': 'tumour'}, {'role': 'normal'}, {'role': 'tumour'})
    """
    found = _NAME.fullmatch(sample)
    word = _WORDS[found["word"].lower()] if found else ""
    if word == "normal":
        return {"role": "normal"}
    known = {"patient": found["patient"], "timepoint": str(word)} if found else {}
    return {**known, "role": "tumour"}


def samples_sheet(found: Iterable[FoundSample], assay: str, specimen: str) -> str:
    """Text of samples.tsv, one row a BAM, below a comment for each column."""
    rows = []
    for sample in found:
        guessed = guess(sample.sample)
        rows.append({"sample": sample.sample, "bam": sample.bam, "assay": assay, "specimen": specimen, **guessed})
    return _sheet("samples", rows)


def patients_sheet(found: Iterable[FoundSample]) -> str:
    """Text of patients.tsv, one row for each patient that a sample's name tells."""
    patients = sorted({guess(sample.sample).get("patient", "") for sample in found} - {""})
    return _sheet("patients", [{"patient": patient} for patient in patients])


def _sheet(name: str, rows: Sequence[Mapping[str, str]]) -> str:
    columns: Mapping[str, Mapping[str, object]] = schema(name)["properties"]
    comments = [
        line
        for column, described in columns.items()
        for line in textwrap.wrap(
            f"{column}: {config_docs.prose(described, True)}", 110, initial_indent="# ", subsequent_indent="#   "
        )
    ]
    table = ["\t".join(columns), *("\t".join(row.get(column, "") for column in columns) for row in rows)]
    return "\n".join([*comments, *table]) + "\n"


def cohort_yaml(assay: str, method: str, build: str, targets: str, fasta: str | None) -> str:
    """Text of the cohort's YAML: the template with its one assay filled in."""
    text = config_docs.template()
    for before, after in {
        "  panel:": f"  {assay}:",
        "    targets: panel.bed": f"    targets: {targets}",
        "    method: hybrid": f"    method: {method}",
        "    build: GRCh38": f"    build: {build}",
        "    #reference: GRCh38.fa": f"    reference: {fasta}" if fasta else "    #reference: GRCh38.fa",
    }.items():
        if text.count(f"{before}\n") != 1:
            raise ValueError(f"the template has no single line {before!r}")
        text = text.replace(f"{before}\n", f"{after}\n")
    return text


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the folder; 0 when it is there, 1 with every problem when nothing was written."""
    given = _parser().parse_args(arguments)
    folder = Path(given.folder)
    try:
        found, build = _looked_at(given.bams, given.reference, given.build)
    except InputError as error:
        print(f"cetux: {error.told('nothing was written')}", file=sys.stderr)
        return 1
    if folder.exists() and any(folder.iterdir()):
        print(f"cetux: {folder} is there already and not empty. Name a new folder", file=sys.stderr)
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    fasta = _beside(given.reference, folder) if given.reference else None
    beside = [FoundSample(one.sample, _beside(one.bam, folder), one.build, one.note) for one in found]
    targets = _beside(given.targets, folder)
    write_text(samples_sheet(beside, given.assay, given.specimen), folder / "samples.tsv")
    write_text(patients_sheet(beside), folder / "patients.tsv")
    write_text(cohort_yaml(given.assay, given.method, build, targets, fasta), folder / "cohort.yaml")
    for sample in found:
        if sample.note:
            print(f"cetux: {sample.bam}: {sample.note}")
    print(f"cetux: {folder} holds cohort.yaml, samples.tsv ({len(found)} samples) and patients.tsv.")
    print("cetux: fill in the empty cells; a dry run names every one that is still needed:")
    print(f"  cd {folder} && snakemake -n -s path/to/cetux/Snakefile --configfile cohort.yaml")
    return 0


def _looked_at(bams: Sequence[str], fasta: str | None, build: str | None) -> tuple[list[FoundSample], str]:
    """Every BAM's sample, sorted, and the build of all; raises InputError with every problem."""
    problems: list[Problem] = []
    found: list[FoundSample] = []
    for bam in bams:
        try:
            found.append(look_at(bam, fasta))
        except UnusableSample as error:
            problems.append(Problem(bam, str(error), error.remedy))
    builds = {sample.build for sample in found if sample.build}
    if not build and len(builds) != 1 and found:
        seen = ", ".join(sorted(builds)) or "no known build"
        problems.append(Problem(found[0].bam, f"the headers show {seen}", "Name the build: --build GRCh38"))
    by_name: dict[str, str] = {}
    for sample in found:
        if sample.sample in by_name:
            wrong = f"it is named {sample.sample}, as {by_name[sample.sample]} is"
            problems.append(Problem(sample.bam, wrong, "Merge them, or leave one out"))
        by_name[sample.sample] = sample.bam
    if problems:
        raise InputError(problems)
    return sorted(found, key=lambda sample: sample.sample), build or builds.pop()


def _beside(path: str, folder: Path) -> str:
    """The path as a file in `folder` names it: relative where it lies below the folder's parent, else absolute."""
    absolute, base = Path(path).resolve(), folder.resolve()
    return str(absolute.relative_to(base)) if absolute.is_relative_to(base) else str(absolute)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="init.py", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", help="the folder to make")
    parser.add_argument("bams", nargs="+", metavar="BAM", help="BAM or CRAM files of one assay, indexed")
    parser.add_argument("--targets", required=True, help="BED of the assay's targets")
    parser.add_argument("--reference", help="indexed FASTA (needed for CRAM)")
    parser.add_argument("--build", choices=BUILDS, help="default: what the headers show")
    parser.add_argument("--assay", default="panel", help="ID of the assay (default: panel)")
    methods = schema("config")["properties"]["assays"]["additionalProperties"]["properties"]["method"]["enum"]
    parser.add_argument("--method", default="hybrid", choices=methods, help="default: hybrid")
    specimens = [name for name in schema("samples")["properties"]["specimen"]["enum"] if name]
    parser.add_argument("--specimen", default="", choices=specimens, help="of all samples; default: left empty")
    return parser
