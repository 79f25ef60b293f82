"""There is one way from outside to a page: hub/kernel/html.py. These rules find a second one before a reader does."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator

import pytest

from tests import house
from tests.house import Source

Rule = Callable[[Source], Iterator[str]]

HOME = "hub/kernel/html.py"
HTML_LIBRARIES = {"nh3", "bleach", "lxml", "html5lib", "bs4", "html_sanitizer", "turbohtml"}
PICTURE_LIBRARIES = {"PIL"}
UNESCAPING = re.compile(
    r"\|\s*(?:safe|forceescape)\b|autoescape\s+(?:false|off)|Markup\s*\(|\bunescape\b", re.IGNORECASE
)
TEMPLATE_ENDINGS = (".html", ".txt", ".xml", ".jinja", ".j2", ".atom", ".rss")


def second_sanitisers(source: Source) -> Iterator[str]:
    """Imports of libraries that read or clean HTML, or read pictures, away from their one home."""
    for node in _nodes(source):
        for name in _imported(node):
            top = name.partition(".")[0]
            if (top in HTML_LIBRARIES and source.path != HOME) or (
                top in PICTURE_LIBRARIES and source.path != "hub/kernel/images.py"
            ):
                yield f"{source.path}: {name}"


def markup_of_its_own(source: Source) -> Iterator[str]:
    """Whatever makes a string count as escaped: Markup by any name, __html__, templates without autoescape."""
    if source.path == HOME:
        return
    for node in _nodes(source):
        yield from (f"{source.path}: {name}" for name in _imported(node) if name.endswith(".Markup"))
        written = ast.unparse(node) if isinstance(node, ast.Call | ast.keyword) else ""
        if re.match(
            r"(\w+\.)*Markup\(|(\w+\.)*(render_template_string|from_string)\(|autoescape=(False|None)", written
        ):
            yield f"{source.path}: {written[:80]}"
        if isinstance(node, ast.FunctionDef) and node.name == "__html__":
            yield f"{source.path}: __html__"


def unescaped_templates(source: Source) -> Iterator[str]:
    if source.path.startswith(("hub/", "plugins/")) and source.path.endswith(TEMPLATE_ENDINGS):
        for number, line in enumerate(source.text.splitlines(), 1):
            if UNESCAPING.search(line):
                yield f"{source.path}:{number}: {line.strip()[:80]}"


def _nodes(source: Source) -> Iterator[ast.AST]:
    if source.is_product:
        yield from ast.walk(ast.parse(source.text))


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0:
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


RULES = [second_sanitisers, markup_of_its_own, unescaped_templates]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_nothing_goes_around_the_sanitiser(rule: Rule) -> None:
    found = [finding for source in house.sources() for finding in rule(source)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (second_sanitisers, "hub/inbox/ingest.py", "import nh3"),
        (second_sanitisers, "plugins/feed/mapping.py", "def clean():\n    from bleach import clean"),
        (second_sanitisers, "hub/web/proxy.py", "from PIL import Image"),
        (markup_of_its_own, "hub/web/views.py", "from markupsafe import Markup as M"),
        (markup_of_its_own, "hub/web/views.py", "import markupsafe\nx = markupsafe.Markup(y)"),
        (markup_of_its_own, "plugins/chat/pages.py", "def __html__(self): return self.raw"),
        (markup_of_its_own, "hub/web/views.py", "page = flask.render_template_string(text)"),
        (markup_of_its_own, "hub/kernel/mail.py", "Environment(autoescape=False)"),
        (unescaped_templates, "hub/web/templates/a.html", "{{ body|safe }}"),
        (unescaped_templates, "hub/web/templates/a.xml", "{% autoescape false %}"),
        (unescaped_templates, "plugins/chat/templates/a.txt", "{{ Markup(body) }}"),
    ],
)
def test_a_second_way_is_found(rule: Rule, path: str, text: str) -> None:
    assert list(rule(Source(path=path, text=text)))


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (second_sanitisers, HOME, "import nh3"),
        (markup_of_its_own, HOME, "from markupsafe import Markup\nx = Markup(y)"),
        (markup_of_its_own, "hub/web/views.py", "from hub.kernel.html import render\nx = render(message.clean)"),
        (markup_of_its_own, "hub/web/app.py", "Environment(autoescape=True)"),
        (unescaped_templates, "hub/web/templates/a.html", "{{ message.html }} safe and sound"),
    ],
)
def test_the_one_way_is_left_alone(rule: Rule, path: str, text: str) -> None:
    assert not list(rule(Source(path=path, text=text)))
