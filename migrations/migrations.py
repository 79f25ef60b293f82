"""The steps as a sqlite-utils set: `sqlite-utils migrate hub.db migrations/ --list` reads this file, too."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

from hub.kernel.dialect import SQLITE
from hub.kernel.migrate import Step, statements, steps

migrations = Migrations("hub")


def _register(step: Step) -> None:
    @migrations(name=step.name)
    def apply(db: Database) -> None:
        for statement in statements(step.sql):
            db.execute(SQLITE.translate(statement))


for _step in steps():
    _register(_step)
