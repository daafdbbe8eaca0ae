"""What a rule's results depend on in this repository: a digest of its code and tables, blind to comments.

Snakemake's own code trigger sees only the modification time of a script, never what it imports: a touched file or a
fresh clone would recount every BAM, and an edited module would rerun nothing. Instead each rule carries this digest in
its params. What the rule's own text says (inputs, params) Snakemake compares by itself.
"""

import ast
import hashlib
from collections.abc import Mapping


def rule_digest(script: str, package: Mapping[str, str], tables: Mapping[str, str]) -> str:
    """Digest of what one rule runs, 16 hexadecimal digits: the same whatever the comments, docstrings and layout.

    Args:
        script: text of the rule's script.
        package: text of every module of the package by name; those that the script imports, directly or through other
            modules, are taken in.
        tables: text of each shipped table by the name of the function of `cetux.resources` that reads it; taken in
            where that function is imported.
    """
    names = imported(script, package)
    texts = [script, *(package[name] for name in sorted(names))]
    digest = hashlib.sha256()
    for text in texts:
        digest.update(_syntax(text).encode())
    for reader in sorted({name for text in texts for name in _from_resources(text)} & set(tables)):
        digest.update(tables[reader].encode())
    return digest.hexdigest()[:16]


def imported(script: str, package: Mapping[str, str]) -> set[str]:
    """Names of the package's modules that the script imports, also through other modules."""
    found: set[str] = set()
    waiting = _imports(script)
    while waiting:
        name = waiting.pop()
        if name in package and name not in found:
            found.add(name)
            waiting += _imports(package[name])
    return found


def _imports(text: str) -> list[str]:
    names: list[str] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module == "cetux":
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("cetux."):
            names.append(node.module.removeprefix("cetux."))
    return names


def _from_resources(text: str) -> list[str]:
    """What a text takes from `cetux.resources`, as ``from cetux.resources import x`` or ``resources.x``."""
    names: list[str] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module == "cetux.resources":
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "resources":
            names.append(node.attr)
    return names


def _syntax(text: str) -> str:
    """The syntax tree as text, without docstrings."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [part for part in body if not _is_text(part)]  # type: ignore[attr-defined]
    return ast.dump(tree)


def _is_text(node: ast.AST) -> bool:
    """A statement that is nothing but a string: a docstring, or the note below a constant."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
