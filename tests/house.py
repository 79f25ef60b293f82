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
SQL_OF_PARTS_HOMES = re.compile(r"hub/kernel/|hub/archive/store/|hub/keys/store\.py$")
"""What works on every table there is takes their names from the schema itself, never from anybody."""

RUNS_SQL = {"run", "one", "all", "many", "insert", "stream"}
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
    "openpyxl": NOWHERE,
    "xlsxwriter": NOWHERE,
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


def sql_made_of_parts(source: Source) -> Iterator[str]:
    """Statements that are not written down whole: only parts in UPPER CASE, our own constants, may stand in them."""
    if not source.is_product or SQL_OF_PARTS_HOMES.match(source.path):
        return
    for node in ast.walk(ast.parse(source.text)):
        if isinstance(node, ast.JoinedStr | ast.BinOp) or _is_call_of(node, {"format", "join", "replace"}):
            if SQL.match(_first_words(node)) and not all(map(_is_constant, _parts(node))):
                yield _at(source, node, ast.unparse(node))
        elif _is_call_of(node, RUNS_SQL) and _is_session(node) and _is_made_in_place(node.args[:1]):
            yield _at(source, node, ast.unparse(node))


def roles_judged_away_from_home(source: Source) -> Iterator[str]:
    """A second opinion on who may do what: roles are compared in hub/people only."""
    if not source.is_product or source.path.startswith("hub/people/"):
        return
    for node in ast.walk(ast.parse(source.text)):
        if isinstance(node, ast.Compare) and re.search(r"\bRole\.[A-Z]", ast.unparse(node)):
            yield _at(source, node, ast.unparse(node))


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
    sql_made_of_parts,
    roles_judged_away_from_home,
    wall_clock_below_the_entry_points,
    libraries_away_from_home,
    trusted_markup,
]


def _first_words(node: ast.AST) -> str:
    """The beginning of a text that is put together."""
    match node:
        case ast.JoinedStr(values=[ast.Constant(value=str(words)), *_]) | ast.Constant(value=str(words)):
            return words
        case ast.BinOp(left=first) | ast.Call(func=ast.Attribute(value=first)):
            return _first_words(first)
    return ""


def _parts(node: ast.AST) -> Iterator[ast.AST]:
    """What is put into the text, besides its own words."""
    match node:
        case ast.JoinedStr(values=values):
            yield from (each.value for each in values if isinstance(each, ast.FormattedValue))
        case ast.BinOp(left=left, right=right):
            yield from (each for side in (left, right) for each in _parts(side) or [side])
        case ast.Call(func=ast.Attribute(value=words), args=args, keywords=named):
            yield from (*_parts(words), *args, *(each.value for each in named))
        case ast.Constant():
            return
        case _:
            yield node


def _is_constant(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) or (isinstance(node, ast.Name) and node.id.isupper())


def _is_call_of(node: ast.AST, names: set[str]) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names


def _is_session(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-2:-1] == ["session"]


def _is_made_in_place(args: list[ast.expr]) -> bool:
    return any(isinstance(each, ast.JoinedStr | ast.BinOp | ast.Call) for each in args)


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
