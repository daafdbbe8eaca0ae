"""Where the index of a BAM or CRAM lies."""

from pathlib import Path

_ENDINGS = {".bam": ("csi", "bai"), ".cram": ("crai",)}


def is_indexed_kind(path: str) -> bool:
    """Whether the file's name is that of a BAM or CRAM, which needs an index."""
    return Path(path).suffix in _ENDINGS


def index_of(path: str) -> str | None:
    """Path of the index that htslib takes for a BAM or CRAM; None where there is none.

    Of several it takes a .csi before a .bai, and of each kind ``x.bam.bai`` before ``x.bai``: a stale one that is taken
    first hides a good one.
    """
    places = (path, str(Path(path).with_suffix("")))
    found = (f"{place}.{ending}" for ending in _ENDINGS.get(Path(path).suffix, ()) for place in places)
    return next((index for index in found if Path(index).is_file()), None)
