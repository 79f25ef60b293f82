"""docs/guarantees.md names a test for every promise, and each of them exists."""

from __future__ import annotations

import ast
import re

import pytest

from tests.house import ROOT

PAGE = (ROOT / "docs" / "guarantees.md").read_text()
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", PAGE)


@pytest.mark.parametrize(("file", "test"), sorted(set(NAMED)))
def test_every_named_test_exists(file: str, test: str) -> None:
    assert (ROOT / file).exists(), file
    assert test in names_in(file)


def test_every_promise_names_its_test() -> None:
    promises, _, _ = PAGE.partition("## What is not promised")
    items = re.findall(r"^- .*(?:\n {2}.*)*", promises, re.MULTILINE)
    assert len(items) > 20
    assert [item for item in items if not re.search(r"`tests/[\w/]+\.py::test_\w+`", item)] == []


def test_no_name_is_written_in_a_form_this_check_does_not_see() -> None:
    assert PAGE.count("::test_") == len(NAMED)


def names_in(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
