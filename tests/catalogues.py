"""Texts for people, from the source into the catalogues: `.venv/bin/python -m tests.catalogues` brings all up to date.

A text is found where it is written: `_()`, `gettext()`, `ngettext()` and `mark()` in hub/ and plugins/, the same in
templates, and what plugins call their settings in `setting()`.
The command writes hub/translations/messages.pot, brings each language's messages.po up to it (texts that are gone go,
new ones come in empty) and compiles messages.mo. A new language: make its folder with an empty messages.po.
"""

from __future__ import annotations

import ast
import fcntl
import io
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from tests.house import ROOT

PLUGINS = ROOT / "plugins"
FOLDERS = [ROOT / "hub", PLUGINS]
FOLDER = ROOT / "hub" / "translations"
TEMPLATE = FOLDER / "messages.pot"
METHODS = [("translations/**", "ignore"), ("**/templates/**.html", "jinja2"), ("**.py", "python")]
KEYWORDS = {"_": None, "gettext": None, "mark": None, "ngettext": (1, 2)}
_WIDTH = 120
_NO_DATE = datetime(2000, 1, 1, tzinfo=UTC)
_LEFT_OUT = tuple(
    f'"{name}'.encode()
    for name in (
        "POT-Creation-Date:",
        "PO-Revision-Date:",
        "Generated-By:",
        "Report-Msgid-Bugs-To:",
        "Last-Translator:",
        "Language-Team:",
        "Project-Id-Version:",
    )
)
"""Lines of a header that differ at every run, or say nothing."""


def extract() -> Catalog:
    """Every text of the source as it is now, by text."""
    catalogue = Catalog(project="Hubbub", charset="utf-8")
    options = {"**/templates/**.html": {"trimmed": "true", "silent": "false"}}
    for folder in FOLDERS:
        for _file, _line, message, comments, context in extract_from_dir(
            folder, METHODS, options_map=options, keywords=KEYWORDS
        ):
            catalogue.add(message, auto_comments=comments, context=context)
    for message in settings_texts():
        catalogue.add(message)
    return catalogue


def settings_texts() -> Iterator[str]:
    """What plugins call their settings: the label, the help and the choices of `setting()`."""
    for file in sorted(PLUGINS.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "setting":
                yield from filter(None, _texts_of(node))


def _texts_of(call: ast.Call) -> Iterator[str]:
    yield from (ast.literal_eval(label) for label in call.args[:1])
    for keyword in call.keywords:
        if keyword.arg == "help":
            yield ast.literal_eval(keyword.value)
        elif keyword.arg == "choices":
            yield from ast.literal_eval(keyword.value).values()


def languages() -> list[str]:
    return sorted(path.parts[-3] for path in FOLDER.glob("*/LC_MESSAGES/messages.po"))


def read(language: str) -> Catalog:
    with source_of(language).open("rb") as opened:
        return read_po(opened, locale=language)


def source_of(language: str) -> Path:
    return FOLDER / language / "LC_MESSAGES" / "messages.po"


def compiled(catalogue: Catalog) -> bytes:
    """What the program reads, the same whenever it is made."""
    catalogue.creation_date = catalogue.revision_date = _NO_DATE
    out = io.BytesIO()
    write_mo(out, catalogue)
    return out.getvalue()


def written(catalogue: Catalog) -> bytes:
    """A catalogue file as it is committed: by text, without places and dates."""
    out = io.BytesIO()
    write_po(out, catalogue, width=_WIDTH, no_location=True, sort_output=True, omit_header=catalogue.locale is None)
    lines = out.getvalue().splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(_LEFT_OUT))


def refresh() -> None:
    """Bring all up to date; two who do so at once take turns, and whoever reads meanwhile finds whole files."""
    FOLDER.mkdir(exist_ok=True)
    folder = os.open(FOLDER, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    try:
        template = extract()
        _replace(TEMPLATE, written(template))
        for language in languages():
            catalogue = read(language)
            catalogue.update(template, no_fuzzy_matching=True)
            catalogue.obsolete.clear()
            _replace(source_of(language), written(catalogue))
            _replace(source_of(language).with_suffix(".mo"), compiled(read(language)))
    finally:
        os.close(folder)


def _replace(file: Path, content: bytes) -> None:
    made = file.with_suffix(f"{file.suffix}.new")
    made.write_bytes(content)
    made.replace(file)


if __name__ == "__main__":
    refresh()
