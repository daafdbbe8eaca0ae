"""Genome builds and contig names: recognised from what a header says, never guessed."""

from collections.abc import Mapping

from cetux.resources import BUILDS, contig_lengths


def plain_contig(name: str) -> str:
    """The contig's name without a ``chr`` prefix.

    >>> plain_contig("chr12"), plain_contig("12")
    ('12', '12')
    """
    return name.removeprefix("chr")


def contig_prefix(names: Mapping[str, int]) -> str:
    """``chr`` where the primary contigs of a header carry it, else the empty string."""
    return "chr" if any(name.startswith("chr") and plain_contig(name) in _PRIMARY for name in names) else ""


_PRIMARY = frozenset(contig_lengths(BUILDS[0]))


def recognise_build(lengths: Mapping[str, int]) -> str | None:
    """The build whose contig lengths a header shows, or None.

    Args:
        lengths: length in bp by contig name, with or without ``chr``; contigs beyond 1..22, X, Y are ignored.

    Returns:
        The build's name if every primary contig of the header has that build's length and there is at least one;
        None where none is present or they disagree (another species, a masked or patched genome, a mixture).

    >>> recognise_build({"chr12": 133275309}), recognise_build({"12": 133851895}), recognise_build({"12": 5})
    ('GRCh38', 'GRCh37', None)
    """
    primary = {plain_contig(name): length for name, length in lengths.items() if plain_contig(name) in _PRIMARY}
    for build in BUILDS:
        known = contig_lengths(build)
        if primary and all(known[contig] == length for contig, length in primary.items()):
            return build
    return None
