"""Every input of a call has a name, and nothing that is no input has one: each edit shows, a moved folder does not."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from tests.unit.mechanism_cases import POST, PRE, RULES, evidence, override_of, patient, sample
from tests.unit.test_cohort import write_cohort

from cetux import cohort, records
from cetux.cohort import Cohort
from cetux.cohort_calls import CohortCalls, call_cohort
from cetux.counts import SampleCheck, Usable
from cetux.history import History, differences
from cetux.history_inputs import fingerprints, flattened, own_inputs, record_run, shared_inputs

CODE = {"call_erbb2": "abc"}


def made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    write_cohort(folder)
    for name in ("P01_pre", "P02_pre", "N01"):
        records.write(SampleCheck(name, Usable(), fingerprint=f"of {name}"), folder / f"{name}.json")
    return folder


def loaded(folder: Path) -> Cohort:
    given = yaml.safe_load((folder / "cohort.yaml").read_text(encoding="utf-8"))
    return cohort.load(given, str(folder), check=False)


def checks(folder: Path) -> list[str]:
    return [str(folder / f"{name}.json") for name in ("N01", "P01_pre", "P02_pre")]


def called(*overrides: dict[str, str], value: str = "LOW 420") -> CohortCalls:
    one = evidence(patient(patient="P01"), [sample(PRE, name="P01_pre")], pre=value)
    return call_cohort([one], RULES, overrides=[override_of({"patient": "P01", **said}) for said in overrides])


def inputs(folder: Path, calls: CohortCalls | None = None, code: dict[str, str] = CODE) -> dict[str, str]:
    one, checked = loaded(folder), fingerprints(checks(folder))
    return shared_inputs(one, checked, code) | own_inputs(one, (calls or called()).patients[0], checked)


def test_the_folder_is_no_input(tmp_path: Path) -> None:
    here, there = inputs(made(tmp_path / "a")), inputs(made(tmp_path / "b"))
    assert here == there
    assert not [value for value in here.values() if str(tmp_path) in value or value.endswith((".bam", ".tsv", ".bed"))]


def set_yaml(**keys: object) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        given = yaml.safe_load((folder / "cohort.yaml").read_text(encoding="utf-8"))
        (folder / "cohort.yaml").write_text(yaml.safe_dump(given | keys, sort_keys=False), encoding="utf-8")

    return edit


def replace_in(name: str, old: str, new: str) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new), encoding="utf-8")

    return edit


def new_fingerprint(name: str) -> Callable[[Path], None]:
    return lambda folder: records.write(SampleCheck(name, Usable(), fingerprint="new"), folder / f"{name}.json")


def own_rules(folder: Path) -> None:
    shipped = Path(loaded(folder).rules_file).read_text(encoding="utf-8")
    (folder / "rules.yaml").write_text(shipped.replace("clonal_ccf: 0.5", "clonal_ccf: 0.4"), encoding="utf-8")
    set_yaml(mechanisms="rules.yaml")(folder)


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (set_yaml(erbb2={"amp_copies": 5}), "settings: erbb2.amp_copies 6 -> 5"),
        (own_rules, "rules: mutations.clonal_ccf 0.5 -> 0.4"),
        (new_fingerprint("P01_pre"), "sample P01_pre: BAM changed"),
        (new_fingerprint("N01"), "assay panel: normal N01 changed"),
        (replace_in("panel.bed", "KRAS", "NRAS"), "assay panel: targets changed"),
    ],
)
def test_an_edit_is_named(edit: Callable[[Path], None], words: str, tmp_path: Path) -> None:
    folder = made(tmp_path / "cohort")
    before = inputs(folder)
    edit(folder)
    assert differences(before, inputs(folder)) == [words]


def test_a_catalogue_decides_nothing_and_is_no_input(tmp_path: Path) -> None:
    folder = made(tmp_path / "cohort")
    before = inputs(folder)
    (folder / "hotspots.tsv").write_text("12\t25245350\tC\tT\n")
    replace_in("cohort.yaml", "build: GRCh38", "build: GRCh38\n    hotspot_catalogue: hotspots.tsv")(folder)
    assert loaded(folder).catalogues()
    assert inputs(folder) == before


def test_a_sheets_cell_is_named(tmp_path: Path) -> None:
    folder = made(tmp_path / "cohort")
    before, purity = inputs(folder), loaded(folder).samples["P01_pre"].purity
    lines = (folder / "samples.tsv").read_text(encoding="utf-8").splitlines()
    column = lines[0].split("\t").index("purity")
    row = next(line for line in lines if line.startswith("P01_pre\t")).split("\t")
    replace_in("samples.tsv", "\t".join(row), "\t".join([*row[:column], "0.25", *row[column + 1 :]]))(folder)
    assert differences(before, inputs(folder)) == [f"sample P01_pre: purity {purity} -> 0.25"]


def test_code_heregulin_and_reviews_are_named(tmp_path: Path) -> None:
    folder = made(tmp_path / "cohort")
    before = inputs(folder)
    assert differences(before, inputs(folder, code={"call_erbb2": "def"})) == ["code: call_erbb2 changed"]
    assert differences(before, inputs(folder, called(value="HIGH 2900"))) == ["heregulin pre: raw 420 -> 2900"]
    said = {"axis": "ERBB2", "state": "AMP"}
    assert differences(before, inputs(folder, called(said))) == ["override ERBB2 pre added"]


def test_another_patients_sample_is_no_input_of_this_one(tmp_path: Path) -> None:
    folder = made(tmp_path / "cohort")
    assert not [name for name in inputs(folder) if "P02" in name]


def test_a_run_is_recorded(tmp_path: Path) -> None:
    folder = made(tmp_path / "cohort")
    first = record_run(History({}), called(), loaded(folder), checks(folder), CODE)
    assert [(entry.patient, entry.run) for entry in first.entries] == [("P01", 1)]
    assert record_run(first, called(), loaded(folder), checks(folder), CODE) is first


def test_flattened_settings_keep_their_way() -> None:
    nested = {"a": {"b": [1, {"c": None}]}, "d": True}
    assert dict(flattened(nested, "settings: ")) == {
        "settings: a.b[1]": "1",
        "settings: a.b[2].c": "",
        "settings: d": "True",
    }


def test_every_timepoint_of_heregulin_has_its_name(tmp_path: Path) -> None:
    folder = made(tmp_path / "cohort")
    one = evidence(patient(patient="P01"), [sample(PRE, name="P01_pre")], pre="LOW 420", post="HIGH 2900")
    found = own_inputs(loaded(folder), call_cohort([one], RULES).patients[0], fingerprints(checks(folder)))
    assert (found[f"heregulin {PRE}: raw"], found[f"heregulin {POST}: raw"]) == ("420", "2900")
