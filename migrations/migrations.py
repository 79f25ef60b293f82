"""The steps as a sqlite-utils set: `sqlite-utils migrate hub.db migrations/ --list` reads this file, too."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

from hub.kernel.dialect import SQLITE
from hub.kernel.migrate import Step, statements, steps

migrations = Migrations("hub")


def _index_words(db: Database) -> None:
    """Hang an FTS5 index on the words. The sweep keeps it up: triggers would take it twice the time.

    We fold and split the words ourselves (inbox/words.py); the tokenizer `ascii` leaves them as they are.
    """
    db.table("search_texts").enable_fts(["words"], tokenize="ascii")


_BEYOND_SQL = {"0002_search": _index_words}
"""What a step does on SQLite beside its statements."""


def _register(step: Step) -> None:
    @migrations(name=step.name)
    def apply(db: Database) -> None:
        for statement in statements(step.sql):
            db.execute(SQLITE.translate(statement))
        if step.name in _BEYOND_SQL:
            _BEYOND_SQL[step.name](db)


for _step in steps():
    _register(_step)
