"""Which flags the package makes, read from its source: the strings that reach a name, field or function of flags.

A flag is made in many shapes: in a list, by a generator, as the key of a table, as a constant. So names are followed to
what they were set to, and calls to what they return; conditions and the variable parts of f-strings are passed over.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "workflow/scripts/cetux"

_OF_FLAGS = re.compile(r"flag|(.*_)?flags")
_NOTES = ("sample_check", "notes")  # sentences that become flags of the sample in `cohort_calls.read_evidence`
_HEAD = re.compile(r"[a-z][a-z0-9_]*(:[A-Z]\w*)?(?=[:<]|$)")


def head(flag: str) -> str:
    """What all flags of a kind share: ``incomplete`` of ``incomplete:<axes>``; of a sentence all before ``<``."""
    match = _HEAD.match(flag)
    return match[0] if match else flag.split("<")[0].strip()


def flags_made() -> set[str]:
    """The heads of all flags that the package makes."""
    return {flag for path in PACKAGE.glob("*.py") for flag in _Module(path.stem).flags()}


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse((PACKAGE / f"{module}.py").read_text(encoding="utf-8"))


@cache
def _functions(module: str) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in ast.walk(_tree(module)) if isinstance(node, ast.FunctionDef)}


@cache
def _imported(module: str) -> dict[str, str]:
    """Module of the package by the name imported from it."""
    lines = [node for node in ast.walk(_tree(module)) if isinstance(node, ast.ImportFrom) and node.module]
    return {
        alias.name: str(line.module).removeprefix("cetux.")
        for line in lines
        if str(line.module).startswith("cetux.")
        for alias in line.names
    }


@cache
def _bound(scope: ast.AST) -> tuple[tuple[ast.expr, ast.expr], ...]:
    """Each target of the scope with what it is set to, looped over, or grown by; of a module what stands outermost."""
    return tuple(pair for node in _statements(scope) for pair in _pairs(node))


def _statements(scope: ast.AST) -> Iterable[ast.AST]:
    return scope.body if isinstance(scope, ast.Module) else ast.walk(scope)


def _pairs(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    match node:
        case ast.Assign(targets=targets, value=value):
            yield from ((target, value) for target in targets)
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            yield target, value
        case ast.AugAssign(target=target, value=value) | ast.NamedExpr(target=target, value=value):
            yield target, value
        case ast.For(target=target, iter=value) | ast.comprehension(target=target, iter=value):
            yield target, value
        case ast.Call(func=ast.Attribute(value=target, attr="append" | "extend"), args=[value]):
            yield target, value


def _names(target: ast.expr) -> set[str]:
    """Names in a target, and the attribute's own of ``self.flags``."""
    if isinstance(target, ast.Attribute):
        return {target.attr}
    return {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}


def _returned(function: ast.FunctionDef) -> Iterator[ast.expr]:
    for node in ast.walk(function):
        if isinstance(node, (ast.Return, ast.Yield, ast.YieldFrom)) and node.value:
            yield node.value


@dataclass
class _Module:
    name: str
    seen: set[ast.expr] = field(default_factory=set)

    def flags(self) -> Iterator[str]:
        for scope in (_tree(self.name), *_functions(self.name).values()):
            for target, value in _bound(scope):
                for name in _names(target):
                    if (self.name, name) == _NOTES:
                        yield from map(head, self._strings(value, scope))
                    elif _OF_FLAGS.fullmatch(name):
                        yield from self._heads(value, scope)
            for node in ast.walk(scope):
                if isinstance(node, ast.keyword) and _OF_FLAGS.fullmatch(node.arg or ""):
                    yield from self._heads(node.value, scope)
        for name, function in _functions(self.name).items():
            if _OF_FLAGS.fullmatch(name):
                for value in _returned(function):
                    yield from self._heads(value, function)

    def _heads(self, value: ast.expr, scope: ast.AST) -> Iterator[str]:
        yield from (head(text) for text in self._strings(value, scope) if _HEAD.match(text))

    def _strings(self, value: ast.expr, scope: ast.AST) -> Iterator[str]:
        """The strings that a value can hold; of an f-string its beginning and ``<``."""
        match value:
            case ast.Constant(value=str(text)):
                yield text
            case ast.JoinedStr(values=[ast.Constant(value=str(text)), *_]):
                yield f"{text}<"
            case ast.JoinedStr(values=[ast.FormattedValue(value=first), *_]):
                yield from (f"{text}<" for text in self._strings(first, scope))
            case ast.Name(id=name):
                yield from self._held(name, value, scope)
            case ast.Call(func=ast.Name(id=name), args=args):
                module = _imported(self.name).get(name, self.name)
                function = _functions(module).get(name)
                if function is None:
                    yield from (text for one in args for text in self._strings(one, scope))
                else:
                    there = self if module == self.name else _Module(module)
                    yield from (text for one in _returned(function) for text in there._strings(one, function))
            case ast.Call(func=ast.Attribute(value=of), args=args):
                yield from (text for one in (of, *args) for text in self._strings(one, scope))
            case ast.IfExp(body=one, orelse=other) | ast.BinOp(left=one, op=ast.Add(), right=other):
                yield from (*self._strings(one, scope), *self._strings(other, scope))
            case ast.Dict(keys=keys, values=values):
                yield from (text for one in (*keys, *values) if one for text in self._strings(one, scope))
            case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts) | ast.BoolOp(values=parts):
                yield from (text for one in parts for text in self._strings(one, scope))
            case ast.Starred(value=one) | ast.GeneratorExp(elt=one) | ast.ListComp(elt=one) | ast.SetComp(elt=one):
                yield from self._strings(one, scope)

    def _held(self, name: str, value: ast.expr, scope: ast.AST) -> Iterator[str]:
        """What a name was set to in its function, else in its module, else in the module it comes from."""
        if value in self.seen:
            return
        self.seen.add(value)
        here = [set_to for target, set_to in _bound(scope) if name in _names(target)]
        if here:
            yield from (text for one in here for text in self._strings(one, scope))
        elif name in _imported(self.name):
            there = _Module(_imported(self.name)[name])
            yield from there._held(name, value, _tree(there.name))
        elif not isinstance(scope, ast.Module):
            yield from self._held(name, ast.Name(name), _tree(self.name))
