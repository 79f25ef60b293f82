"""A package to start a connector from: hub new-connector."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from string import Template

import click

_TEMPLATES = Path(__file__).parent / "templates" / "connector"
_SUFFIX = ".template"
_PLACES = {"src": "src/$module", "gitignore": ".gitignore"}

# A name as packages have them (PEP 508), of which a word can be made that Python, the database and an address take.
_NAME = re.compile(r"[a-z](?:[a-z0-9]|[-_. ](?=[a-z0-9])){1,30}", re.IGNORECASE)
_BREAKS = re.compile(r"[-_. ]+")
_OURS = re.compile(r"^(?:hubbub|hub)[-_. ]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """One network's name, in each form that it is needed in."""

    distribution: str
    module: str
    kind: str
    title: str
    label: str


@click.command(name="new-connector")
@click.argument("name")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
def new_connector(name: str, folder: Path | None) -> None:
    """Make a package for a new kind of channel: it installs, works and passes its tests as it is.

    NAME becomes one that packages have: "Guest Book" makes hubbub-guest-book, for the kind guest_book.
    """
    from hub.kernel.texts import gettext as _

    names = names_of(name)
    _must_be_free(names.kind)
    target = folder or Path(names.distribution)
    write_package(names, target)
    click.echo(
        _(
            "Made the package %(package)s with the connector %(kind)s in %(folder)s. Next:",
            folder=target,
            package=names.distribution,
            kind=names.kind,
        )
    )
    click.echo()
    for command in _next_commands(target):
        click.echo(f"  {command}")
    click.echo()
    click.echo(_("Its README.md says how to go on, docs/write-a-connector.md how everything works."))


def names_of(name: str) -> Names:
    """Read what somebody calls their network. Raises Invalid("name", "not_a_package_name")."""
    from hub.errors import Invalid

    if not _NAME.fullmatch(_OURS.sub("", name.strip())):
        raise Invalid("NAME", "not_a_package_name", name=name)
    words = _BREAKS.split(_OURS.sub("", name.strip()))
    lower = [word.lower() for word in words]
    kind = "_".join(lower)
    return Names(
        distribution=f"hubbub-{'-'.join(lower)}",
        module=f"hubbub_{kind}",
        kind=kind,
        title="".join(word[:1].upper() + word[1:] for word in words),
        label=" ".join([words[0][:1].upper() + words[0][1:], *words[1:]]),
    )


def write_package(names: Names, folder: Path) -> None:
    """Write every file of the template into a new folder. Raises Invalid("FOLDER", …) where it exists or cannot be."""
    from hub.errors import Invalid

    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise Invalid("FOLDER", "folder_exists", folder=str(folder)) from None
    except OSError as error:
        raise Invalid("FOLDER", "folder_not_made", folder=str(folder), said=error.strerror or "") from None
    for path, text in rendered(names):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")


def rendered(names: Names) -> Iterator[tuple[str, str]]:
    """Each file of the package: its path in the folder, and what stands in it."""
    values = {name: getattr(names, name) for name in Names.__dataclass_fields__}
    for source in sorted(_TEMPLATES.rglob(f"*{_SUFFIX}")):
        first, *rest = source.relative_to(_TEMPLATES).as_posix().removesuffix(_SUFFIX).split("/")
        path = "/".join([_PLACES.get(first, first), *rest])
        yield Template(path).substitute(values), Template(source.read_text(encoding="utf-8")).substitute(values)


def _must_be_free(kind: str) -> None:
    """Two plugins cannot bring one kind: the second one would not be loaded. Raises Invalid("NAME", "kind_taken")."""
    from hub.errors import Invalid
    from hub.kernel.plugins import load_plugins

    for found in load_plugins().found:
        if kind in (found.name, *found.kinds):
            raise Invalid("NAME", "kind_taken", kind=kind, plugin=found.distribution)


def _next_commands(folder: Path) -> list[str]:
    python = shlex.quote(sys.executable)
    return [f"cd {shlex.quote(str(folder))}", f"{python} -m pip install -e '.[test]'", f"{python} -m pytest"]
