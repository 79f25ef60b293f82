"""The rules of the house that a linter does not know, each a function from one file's text to what breaks it."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = {"hub": "hub", "plugins": "hub_plugins", "migrations": "hub_migrations"}
"""The folders of the product and the names they are installed under."""

MACHINE_PATH = re.compile(r"(?<![\w.)}\]])/(?:root|home/\w+|work/(?:main|shared|\.library))(?![\w-])")
UNFINISHED = re.compile(r"\b(?:" + "TO" + "DO|FIX" + "ME)\\b")
# Put together here, so that no file of the house spells one out.
REGISTRY_HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("files", "pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("registry", "yarnpkg", "com"),
        ("deb", "debian", "org"),
        ("security", "debian", "org"),
    )
]
SQL = re.compile(
    r"\s*(?:SELECT\s|INSERT\s+(?:OR\s+\w+\s+)?INTO\s|UPDATE\s+\S+\s+SET\s|DELETE\s+FROM\s"
    r"|WITH\s+(?:RECURSIVE\s+)?\w+\s+AS\s|PRAGMA\s|VACUUM\b|BEGIN IMMEDIATE"
    r"|(?:CREATE|ALTER|DROP)\s+(?:UNIQUE\s+|TEMP\s+|VIRTUAL\s+)*(?:TABLE|INDEX|VIEW|TRIGGER)\s)"
)
SQL_HOMES = re.compile(r"hub/kernel/|migrations/|(?:hub|plugins)/(?:.+/)?store(?:\.py$|/)")
WALL_CLOCK = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"}
CLOCK_HOMES = {"hub/kernel/clock.py", "hub/cli.py", "hub/app.py"}

NOWHERE = r"(?!)"
"""For what runs whatever it reads, unpacks to wherever it says, fetches what it names, or writes formulas."""

LIBRARY_HOMES = {
    "flask": r"hub\.(?:web|api|app)\b|hub_plugins\.\w+\.pages\b",
    "jinja2": r"hub\.(?:web|api|app)\b|hub_plugins\.\w+\.pages\b",
    "werkzeug": r"hub\.(?:web|api|app)\b|hub_plugins\.\w+\.pages\b",
    "uvicorn": r"hub\.(?:app|web)\b",
    "apscheduler": r"hub\.engine\b",
    "requests": r"hub\.kernel\.http\b",
    "httpx": r"hub\.kernel\.http\b",
    "urllib3": r"hub\.kernel\.http\b",
    "urllib.request": r"hub\.kernel\.http\b",
    "http.client": r"hub\.kernel\.http\b|hub\.testing\b",
    "smtplib": r"hub\.kernel\.mail\b",
    "prometheus_client": r"hub\.web\.",
    "nh3": r"hub\.kernel\.html\b",
    "markupsafe": r"hub\.kernel\.html\b",
    "atproto": r"hub_plugins\.",
    "mastodon": r"hub_plugins\.",
    "feedparser": r"hub_plugins\.",
    "jmespath": r"hub_plugins\.",
    "psycopg": r"hub\.kernel\.",
    "pysqlite3": r"hub\.kernel\.",
    "pickle": NOWHERE,
    "marshal": NOWHERE,
    "shelve": NOWHERE,
    "yaml": NOWHERE,
    "tarfile": NOWHERE,
    "zipfile": NOWHERE,
    "xml.etree": NOWHERE,
    "xml.dom": NOWHERE,
    "xml.parsers": NOWHERE,
    "csv": NOWHERE,
}
"""Which modules of ours may import a library from outside. One home each is what "there is no second path" means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One file of the repository: `path` relative to its root, with slashes."""

    path: str
    text: str

    @property
    def is_product(self) -> bool:
        return self.path.endswith(".py") and self.path.partition("/")[0] in PACKAGES

    @property
    def module(self) -> str:
        """The dotted name it is imported by."""
        folder, _, rest = self.path.removesuffix(".py").partition("/")
        return ".".join([PACKAGES[folder], *rest.split("/")]).removesuffix(".__init__")


def sources() -> list[Source]:
    """Every text file that is tracked or about to be."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [source for path in sorted(filter(None, listed.split("\0"))) if (source := _read(path)) is not None]


def _read(path: str) -> Source | None:
    try:
        return Source(path=path, text=(ROOT / path).read_text(encoding="utf-8"))
    except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
        return None  # a picture, a compiled catalogue, or removed a moment ago


def unfinished_work(source: Source) -> Iterator[str]:
    if "/vendor/" not in source.path:
        yield from _lines(source, UNFINISHED)


def machine_paths(source: Source) -> Iterator[str]:
    yield from _lines(source, MACHINE_PATH)


def registry_hosts(source: Source) -> Iterator[str]:
    yield from _lines(source, re.compile("|".join(map(re.escape, REGISTRY_HOSTS))))


def sql_away_from_home(source: Source) -> Iterator[str]:
    """SQL in a string literal outside the stores, the kernel and the migrations."""
    if not source.is_product or SQL_HOMES.match(source.path):
        return
    for node in ast.walk(ast.parse(source.text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value):
            yield _at(source, node, node.value.split("\n")[0])


def wall_clock_below_the_entry_points(source: Source) -> Iterator[str]:
    if not source.is_product or source.path in CLOCK_HOMES:
        return
    for node in ast.walk(ast.parse(source.text)):
        if isinstance(node, ast.Attribute) and ".".join(ast.unparse(node).split(".")[-2:]) in WALL_CLOCK:
            yield _at(source, node, ast.unparse(node))
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            yield from (_at(source, node, alias.name) for alias in node.names if f"time.{alias.name}" in WALL_CLOCK)


def libraries_away_from_home(source: Source) -> Iterator[str]:
    """Imports of libraries that only some modules may import; imports for types only do not count."""
    if not source.is_product:
        return
    for node, name in _imports(ast.parse(source.text)):
        for library, home in LIBRARY_HOMES.items():
            if f"{name}.".startswith(f"{library}.") and not re.match(home, f"{source.module}."):
                yield _at(source, node, name)


def trusted_markup(source: Source) -> Iterator[str]:
    """Templates that switch escaping off: what is safe comes out of the sanitiser as Markup."""
    if "/templates/" in source.path:
        yield from _lines(source, re.compile(r"\|\s*safe\b|autoescape\s+false"))


RULES = [
    unfinished_work,
    machine_paths,
    registry_hosts,
    sql_away_from_home,
    wall_clock_below_the_entry_points,
    libraries_away_from_home,
    trusted_markup,
]


def _imports(tree: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from ((node, f"{node.module}.{alias.name}") for alias in node.names)
        yield from _imports(node)


def _lines(source: Source, pattern: re.Pattern[str]) -> Iterator[str]:
    for number, line in enumerate(source.text.splitlines(), 1):
        if pattern.search(line):
            yield f"{source.path}:{number}: {line.strip()[:120]}"


def _at(source: Source, node: ast.AST, what: str) -> str:
    return f"{source.path}:{getattr(node, 'lineno', 0)}: {what.strip()[:120]}"
