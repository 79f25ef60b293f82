"""docs/security.md names a test for every threat, and each of them exists."""

from __future__ import annotations

import re

import pytest

from tests.house import ROOT
from tests.test_docs_guarantees import names_in

PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", PAGE)
ROWS = re.findall(r"^\| (S\d\d[a-c]?) \|(.+)\|$", PAGE, re.M)


@pytest.mark.parametrize(("file", "test"), sorted(set(NAMED)))
def test_every_named_test_exists(file: str, test: str) -> None:
    assert test in names_in(file)


def test_no_name_is_written_in_a_form_this_check_does_not_see() -> None:
    assert PAGE.count("::test_") == len(NAMED)


def test_every_threat_stands_once_and_is_tried_somewhere() -> None:
    numbers = [number for number, _ in ROWS]
    assert numbers == sorted(set(numbers))
    wanted = {*range(1, 37), 39, 40, *range(43, 50)}
    assert {f"S{number:02}" for number in wanted} <= set(numbers)
    assert [number for number, row in ROWS if "::test_" not in row and "not applicable yet because" not in row] == []
