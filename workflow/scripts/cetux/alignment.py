"""Open a BAM or CRAM, with the likely cause and the mend where that fails."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pysam

from cetux.errors import UnusableSample

INDEX_STEP_BP = 1 << 14
"""Step of a BAM's linear index (SAM specification, 5.1.3): places nearer to each other are read in one go."""


@contextmanager
def open_alignment(path: str, fasta: str | None) -> Iterator[pysam.AlignmentFile]:
    """The file with its index, for a ``with`` block. Closing it never hides what went wrong in the block.

    Args:
        path: BAM or CRAM.
        fasta: the FASTA of the assay; a CRAM cannot be read without it.

    Raises:
        UnusableSample: it does not open, has no index, or is a CRAM without a FASTA.
    """
    if path.endswith(".cram") and fasta is None:
        raise UnusableSample("a CRAM needs the FASTA it was made with", "Give reference in the assay's configuration")
    try:
        alignment = pysam.AlignmentFile(path, reference_filename=fasta, require_index=True)
    except (OSError, ValueError) as error:
        remedy = f"Check it with: samtools quickcheck -v {path}; index it with: samtools index {path}"
        raise UnusableSample(f"the file does not open ({error})", remedy) from None
    try:
        yield alignment
    finally:
        with suppress(OSError):  # htslib reports a damaged block a second time on closing
            alignment.close()
