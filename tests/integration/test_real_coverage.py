"""Real targeted coverage (etal/cnvkit-examples, hg19) entered at the coverage stage: no ERBB2 amplification among them.

The same code, asked about EGFR, MET and CCND1, finds what is amplified. Seven chromosomes are kept: a panel's worth of
bins, so that the references of all folds take seconds. The truth is `data/README.md`: medians after `cnvkit fix`.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from cetux.amplification import Tumour, call_amplification
from cetux.correction import Correction, Depths, build_reference, correct_coverage
from cetux.counts import Usable
from cetux.coverage import no_coverage
from cetux.evidence import CopyNumber
from cetux.gene_bins import Bins, Locus, erbb2_locus, extended_loci
from cetux.normals import check_normals
from cetux.resources import Interval

pytestmark = pytest.mark.real
ROOT = Path(__file__).resolve().parents[2]
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text(encoding="utf-8"))
RULES = {key: said["default"] for key, said in SCHEMA["properties"]["erbb2"]["properties"].items()}
CHROMOSOMES = ("chr1", "chr3", "chr7", "chr9", "chr11", "chr12", "chr17")
FOLDS = 6
EGFR, MET, _ = extended_loci("GRCh37")
CCND1 = Locus(
    "CCND1",
    (Interval("11", 69_455_872, 69_469_242),),
    Interval("11", 55_700_000, 135_006_516),
    Interval("11", 68_000_000, 71_000_000),
    Interval("11", 0, 51_600_000),
)


class Samples:
    """Corrected bins of every sample, each normal against a reference that it had no part in."""

    def __init__(self, source: Path, folder: Path) -> None:
        names = sorted(path.name.split(".")[0] for path in source.glob("*.targetcoverage.cnn.gz"))
        gc = pd.read_csv(source / "reference-tr.cnn.gz", sep="\t")[["chromosome", "start", "end", "gc"]]
        self.folder, self.panel = folder, [name for name in names if name.startswith("TR_")]
        self.cells = [name for name in names if name not in self.panel]
        self.tables = {name: self._table(source, name, gc) for name in self.panel}
        self.normals = [name for name in self.panel if name.endswith("_N")]
        self.correction = Correction(gc=True, edges=False)
        self.ratios: dict[str, Bins] = {}
        for fold in range(FOLDS):
            held_out = self.normals[fold::FOLDS]
            pooled = [self.tables[name] for name in self.normals if name not in held_out]
            reference = folder / f"reference{fold}.cnn"
            build_reference(pooled, "", "", None, self.correction, str(reference))
            tumours = [name for name in self.panel if name not in self.normals] if fold == 0 else []
            for name in [*held_out, *tumours]:
                self.ratios[name] = self._correct(name, self.tables[name], reference)
        for name in self.cells:  # another capture, whose own reference lies beside it
            self.ratios[name] = self._correct(name, *self._cell_line(source, name))

    def _table(self, source: Path, name: str, gc: pd.DataFrame | None) -> Depths:
        made = Depths(
            str(self.folder / f"{name}.targetcoverage.cnn"), str(self.folder / f"{name}.antitargetcoverage.cnn")
        )
        frame = pd.read_csv(source / f"{name}.targetcoverage.cnn.gz", sep="\t")
        frame = frame.assign(depth=lambda table: 2.0 ** table["log2"])
        if gc is not None:
            frame = frame[frame["chromosome"].isin(CHROMOSOMES)].merge(gc, how="left")
        frame.to_csv(made.target, sep="\t", index=False)
        no_coverage(made.off_target)
        return made

    def _cell_line(self, source: Path, name: str) -> tuple[Depths, Path]:
        reference = pd.read_csv(source / "reference-cell.cnn.gz", sep="\t").assign(depth=lambda t: 2.0 ** t["log2"])
        path = self.folder / "reference-cell.cnn"
        reference.to_csv(path, sep="\t", index=False)
        return self._table(source, name, None), path

    def _correct(self, name: str, depths: Depths, reference: Path) -> Bins:
        outs = self.folder / f"{name}.cnr", self.folder / f"{name}.cns"
        said = correct_coverage(name, Usable(), depths, str(reference), self.correction, "none", *map(str, outs))
        assert said.usable.ok, said.usable.reason
        ratios, segments = (pd.read_csv(out, sep="\t") for out in outs)
        return Bins(ratios, segments, pd.read_csv(depths.target, sep="\t"))

    def call(self, name: str, locus: Locus, purity: float | None = None, ploidy: float | None = None) -> CopyNumber:
        of = Tumour(name, purity, "", ploidy, False)
        return call_amplification(self.ratios[name], locus, of, RULES)


@pytest.fixture(scope="module")
def samples(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Samples]:
    yield Samples(real_data / "copy_number" / "cnvkit_targeted", tmp_path_factory.mktemp("real"))


def test_all_are_there(samples: Samples) -> None:
    assert (len(samples.normals), len(samples.panel), samples.cells) == (18, 26, ["CL_seq"])


@pytest.mark.parametrize("purity", [None, 0.3, 0.6, 1.0])
def test_no_sample_has_an_erbb2_amplification(samples: Samples, purity: float | None) -> None:
    called = {name: samples.call(name, erbb2_locus("GRCh37"), purity) for name in samples.ratios}
    assert {name: found.reason for name, found in called.items() if found.state == "AMP"} == {}
    assert all(found.bins_designed >= 27 for found in called.values())
    if purity is None:
        assert "NEG" not in {found.state for found in called.values()}


def test_normals_are_neutral(samples: Samples) -> None:
    """A normal is diploid: its intervals hold zero. With 18 of 95 % each, fewer than three fail in 94 % of series."""
    called = [samples.call(name, erbb2_locus("GRCh37"), 1.0) for name in samples.normals]
    outside = [
        found.sample for found in called if found.log2_low and found.log2_high and found.log2_low * found.log2_high > 0
    ]
    assert len(outside) <= 2, outside
    assert not {found.state for found in called} - {"NEG", "EQUIVOCAL", "NE"}
    assert sum(found.state == "NEG" for found in called) >= 12


def test_cell_line_is_a_gain_and_no_amplification(samples: Samples) -> None:
    """On all chromosomes: so much of this line is altered that the centre of seven lies 0.13 higher."""
    found = samples.call("CL_seq", erbb2_locus("GRCh37"), 1.0)
    assert found.log2 == pytest.approx(0.53, abs=0.12)
    assert found.state in ("EQUIVOCAL", "NEG", "POLYSOMY")


@pytest.mark.parametrize("purity", [None, 0.8])
def test_egfr_of_tr_79_is_amplified(samples: Samples, purity: float | None) -> None:
    found = samples.call("TR_79_T", EGFR, purity)
    assert found.log2 == pytest.approx(2.41, abs=0.12)
    assert found.state == "AMP"
    assert found.ratio is not None and found.ratio >= 2


def test_the_normal_of_the_same_patient_is_not(samples: Samples) -> None:
    assert samples.call("TR_79_N", EGFR, 1.0).state == "NEG"


@pytest.mark.parametrize(
    ("name", "locus", "log2", "unknown"),
    [
        ("TR_93_T", EGFR, 1.17, "EQUIVOCAL"),
        ("TR_93_T", MET, 0.85, "EQUIVOCAL"),
    ],
)
def test_gains_at_unknown_purity_go_to_ish(
    samples: Samples, name: str, locus: Locus, log2: float, unknown: str
) -> None:
    """2 * 2**1.17 = 4.5 and 2 * 2**0.85 = 3.6 observed copies: between 2.8 and 6, so neither AMP nor NE."""
    found = samples.call(name, locus)
    assert found.log2 == pytest.approx(log2, abs=0.15)
    assert found.state == unknown


def test_ccnd1_of_tr_11_has_too_few_bins(samples: Samples) -> None:
    """Five exons: 7.7 copies are observed, and still rule 1 wants ten bins; with three allowed it is AMP.

    In 15 normals, each against the others, these five exons have a standard deviation of 0.11: 0.22 holds 95 %.
    """
    found = samples.call("TR_11_T", CCND1)
    assert (found.state, found.bins_kept < 10) == ("NE", True)
    of = Tumour("TR_11_T", None, "", None, True)
    as_amplicons = call_amplification(samples.ratios["TR_11_T"], CCND1, of, RULES)
    assert as_amplicons.log2 == pytest.approx(1.95, abs=0.22)
    assert as_amplicons.state == "AMP"


@pytest.mark.parametrize("purity", [None, 0.3, 0.6, 1.0])
def test_amplicon_file_is_undecided_and_says_why(real_data: Path, purity: float | None) -> None:
    """ERBB2 +0.83 from -0.4 to +1.7 over 29 amplicons, in one segment of 8 Mb with NF1."""
    formats = real_data / "copy_number" / "cnvkit_formats"
    ratios, segments = pd.read_csv(formats / "amplicon.cnr", sep="\t"), pd.read_csv(formats / "amplicon.cns", sep="\t")
    of = Tumour("amplicon", purity, "", None, True)
    found = call_amplification(Bins(ratios, segments, ratios), erbb2_locus("GRCh37"), of, RULES)
    assert found.state in ("EQUIVOCAL", "NE")
    assert found.reason


def test_odd_normals_and_tumours_are_refused_by_name(real_data: Path) -> None:
    """Three of the 18 normals stand apart, and all eight tumours (one of low purity for its noise alone).

    Seen by eye in the tables: TR_22_N scatters by 0.48 log2 a bin where the others do by 0.12 to 0.29, and TR_37_N and
    TR_48_N differ from the others in whole chromosomes.
    """
    folder = real_data / "copy_number" / "cnvkit_targeted"
    tables = {
        path.name.split(".")[0]: pd.read_csv(path, sep="\t").assign(depth=lambda table: 2.0 ** table["log2"])
        for path in sorted(folder.glob("TR_*.targetcoverage.cnn.gz"))
    }
    normals = [name for name in tables if name.endswith("_N")]
    limits = {key: said["default"] for key, said in SCHEMA["properties"]["copy_number"]["properties"].items()}
    alone = check_normals([tables[name] for name in normals], normals, "GRCh37", limits).left_out
    assert set(alone) == {"TR_22_N", "TR_37_N", "TR_48_N"}
    assert alone["TR_22_N"].startswith("noisy")
    for tumour in sorted(set(tables) - set(normals)):
        names = [*normals, tumour]
        found = check_normals([tables[name] for name in names], names, "GRCh37", limits).left_out
        assert tumour in found, tumour
        assert set(found) - {tumour} <= set(alone)


SERACARE = {"0-5per": 0.005, "1per": 0.01, "2-5per": 0.025, "5per": 0.05}


def test_a_dilution_series_with_amplified_erbb2(real_data: Path) -> None:
    """Reference material whose wild type is the only neutral run: ERBB2 and MET rise with the part of mutant DNA.

    What is gained, r - 1, is in proportion to that part at 2.5 and 5 %. 17 ERBB2 intervals, 1-based. Ratios are made
    here, run over wild type: CNVkit mixes a reference of one normal with a flat one.
    """
    columns = ["chromosome", "start", "end", "gene", "width", "reads", "depth", "gc"]
    folder, depth = real_data / "copy_number/seracare_panel_coverage", {}
    for name in ("wt", *SERACARE):
        source = folder / f"TD-seracare-{name}.standard_pool_a.intervals.txt"
        frame = pd.read_csv(source, sep="\t", header=None, names=columns, dtype={"chromosome": str})
        depth[name] = frame.drop_duplicates(["chromosome", "start", "end"], ignore_index=True)
    bins = depth["wt"][["chromosome", "end", "gene"]].assign(start=depth["wt"]["start"] - 1, weight=1.0)
    segments = pd.DataFrame({"chromosome": [], "start": [], "end": [], "log2": []})
    calls = {}
    for name in ("wt", *SERACARE):
        ratio = depth[name]["depth"] / depth["wt"]["depth"]
        ratios = bins.assign(log2=np.log2(ratio / ratio.median()), depth=depth[name]["depth"])
        of = Tumour(name, None, "", None, False, plasma=True)
        calls[name] = call_amplification(Bins(ratios, segments, bins), erbb2_locus("GRCh37"), of, RULES)
        met = call_amplification(Bins(ratios, segments, bins), MET, of, RULES)
        assert met.log2 == pytest.approx(calls[name].log2, abs=0.15), name
    gained = {name: 2 ** (calls[name].log2 or 0.0) - 1 for name in SERACARE}
    slope = gained["5per"] / SERACARE["5per"]
    assert gained["2-5per"] / SERACARE["2-5per"] == pytest.approx(slope, rel=0.15)
    assert gained["0-5per"] < gained["1per"] < gained["2-5per"] < gained["5per"]
    assert calls["wt"].bins_designed == 17
    assert {name: str(found.state) for name, found in calls.items()} == {
        "wt": "NE",
        "0-5per": "EQUIVOCAL",
        "1per": "EQUIVOCAL",
        "2-5per": "EQUIVOCAL",
        "5per": "AMP",
    }
