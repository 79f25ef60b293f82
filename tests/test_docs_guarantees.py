"""docs/guarantees.md names a test for every promise, and each of them exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TypeGuard

import pytest

from tests.house import ROOT

PAGE = (ROOT / "docs" / "guarantees.md").read_text()
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", PAGE)


@pytest.mark.parametrize(("file", "test"), sorted(set(NAMED)))
def test_every_named_test_exists(file: str, test: str) -> None:
    assert (ROOT / file).exists(), file
    assert test in names_in(file)


@pytest.mark.parametrize("file", sorted({file for file, _ in NAMED}))
def test_every_named_test_runs_without_being_asked_for(file: str) -> None:
    """It is collected, and nothing but a missing program lets it out: no variable does, no mark of failure."""
    assert Path(file).name.startswith("test_")
    tree = ast.parse((ROOT / file).read_text())
    tests = {test for named, test in NAMED if named == file}
    marks = [mark for node in ast.walk(tree) if is_named(node, tests) for mark in node.decorator_list]
    assigned = [node for node in tree.body if isinstance(node, ast.Assign)]
    marks += [each.value for each in assigned if "pytestmark" in ast.unparse(each.targets[0])]
    written = " ".join(map(ast.unparse, marks))
    assert not re.search(r"environ|getenv|mark\.skip\b|xfail", written), written


def test_no_promise_hides_between_the_items() -> None:
    promises, _, _ = PAGE.partition("## What goes wrong")
    _, *sections = re.split(r"^## .*$", promises, flags=re.MULTILINE)
    for section in sections:
        assert re.sub(r"^- .*(?:\n {2}.*)*", "", section, flags=re.MULTILINE).strip() == ""


def test_every_fault_names_where_it_is_tried() -> None:
    rows = re.findall(r"^\| (R\d\d) \| .+? \| (.+) \|$", PAGE, re.MULTILINE)
    assert [number for number, _ in rows] == [f"R{n:02}" for n in range(1, 37) if n not in (24, 25, 26, 27, 34)]
    assert [number for number, tried in rows if not re.search(r"`tests/[\w/]+\.py::test_\w+`", tried)] == []


def test_every_promise_names_its_test() -> None:
    promises, _, _ = PAGE.partition("## What goes wrong")
    items = re.findall(r"^- .*(?:\n {2}.*)*", promises, re.MULTILINE)
    assert len(items) > 20
    assert [item for item in items if not re.search(r"`tests/[\w/]+\.py::test_\w+`", item)] == []


def test_no_name_is_written_in_a_form_this_check_does_not_see() -> None:
    assert PAGE.count("::test_") == len(NAMED)


def is_named(node: ast.AST, tests: set[str]) -> TypeGuard[ast.FunctionDef]:
    return isinstance(node, ast.FunctionDef) and node.name in tests


def names_in(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
