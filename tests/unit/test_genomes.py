import pytest

from cetux.genomes import contig_prefix, plain_contig, recognise_build
from cetux.resources import BUILDS, contig_lengths


@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("prefix", ["", "chr"])
def test_build_is_recognised_from_any_part_of_it(build: str, prefix: str) -> None:
    lengths = {prefix + name: length for name, length in contig_lengths(build).items()}
    assert recognise_build(lengths) == build
    assert recognise_build({f"{prefix}7": lengths[f"{prefix}7"]}) == build
    assert contig_prefix(lengths) == prefix


@pytest.mark.parametrize(
    "lengths",
    [
        {},
        {"chrM": 16_569, "chrUn_1": 5, "hs37d5": 35_477_943},
        {"chr12": 133_275_308},
        {"chr12": 133_275_309, "chr7": 159_138_663},
        {"chr12": 133_275_309, "chr1": 5},
        {"1": 195_471_971, "2": 182_113_224},
    ],
    ids=["empty", "no primary contig", "one base short", "mixture of builds", "masked", "mouse"],
)
def test_build_is_never_guessed(lengths: dict[str, int]) -> None:
    assert recognise_build(lengths) is None


def test_other_contigs_neither_help_nor_hurt() -> None:
    assert recognise_build({"12": 133_851_895, "MT": 16_569, "GL000207.1": 4_262, "hs37d5": 35_477_943}) == "GRCh37"


def test_prefix_is_that_of_primary_contigs() -> None:
    assert contig_prefix({"12": 1, "chrUn_KI270302v1": 2}) == ""
    assert contig_prefix({"chrX": 1}) == "chr"
    assert contig_prefix({}) == ""
    assert plain_contig("chrX") == plain_contig("X") == "X"
