import hashlib
import json
import subprocess
from pathlib import Path

import pytest
import yaml

from cetux import provenance, records
from cetux.counts import SampleCheck, Usable


def test_run_is_described_by_versions_checksums_and_fingerprints(tmp_path: Path) -> None:
    sheet = tmp_path / "samples.tsv"
    sheet.write_bytes(b"sample\n001\n")
    checks = [
        SampleCheck("001", Usable(), fingerprint="aa", notes=("odd",)),
        SampleCheck("1e5", Usable(False, "it is truncated", "Copy it"), fingerprint="bb"),
    ]
    for check in checks:
        records.write(check, tmp_path / f"{check.sample}.json")
    catalogue = tmp_path / "hotspots.tsv"
    catalogue.write_bytes(b"12\t25245350\tC\tT\n")
    paths = [str(tmp_path / f"{check.sample}.json") for check in checks]
    text = provenance.describe_run([str(sheet)], paths, {"samples": "x"}, [str(catalogue)])
    run = json.loads(text)
    assert text.endswith("}\n")
    assert run["sheets_sha256"] == {str(sheet): hashlib.sha256(b"sample\n001\n").hexdigest()}
    assert run["catalogues_sha256"] == {str(catalogue): hashlib.sha256(b"12\t25245350\tC\tT\n").hexdigest()}
    assert run["samples_fingerprint"] == {"001": "aa", "1e5": "bb"}
    assert run["samples_notes"] == {"001": ["odd"]}
    assert run["samples_quarantined"] == {"1e5": "it is truncated"}
    assert run["config"] == {"samples": "x"}
    assert set(run["packages"]) == set(provenance.PACKAGES)
    assert run["packages"]["cnvkit"] == "0.9.14"


def test_settings_are_written_as_yaml_in_their_order_whatever_mapping_held_them() -> None:
    class Ordered(dict):  # type: ignore[type-arg]
        pass

    settings = Ordered({"b": Ordered({"x": [1, Ordered({"y": None})]}), "a": "001"})
    text = provenance.as_yaml(settings)
    assert list(yaml.safe_load(text)) == ["b", "a"]
    assert yaml.safe_load(text) == {"b": {"x": [1, {"y": None}]}, "a": "001"}
    assert "!!python" not in text


def test_commit_tells_a_changed_clone_and_no_clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def git(*words: str) -> None:
        who = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *who, "-C", str(tmp_path), *words], check=True, capture_output=True)

    assert provenance.commit(tmp_path) == "unknown"
    git("init")
    (tmp_path / "a").write_text("1")
    git("add", "a")
    git("commit", "-m", "x")
    clean = provenance.commit(tmp_path)
    assert len(clean) == 40
    (tmp_path / "a").write_text("2")
    assert provenance.commit(tmp_path) == f"{clean}-dirty"
    monkeypatch.setenv("PATH", "")
    assert provenance.commit(tmp_path) == "unknown"
