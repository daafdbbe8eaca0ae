"""The digest of a rule moves with its code and tables, and with nothing else."""

import pytest

from cetux.logic import imported, rule_digest

SCRIPT = 'from cetux import records\nfrom cetux.genotype import call\nrecords.write(call(1), "x")\n'
PACKAGE = {
    "records": '"""Records."""\nimport json\n\ndef write(a, b):\n    """Write."""\n    return json.dumps(a)  # text\n',
    "genotype": "from cetux.resources import codons\nfrom cetux.softmax import soft\ncall = lambda x: soft(x)\n",
    "softmax": "def soft(x):\n    return x\n",
    "resources": "def codons(build):\n    return build\n\n\ndef alleles():\n    return {}\n",
    "stranger": "def other():\n    return 1\n",
}
TABLES = {"codons": "gene\tKRAS\n", "alleles": "gene\tG12D\n"}


def digest(script: str = SCRIPT, tables: dict[str, str] = TABLES, **modules: str) -> str:
    return rule_digest(script, PACKAGE | modules, tables)


def test_digest_is_16_hexadecimal_digits_and_repeats() -> None:
    assert len(digest()) == 16
    assert int(digest(), 16) >= 0
    assert digest() == digest()


def test_imports_are_followed_through_modules() -> None:
    assert imported(SCRIPT, PACKAGE) == {"records", "genotype", "softmax", "resources"}
    assert imported("import json\nfrom os import path\n", PACKAGE) == set()


def test_modules_may_import_each_other_in_a_circle() -> None:
    circle = {"a": "from cetux.b import x\n", "b": "from cetux import a\n"}
    assert imported("from cetux import a\n", circle) == {"a", "b"}


@pytest.mark.parametrize(
    "same",
    [
        PACKAGE["records"].replace("# text", "# another comment"),
        PACKAGE["records"].replace('"""Write."""', '"""Write, in other words."""'),
        PACKAGE["records"].replace('    """Write."""\n', ""),
        PACKAGE["records"].replace("return json.dumps(a)", "return json.dumps( a )"),
        "# head\n\n\n" + PACKAGE["records"],
    ],
    ids=["comment", "docstring", "no docstring", "layout", "lines"],
)
def test_words_and_layout_do_not_count(same: str) -> None:
    assert same != PACKAGE["records"]
    assert digest(records=same) == digest()


def test_a_stranger_does_not_count() -> None:
    assert digest(stranger="def other():\n    return 2\n") == digest()
    assert digest(tables=TABLES | {"alleles": "changed"}) == digest(), "only the tables that are read count"


@pytest.mark.parametrize("module", ["records", "genotype", "softmax", "resources"])
def test_code_of_every_module_on_the_way_counts(module: str) -> None:
    assert digest(**{module: PACKAGE[module] + "\n\nX = 1\n"}) != digest()


def test_code_of_the_script_and_content_of_its_tables_count() -> None:
    assert digest(SCRIPT.replace("call(1)", "call(2)")) != digest()
    assert digest(tables=TABLES | {"codons": "gene\tNRAS\n"}) != digest()


def test_table_read_through_the_module_counts() -> None:
    module = "from cetux import resources\n\n\ndef call(x):\n    return resources.alleles()\n"
    assert digest(genotype=module) != digest(genotype=module, tables=TABLES | {"alleles": "changed"})


def test_a_text_that_is_used_is_no_docstring() -> None:
    assert digest(softmax='def soft(x):\n    return "a"\n') != digest(softmax='def soft(x):\n    return "b"\n')
