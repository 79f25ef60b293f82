"""The few words in which the engines differ."""

from __future__ import annotations

import pytest

from hub.kernel.dialect import POSTGRESQL, SQLITE


def test_both_engines_know_the_same_words() -> None:
    assert SQLITE.words.keys() == POSTGRESQL.words.keys()


def test_placeholders_are_spelled_for_the_engine_and_casts_and_percents_survive() -> None:
    statement = "SELECT a::text FROM t WHERE b = :b AND c LIKE '%x' AND d IN {ids wanted}"
    expected = "SELECT a::text FROM t WHERE b = :b AND c LIKE '%x' AND d IN (SELECT value FROM json_each(:wanted))"
    assert SQLITE.translate(statement) == expected
    spelled = POSTGRESQL.translate(statement)
    assert "a::text" in spelled and "b = %(b)s" in spelled and "LIKE '%%x'" in spelled and "%(wanted)s" in spelled


def test_a_limit_does_not_make_sqlite_plan_anew_each_time() -> None:
    statement = "SELECT a FROM (SELECT a FROM t LIMIT :most) newest LIMIT :limit"
    assert SQLITE.translate(statement) == "SELECT a FROM (SELECT a FROM t LIMIT :most + 0) newest LIMIT :limit + 0"
    assert POSTGRESQL.translate(statement) == "SELECT a FROM (SELECT a FROM t LIMIT %(most)s) newest LIMIT %(limit)s"


def test_a_word_nobody_knows_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        SQLITE.translate("SELECT {nonsense}")
