"""What a rule's results depend on in this repository: a digest of its code and tables, blind to comments.

Snakemake's own code trigger sees only the modification time of a script, never what it imports: a touched file or a
fresh clone would recount every BAM, and an edited module would rerun nothing. Instead each rule carries this digest in
its params. What the rule's own text says (inputs, params) Snakemake compares by itself.
"""

import ast
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Source:
    """What counts of one text: the modules of cetux that it imports, what it takes of `cetux.resources`, its syntax."""

    imports: tuple[str, ...]
    from_resources: frozenset[str]
    syntax: str


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
    sources = [_source(text) for text in (script, *(package[name] for name in sorted(names)))]
    digest = hashlib.sha256()
    for source in sources:
        digest.update(source.syntax.encode())
    for reader in sorted({name for source in sources for name in source.from_resources} & set(tables)):
        digest.update(tables[reader].encode())
    return digest.hexdigest()[:16]


def imported(script: str, package: Mapping[str, str]) -> set[str]:
    """Names of the package's modules that the script imports, also through other modules."""
    found: set[str] = set()
    waiting = [*_source(script).imports]
    while waiting:
        name = waiting.pop()
        if name in package and name not in found:
            found.add(name)
            waiting += _source(package[name]).imports
    return found


@cache
def _source(text: str) -> Source:
    """Parsed once a process: every job of a cluster reads the rules anew, and a module belongs to many rules."""
    imports: list[str] = []
    taken: set[str] = set()
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "cetux":
            imports += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("cetux."):
            imports.append(node.module.removeprefix("cetux."))
        if isinstance(node, ast.ImportFrom) and node.module == "cetux.resources":
            taken |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "resources":
            taken.add(node.attr)  # from cetux import resources; resources.x()
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [part for part in body if not _is_text(part)]  # type: ignore[attr-defined]
    return Source(tuple(imports), frozenset(taken), ast.dump(tree))


def _is_text(node: ast.AST) -> bool:
    """A statement that is nothing but a string: a docstring, or the note below a constant."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
