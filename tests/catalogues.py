"""Texts for people, from the source into the catalogues: `.venv/bin/python -m tests.catalogues` brings all up to date.

A text is found where it is written: `_()`, `gettext()`, `ngettext()` and `mark()` in hub/, and the same in templates.
The command writes hub/translations/messages.pot, brings each language's messages.po up to it (texts that are gone go,
new ones come in empty) and compiles messages.mo. A new language: make its folder with an empty messages.po.
"""

from __future__ import annotations

import io
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from tests.house import ROOT

FOLDER = ROOT / "hub" / "translations"
TEMPLATE = FOLDER / "messages.pot"
METHODS = [("translations/**", "ignore"), ("**/templates/**.html", "jinja2"), ("**.py", "python")]
KEYWORDS = {"_": None, "gettext": None, "mark": None, "ngettext": (1, 2)}
_WIDTH = 120
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
    for _file, _line, message, comments, context in extract_from_dir(
        ROOT / "hub", METHODS, options_map=options, keywords=KEYWORDS
    ):
        catalogue.add(message, auto_comments=comments, context=context)
    return catalogue


def languages() -> list[str]:
    return sorted(path.parts[-3] for path in FOLDER.glob("*/LC_MESSAGES/messages.po"))


def read(language: str) -> Catalog:
    with source_of(language).open("rb") as opened:
        return read_po(opened, locale=language)


def source_of(language: str) -> Path:
    return FOLDER / language / "LC_MESSAGES" / "messages.po"


def compiled(catalogue: Catalog) -> bytes:
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
    template = extract()
    TEMPLATE.parent.mkdir(exist_ok=True)
    TEMPLATE.write_bytes(written(template))
    for language in languages():
        catalogue = read(language)
        catalogue.update(template, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        source_of(language).write_bytes(written(catalogue))
        source_of(language).with_suffix(".mo").write_bytes(compiled(read(language)))


if __name__ == "__main__":
    refresh()
