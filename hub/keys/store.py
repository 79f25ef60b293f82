"""The columns that hold what was sealed, in whichever table they stand."""

from __future__ import annotations

from dataclasses import dataclass

from hub.kernel.database import Session

_SIGN_OUT = """
    UPDATE channels SET sealed = :sealed, memory = '', state = 'signed_out', error_code = 'auth_expired',
        error_reason = 'signed_out', error_detail = ''
    WHERE state <> 'removed'"""
_FORGET_SIGN_INS = "DELETE FROM sign_ins"
_FORGET_MEMORIES = "DELETE FROM sign_in_memories"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of sealed texts. `key`: what names its row."""

    table: str
    name: str
    key: str


SEALED = (
    Column(table="channels", name="sealed", key="id"),
    Column(table="channels", name="memory", key="id"),
    Column(table="sign_ins", name="sealed", key="state_hash"),
    Column(table="sign_in_memories", name="sealed", key="kind"),
)
"""Every one there is. tests/keys finds the code that seals something else."""


def sealed(session: Session, column: Column) -> list[tuple[int | str, str]]:
    """Every sealed text of a column with the key of its row; nobody else changes them until the transaction ends."""
    statement = f"SELECT {column.key} AS key, {column.name} AS text FROM {column.table} WHERE {column.name} <> ''"  # noqa: S608
    return [(row["key"], row["text"]) for row in session.all(f"{statement} ORDER BY {column.key} {{for_update}}")]


def replace(session: Session, column: Column, key: int | str, text: str) -> None:
    statement = f"UPDATE {column.table} SET {column.name} = :text WHERE {column.key} = :key"  # noqa: S608
    session.run(statement, key=key, text=text)


def forget(session: Session, *, sealed: str) -> int:
    """Put `sealed` in the place of every channel's secrets and sign it out; drop what is sealed elsewhere."""
    session.run(_FORGET_SIGN_INS)
    session.run(_FORGET_MEMORIES)
    return session.run(_SIGN_OUT, sealed=sealed)
