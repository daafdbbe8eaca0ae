"""The page that shows one sample's reads, and the viewer that it loads from beside it."""

from collections.abc import Mapping, Sequence
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from cetux.counts import Usable
from cetux.drawn_reads import DrawnSite, draw
from cetux.errors import UnusableSample
from cetux.evidence import SampleGenotypes
from cetux.fragments import ReadFilter
from cetux.pages import environment

NO_FASTA = Usable(False, "the assay has no FASTA", "Give reference in the assay's configuration to see the reads")


def viewer() -> str:
    """The text of igv.js (MIT licence), as the igv-notebook package carries it; the package itself is not imported."""
    found = distribution("igv-notebook").locate_file("igv_notebook/js/igv.iife.js")
    return Path(str(found)).read_text(encoding="utf-8")


def reads_page(
    genotypes: SampleGenotypes, patient: str, bam: str, fasta: str | None, build: str, reads: Mapping[str, Any]
) -> str:
    """The text of report/reads/<sample>.html; where nothing can be drawn, a page that says why.

    Args:
        genotypes: of the sample, with its alleles.
        patient: whose page is linked.
        bam: path of the BAM or CRAM.
        fasta: the assay's FASTA, or None.
        build: "GRCh37" or "GRCh38".
        reads: fields of `ReadFilter`.
    """
    usable = genotypes.usable if not genotypes.usable.ok else Usable() if fasta else NO_FASTA
    drawn: tuple[DrawnSite, ...] = ()
    if usable.ok and fasta:
        try:
            drawn = draw(bam, fasta, build, genotypes, ReadFilter(**reads))
        except UnusableSample as error:
            usable = Usable(False, error.reason, error.remedy)
        except (OSError, ValueError) as error:
            usable = Usable(False, f"reading failed ({error})", "Copy or make the BAM, its index and the FASTA again")
    return page(genotypes.sample, patient, usable, drawn)


def page(sample: str, patient: str, usable: Usable, drawn: Sequence[DrawnSite]) -> str:
    """The page's text from what was drawn, or from the reason why nothing was."""
    template = environment().get_template("reads.html.j2")
    return template.render(sample=sample, patient=patient, usable=usable, drawn=drawn)
