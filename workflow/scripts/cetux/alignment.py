"""Open a BAM or CRAM, with the likely cause and the mend where that fails."""

import pysam

from cetux.errors import UnusableSample


def open_alignment(path: str, fasta: str | None) -> pysam.AlignmentFile:
    """The file with its index.

    Args:
        path: BAM or CRAM.
        fasta: the FASTA of the assay; a CRAM cannot be read without it.

    Raises:
        UnusableSample: it does not open, has no index, or is a CRAM without a FASTA.
    """
    if path.endswith(".cram") and fasta is None:
        raise UnusableSample("a CRAM needs the FASTA it was made with", "Give reference in the assay's configuration")
    try:
        return pysam.AlignmentFile(path, reference_filename=fasta, require_index=True)
    except (OSError, ValueError) as error:
        remedy = f"Check it with: samtools quickcheck -v {path}; index it with: samtools index {path}"
        raise UnusableSample(f"the file does not open ({error})", remedy) from None
