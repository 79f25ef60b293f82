"""Which reasons the product can give, found by reading its code: where one is given, and every word that can get there.

A word is followed back from the error it is raised with through variables, tables, branches and the calls of a function
to the literals it may be. What cannot be followed is told as it is written, so that a test can ask for it by name.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from hub import errors
from hub.errors import ConnectorError, HubError
from tests import house

CODES = {name: kind.code for name, kind in vars(errors).items() if inspect.isclass(kind) and issubclass(kind, HubError)}
_FIRST = {name for name in CODES if issubclass(getattr(errors, name), ConnectorError)} - {"AlreadySent"}
_PLACES: dict[str, tuple[int | None, str]] = {
    **dict.fromkeys(CODES, (None, "reason")),
    **dict.fromkeys((*_FIRST, "DatabaseUnusable", "StorageFull", "Conflict"), (0, "reason")),
    "Invalid": (1, "reason"),
    "describe_stored": (1, "reason"),
    "Trouble": (None, "reason"),
    "Verdict": (None, "reason"),
    "ReplyRules": (None, "why_not"),
    "Answerable": (None, "why_not"),
    "Check": (None, "warnings"),
    "Measure": (None, "errors"),
}
"""Where a reason stands in a call: its position, its keyword."""

_WORDED_AS = {"ReplyRules": "why_not", "Answerable": "why_not", "Check": "warning", "Measure": "invalid"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A reason given somewhere. `word` is empty where it cannot be followed; then `written` is all we know."""

    code: str
    field: str
    word: str
    written: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Module:
    path: str
    tree: ast.Module


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scope:
    """Where an expression stands: its module, and the functions around it, the innermost last."""

    module: _Module
    functions: tuple[ast.FunctionDef, ...] = ()


@cache
def given_reasons() -> frozenset[Given]:
    """Every reason given in hub/ and plugins/."""
    return frozenset(
        given for scope, call in _calls() for name in _callees(call, scope) for given in _given(name, call, scope)
    )


@cache
def _modules() -> tuple[_Module, ...]:
    found = (source for source in house.sources() if source.is_product and source.path != "hub/errors.py")
    return tuple(_Module(path=source.path, tree=ast.parse(source.text)) for source in found)


@cache
def _calls() -> tuple[tuple[_Scope, ast.Call], ...]:
    return tuple(found for module in _modules() for found in _walk(module.tree, _Scope(module=module)))


def _walk(node: ast.AST, scope: _Scope) -> Iterator[tuple[_Scope, ast.Call]]:
    if isinstance(node, ast.Call):
        yield scope, node
    if isinstance(node, ast.FunctionDef):
        scope = _Scope(module=scope.module, functions=(*scope.functions, node))
    for child in ast.iter_child_nodes(node):
        yield from _walk(child, scope)


@cache
def _places() -> dict[str, tuple[int | None, str]]:
    """Ours, and the exceptions that a plugin keeps for itself until it knows which error they become."""
    own = {
        node.name: (0, "reason")
        for module in _modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef) and _takes_a_reason(node)
    }
    return {**own, **_PLACES}


def _takes_a_reason(node: ast.ClassDef) -> bool:
    made = [each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"]
    return "Exception" in map(ast.unparse, node.bases) and any(
        [arg.arg for arg in each.args.args[1:2]] == ["reason"] for each in made
    )


def _callees(call: ast.Call, scope: _Scope) -> Iterator[str]:
    name = _last(call.func)
    if name in _places():
        yield name
    elif isinstance(call.func, ast.IfExp) or (isinstance(call.func, ast.Name) and name == "kind"):
        yield from (leaf.id for leaf in leaves(call.func, scope) if isinstance(leaf, ast.Name) and leaf.id in CODES)


def _given(name: str, call: ast.Call, scope: _Scope) -> Iterator[Given]:
    position, keyword = _places()[name]
    expression = _argument(call, position, keyword)
    if expression is None or (name == "Conflict" and _is_a_sentence(expression)):
        return
    for leaf in leaves(expression, scope):
        word = _word(leaf)
        if _says_nothing(leaf):
            continue
        yield Given(
            code=_WORDED_AS.get(name) or CODES.get(name, ""),
            field=_field(call) if name == "Invalid" else "",
            word=word,
            written=ast.unparse(leaf),
            place=f"{scope.module.path}:{call.lineno}",
        )


def _word(leaf: ast.expr) -> str:
    """The machine word that stands there, without the number that may follow after a colon; empty where none does."""
    first = leaf.values[0] if isinstance(leaf, ast.JoinedStr) and leaf.values else leaf
    if not isinstance(first, ast.Constant) or not isinstance(first.value, str):
        return ""
    return first.value if first is leaf else first.value.removesuffix(":") if first.value.endswith(":") else ""


def _is_a_sentence(expression: ast.expr) -> bool:
    """What HubErrors take first is for the log; a single word there is a reason."""
    if isinstance(expression, ast.Constant):
        return not str(expression.value).isidentifier()
    return isinstance(expression, ast.JoinedStr)


def _says_nothing(leaf: ast.expr) -> bool:
    return isinstance(leaf, ast.Constant) and leaf.value in ("", None)


def _argument(call: ast.Call, position: int | None, keyword: str) -> ast.expr | None:
    named = [each.value for each in call.keywords if each.arg == keyword]
    if named:
        return named[0]
    return call.args[position] if position is not None and position < len(call.args) else None


def _field(call: ast.Call) -> str:
    first = call.args[0] if call.args else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""


# Following a word back


_Found = Iterator[tuple[ast.expr, _Scope]]
_Seen = set[tuple[str, int, int, str]]


def leaves(node: ast.expr, scope: _Scope, seen: _Seen | None = None) -> Iterator[ast.expr]:
    """Everything an expression can come to: constants, and whatever cannot be followed."""
    seen = set() if seen is None else seen
    for end, where in _followed(node, scope, seen):
        inside = _elements(end)
        if inside is None:
            yield end
        else:
            for element in inside:
                yield from leaves(element, where, seen)


def _elements(node: ast.expr) -> list[ast.expr] | None:
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        return [element.value if isinstance(element, ast.Starred) else element for element in node.elts]
    return node.values if isinstance(node, ast.Dict) else None


def _followed(node: ast.expr, scope: _Scope, seen: _Seen) -> _Found:
    """The constants, tables and unknowns an expression can be; a round of references ends in nothing."""
    mark = (scope.module.path, node.lineno, node.col_offset, type(node).__name__)
    if mark in seen:
        return
    seen.add(mark)
    steps = list(_steps(node, scope, seen))
    if not steps:
        yield node, scope
    for step, where in steps:
        yield from _followed(step, where, seen)


def _steps(node: ast.expr, scope: _Scope, seen: _Seen) -> _Found:
    if isinstance(node, ast.IfExp):
        yield from ((part, scope) for part in (node.body, node.orelse))
    elif isinstance(node, ast.BoolOp):
        yield from ((part, scope) for part in node.values)
    elif isinstance(node, (ast.GeneratorExp, ast.ListComp)):
        yield node.elt, scope
    elif isinstance(node, ast.Subscript):
        yield from _inside(node.value, scope, seen)
    elif isinstance(node, ast.Call):
        yield from _returned(node, scope, seen)
    elif isinstance(node, ast.Attribute):
        yield from _answered(node.attr, ast.walk(scope.module.tree), scope)
    elif isinstance(node, ast.Name):
        yield from _bound(node.id, scope, seen)


def _inside(node: ast.expr, scope: _Scope, seen: _Seen) -> _Found:
    """What stands in a table, a tuple or a list."""
    for table, where in _followed(node, scope, seen):
        yield from ((element, where) for element in _elements(table) or [])


def _returned(call: ast.Call, scope: _Scope, seen: _Seen) -> _Found:
    name = _last(call.func)
    if name in ("tuple", "list", "sorted", "next"):
        yield from ((argument, scope) for argument in call.args)
    elif name == "get" and isinstance(call.func, ast.Attribute):
        yield from ((default, scope) for default in call.args[1:2])
        yield from _inside(call.func.value, scope, seen)
    else:
        yield from _answered(name, scope.module.tree.body, scope)


def _answered(name: str, among: Iterable[ast.AST], scope: _Scope) -> _Found:
    """What a function of this module, or a property, returns."""
    for function in among:
        if isinstance(function, ast.FunctionDef) and function.name == name:
            inner = _Scope(module=scope.module, functions=(function,))
            answers = (each.value for each in ast.walk(function) if isinstance(each, ast.Return))
            yield from ((answer, inner) for answer in answers if answer is not None)


def _bound(name: str, scope: _Scope, seen: _Seen) -> _Found:
    """What a name may stand for, in the innermost place that gives it a value."""
    for depth in range(len(scope.functions), -1, -1):
        inner = _Scope(module=scope.module, functions=scope.functions[:depth])
        body = inner.functions[-1] if inner.functions else scope.module.tree
        found = [value for node in ast.walk(body) for value in _assigned(name, node, inner, seen)]
        found += _handed_over(name, body, inner) if isinstance(body, ast.FunctionDef) else []
        if found:
            yield from found
            return


def _assigned(name: str, node: ast.AST, scope: _Scope, seen: _Seen) -> _Found:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _unpacked(name, target, [(node.value, scope)], seen)
    elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
        yield from _unpacked(name, node.target, [(node.value, scope)], seen)
    elif isinstance(node, (ast.comprehension, ast.For)):
        yield from _unpacked(name, node.target, _round(node.iter, scope, seen), seen)
    elif isinstance(node, ast.Call) and ast.unparse(node.func) == f"{name}.append":
        yield node.args[0], scope


def _unpacked(name: str, target: ast.expr, values: Iterable[tuple[ast.expr, _Scope]], seen: _Seen) -> _Found:
    if isinstance(target, ast.Name) and target.id == name:
        yield from values
    elif isinstance(target, ast.Tuple) and name in (places := [ast.unparse(part) for part in target.elts]):
        for value, scope in values:
            for pair, where in _followed(value, scope, seen):
                if isinstance(pair, ast.Tuple):
                    yield pair.elts[places.index(name)], where


def _round(iterated: ast.expr, scope: _Scope, seen: _Seen) -> _Found:
    """What a loop sees, of `table.items()` too."""
    if not isinstance(iterated, ast.Call) or _last(iterated.func) != "items":
        yield from _inside(iterated, scope, seen)
    elif isinstance(iterated.func, ast.Attribute):
        for table, where in _followed(iterated.func.value, scope, seen):
            if isinstance(table, ast.Dict):
                for key, value in zip(table.keys, table.values, strict=True):
                    pair = ast.Tuple(elts=[key or value, value], ctx=ast.Load())
                    yield ast.copy_location(pair, value), where


def _handed_over(name: str, function: ast.FunctionDef, home: _Scope) -> list[tuple[ast.expr, _Scope]]:
    """What the calls of a function hand over for one of its parameters."""
    parameters = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
    if parameters[:1] in (["self"], ["cls"]):
        parameters = parameters[1:]
    if name not in (*parameters, *(each.arg for each in function.args.kwonlyargs)):
        return []
    at = parameters.index(name) if name in parameters else None
    calls = ((call, scope) for scope, call in _calls() if _last(call.func) == function.name and _near(scope, home))
    found = ((_argument(call, at, name), scope) for call, scope in calls)
    return [(value, scope) for value, scope in found if value is not None]


def _near(one: _Scope, other: _Scope) -> bool:
    """In the same folder: a function of the same name elsewhere is most likely another one."""
    return one.module.path.rpartition("/")[0] == other.module.path.rpartition("/")[0]


def _last(node: ast.expr) -> str:
    return ast.unparse(node).rpartition(".")[2]
