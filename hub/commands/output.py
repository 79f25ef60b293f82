"""How commands talk: tables and sentences for people, JSON for scripts, errors in words on stderr."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from hub.errors import HubError

_ARGUMENTS = {"email": "EMAIL", "name": "--name", "team": "--team", "password": "--password-stdin"}
_NAMED_BY_THE_TEXT = ("channel", "demo", "host", "port", "role", "FILE", "HUB_DATA")

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for a script instead of a text.")


def print_json(value: object) -> None:
    click.echo(json.dumps(value, default=_plain, ensure_ascii=False, indent=2))


def print_table(titles: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Columns as wide as they need to be; the last one may run over."""
    cells = [[_cell(each) for each in row] for row in rows]
    widths = [max(len(row[at]) for row in [list(titles), *cells]) for at in range(len(titles))]
    for row in [[title.upper() for title in titles], *cells]:
        click.echo("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def print_error(error: HubError, *, advice: str | None = None) -> None:
    """Say what happened and what to do about it, which is `advice` where the caller knows better."""
    from hub.kernel.texts import describe, gettext

    wording, failed = describe(error), gettext("Error")
    click.echo(f"{failed}: {_place(error, wording.title)}{wording.title}", err=True)
    if advice or wording.advice:
        click.echo(advice or wording.advice, err=True)


def print_warnings(words: Iterable[str]) -> None:
    """Say what works, but not as well as it could."""
    from hub.kernel.texts import describe_warning

    for wording in map(describe_warning, words):
        click.echo(f"  {wording.sentences}")


def print_plugin_trouble(name: str, error: BaseException) -> None:
    """Say that the commands of one plugin are missing, and why."""
    from hub.kernel.texts import gettext as _

    said = f"{type(error).__name__}: {error}"
    click.echo(_("The commands of the plugin %(name)s are left out: %(error)s", name=name, error=said), err=True)


def _place(error: HubError, title: str) -> str:
    """The argument, option or variable at fault, unless the text names it itself."""
    field = getattr(error, "field", None) or ""
    if not field or field in _NAMED_BY_THE_TEXT or field in title:
        return ""
    return f"{_ARGUMENTS.get(field, field)}: "


def speak_the_users_language() -> None:
    """Take the language of what is said from the environment, as other programs do."""
    from hub.kernel.texts import choose_language, use_language

    wanted = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    use_language(choose_language([wanted.partition(".")[0]] if wanted not in ("", "C", "C.UTF-8", "POSIX") else []))


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%SZ")
    if isinstance(value, Enum):
        return str(value.value)
    # A name from a network may hold anything: one line, and nothing a terminal would obey.
    return "".join(character if character.isprintable() else " " for character in str(value))


def _plain(value: object) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return str(value)
