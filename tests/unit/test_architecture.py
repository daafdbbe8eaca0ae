"""The house rules that a machine can check."""

import ast
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted((ROOT / "workflow/scripts").glob("*.py"))
MODULES = sorted((ROOT / "workflow/scripts/cetux").glob("*.py"))
RULES = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "workflow/rules").glob("*.smk")}


def listed(name: str) -> set[str]:
    found = re.search(rf"^{name} = \((.*?)\)\.split\(\)", RULES["logic.smk"], re.MULTILINE | re.DOTALL)
    assert found, name
    return set(" ".join(ast.literal_eval(f"({found.group(1)})").split()).split())


def test_every_module_and_script_is_followed_by_content():
    assert listed("MODULES") == {path.stem for path in MODULES}
    assert listed("SCRIPTS") == {path.stem for path in SCRIPTS}


def test_every_table_and_schema_is_brought_along():
    tables = re.search(r"^TABLES = (\{.*?^\})", RULES["logic.smk"], re.MULTILINE | re.DOTALL)
    assert tables
    assert set(ast.literal_eval(tables.group(1)).values()) == {path.name for path in (ROOT / "resources").glob("*.tsv")}
    there = {path.name.removesuffix(".schema.yaml") for path in (ROOT / "workflow/schemas").glob("*.schema.yaml")}
    assert listed("SCHEMAS") == there


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_scripts_are_thin(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 15
    assert not [node for node in ast.walk(ast.parse(text)) if isinstance(node, (ast.FunctionDef, ast.If, ast.For))]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_modules_are_short_and_never_import_snakemake(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400
    assert not re.search(r"^\s*(from|import) snakemake", text, re.MULTILINE)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_states_are_spelt_in_one_place(path):
    """No module spells a state as a string of its own."""
    if path.stem == "states":
        return
    states = {"MUT_LOW", "NO_CALL", "POLYSOMY", "EQUIVOCAL", "QC_FAIL", "MATRIX_MISMATCH", "DE_NOVO", "ACQUIRED"}
    states |= {"NOT_EVALUABLE", "EMERGENT", "ORIGIN_UNRESOLVED", "NONE_DETECTED", "INDETERMINATE"}
    tree = ast.parse(path.read_text(encoding="utf-8"))
    spelt = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert not spelt & states


def test_common_stays_short_and_rules_stay_plain():
    assert len(RULES["common.smk"].splitlines()) <= 100
    for name, text in RULES.items():
        assert not re.search(r"^\s+run:", text, re.MULTILINE), name
        assert "lambda" not in text, name
        assert "checkpoint" not in text, name


def test_no_file_that_a_rule_makes_is_ancient():
    """Snakemake skips a job whose only rerunning inputs are ancient, even where its params have changed."""
    for name, text in RULES.items():
        assert not re.search(r"""ancient\(f?["']""", text), name


def rule_blocks() -> list[tuple[str, str]]:
    text = "\n".join(RULES[name] for name in sorted(RULES))
    return re.findall(r"^rule (\w+):\n(.*?)(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("name", "block"), rule_blocks(), ids=[name for name, _ in rule_blocks()])
def test_every_rule_documents_and_logs_itself(name, block):
    assert block.lstrip().startswith('"""')
    for needed in ("log:", "benchmark:", "conda:", "resources:"):
        assert needed in block
    assert f'"logs/{name}/' in block
    assert f'"benchmarks/{name}/' in block
    assert f'LOGIC["{name}"]' in block
    assert f"../scripts/{name}.py" in block


def test_input_functions_are_short():
    for name, text in RULES.items():
        for function in re.findall(r"^def \w+\(.*?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL):
            assert len(function.strip().splitlines()) <= 6, (name, function)


def test_the_conda_environment_has_the_versions_of_the_lock():
    environment = yaml.safe_load((ROOT / "envs/cetux.yaml").read_text(encoding="utf-8"))
    *conda, pip = environment["dependencies"]
    pinned = [line.replace("-base", "").split(" =") for line in conda if line != "pip"]
    wanted = dict([*pinned, *(line.split("==") for line in pip["pip"])])
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", lock, re.MULTILINE))
    wanted.pop("python")
    assert wanted == {name: locked[name] for name in wanted}


def test_the_wheel_lock_has_a_hash_for_every_package():
    for name in ("requirements.lock", "requirements-dev.lock", "requirements-build.lock"):
        text = (ROOT / name).read_text(encoding="utf-8")
        for block in re.split(r"\n(?=[a-z0-9])", text):
            if "==" in block.splitlines()[0]:
                assert "--hash=sha256:" in block, block.splitlines()[0]
