"""Databases for the benchmarks are built once, and one that was not built to the end is not taken for a whole one."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from benchmarks import cache
from benchmarks.postgresql import Server
from hub.kernel.hub import open_hub
from tests.postgres import PostgresServer

SIZE = 10


def _conversations(folder: Path, database_url: str = "") -> int:
    here = cache.read(folder, database_url=database_url)
    with contextlib.closing(open_hub(here.config)) as hub, hub.database.reading() as session:
        found = session.one("SELECT count(*) AS found FROM conversations")
    assert found is not None
    return int(found["found"])


def test_a_second_run_copies_what_the_first_has_built(tmp_path: Path) -> None:
    made = cache.sqlite(tmp_path / "kept", SIZE)
    built = cache.floor_of(made).stat()
    copy = cache.copy(made, tmp_path / "copy")
    with contextlib.closing(open_hub(cache.read(copy).config)) as hub, hub.database.transaction() as session:
        session.run("DELETE FROM search_texts")
        session.run("UPDATE conversations SET snippet = 'measured'")
    assert cache.sqlite(tmp_path / "kept", SIZE) == made
    assert cache.floor_of(made).stat().st_mtime_ns == built.st_mtime_ns
    assert _conversations(copy) == _conversations(made) == cache.read(made).shape.count
    with contextlib.closing(open_hub(cache.read(made).config)) as hub, hub.database.reading() as session:
        assert session.one("SELECT 1 AS yes FROM conversations WHERE snippet = 'measured'") is None


def test_an_interrupted_build_is_begun_anew(tmp_path: Path) -> None:
    half = tmp_path / f"{SIZE}-{cache.fingerprint()}.building"
    half.mkdir()
    (half / "floor.db").write_text("half of it")
    made = cache.sqlite(tmp_path, SIZE)
    assert not half.exists()
    assert _conversations(made) > SIZE


def test_a_build_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), cache._whole(tmp_path / "one") as (building, _):
        (building / "floor.db").write_text("half of it")
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_what_was_made_from_something_else_is_not_used(tmp_path: Path) -> None:
    old = tmp_path / f"{SIZE}-0123456789ab"
    old.mkdir()
    other = tmp_path / f"{SIZE}0-0123456789ab"
    other.mkdir()
    assert cache.sqlite(tmp_path, SIZE) != old
    assert not old.exists() and other.exists()


def test_nothing_is_begun_that_has_no_room(tmp_path: Path) -> None:
    with pytest.raises(cache.NoRoom):
        cache.sqlite(tmp_path, 10**12)
    assert list(tmp_path.iterdir()) == []


def test_a_database_on_a_server_is_kept_and_built_again_when_it_is_gone(
    tmp_path: Path, postgres_server: PostgresServer
) -> None:
    server = Server(postgres_server.url)
    like = cache.sqlite(tmp_path, SIZE)
    orphaned = like.with_name(f"{like.name}-postgresql")
    orphaned.mkdir()
    folder, name = cache.postgresql(tmp_path, like, server)
    try:
        assert folder == orphaned
        assert _conversations(folder, postgres_server.url_of(name)) == _conversations(like)
        key = cache.read(folder).config.key_file.read_bytes()
        assert cache.postgresql(tmp_path, like, server) == (folder, name)
        assert cache.read(folder).config.key_file.read_bytes() == key
    finally:
        server.drop(name)
