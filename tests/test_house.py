"""How the house is built: its floors, and the rules of tests/house.py over every file."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import house
from tests.house import ROOT, RULES, Source

Rule = Callable[[Source], Iterator[str]]


@pytest.fixture(scope="module")
def all_sources() -> list[Source]:
    return house.sources()


def test_every_subject_imports_only_what_lies_below_it() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    said = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=400)
    assert said.returncode == 0, said.stdout + said.stderr


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_no_file_breaks_a_rule_of_the_house(rule: Rule, all_sources: list[Source]) -> None:
    found = [finding for source in all_sources for finding in rule(source)]
    assert not found, "\n".join(found)


BROKEN: list[tuple[Rule, str, str]] = [
    (house.unfinished_work, "README.md", "Sign-in. TO" + "DO: sign-out."),
    (house.machine_paths, "docs/a.md", "see `/ro" + "ot/.config`"),
    (house.machine_paths, "tests/run", "cd /wo" + "rk/main"),
    (house.machine_paths, "hub/a.py", 'HOME = "/ho' + 'me/alice/hub"'),
    (house.registry_hosts, "package-lock.json", '"resolved": "https://' + house.REGISTRY_HOSTS[2] + '/x.tgz"'),
    (house.sql_away_from_home, "hub/inbox/ingest.py", "session.run('DELETE FROM messages')"),
    (house.sql_away_from_home, "hub/web/pages.py", 'Q = """\n    SELECT id\n    FROM messages"""'),
    (house.sql_away_from_home, "hub/web/pages.py", 'Q = f"SELECT {column} FROM messages"'),
    (house.sql_away_from_home, "plugins/feed/restore.py", 'Q = "UPDATE feeds SET x = 1"'),
    (house.sql_made_of_parts, "hub/inbox/store/a.py", 'Q = f"SELECT * FROM messages ORDER BY {sort}"'),
    (house.sql_made_of_parts, "hub/inbox/store/a.py", 'Q = "SELECT * FROM messages ORDER BY " + sort'),
    (house.sql_made_of_parts, "hub/inbox/store/a.py", 'Q = "SELECT * FROM messages ORDER BY %s" % sort'),
    (house.sql_made_of_parts, "hub/inbox/store/a.py", 'Q = "SELECT * FROM messages ORDER BY {}".format(sort)'),
    (house.sql_made_of_parts, "hub/inbox/store/a.py", 'Q = _LIST.replace("x", "y")\nsession.all(_LIST + " LIMIT 1")'),
    (house.sql_made_of_parts, "plugins/sandbox/store.py", "self.session.run(statement_for(name))"),
    (house.roles_judged_away_from_home, "hub/web/people.py", "if actor.role is Role.ADMIN: pass"),
    (house.roles_judged_away_from_home, "hub/api/media.py", "ok = actor.role in (Role.ADMIN, Role.SUPERVISOR)"),
    (house.wall_clock_below_the_entry_points, "hub/inbox/ingest.py", "at = datetime.now(UTC)"),
    (house.wall_clock_below_the_entry_points, "hub/inbox/ingest.py", "at = datetime.datetime.now(UTC)"),
    (house.wall_clock_below_the_entry_points, "plugins/feed/connector.py", "from time import time"),
    (house.wall_clock_below_the_entry_points, "hub/engine/ticks.py", "clock = time.time"),
    (house.libraries_away_from_home, "hub/inbox/ingest.py", "from flask import g"),
    (house.libraries_away_from_home, "hub/webhooks/intake.py", "import flask"),
    (house.libraries_away_from_home, "plugins/feed/connector.py", "def pull():\n    import requests.sessions"),
    (house.libraries_away_from_home, "plugins/feed/connector.py", "from urllib import request"),
    (house.libraries_away_from_home, "hub/web/views.py", "from markupsafe import Markup"),
    (house.libraries_away_from_home, "hub/archive/restore.py", "import tarfile"),
    (house.libraries_away_from_home, "hub/web/figures.py", "import csv"),
    (house.libraries_away_from_home, "hub/api/events.py", "from openpyxl import Workbook"),
    (house.libraries_away_from_home, "hub/kernel/log.py", "from pickle import loads"),
    (house.libraries_away_from_home, "plugins/feed/parsing.py", "from xml.etree import ElementTree"),
    (house.trusted_markup, "hub/web/templates/a.html", "{{ message.html | safe }}"),
]


@pytest.mark.parametrize(("rule", "path", "text"), BROKEN)
def test_a_rule_finds_what_breaks_it(rule: Rule, path: str, text: str) -> None:
    assert list(rule(Source(path=path, text=text)))


KEPT: list[tuple[Rule, str, str]] = [
    (house.unfinished_work, "README.md", "Nothing is left to do."),
    (house.machine_paths, "hub/web/a.html", '<a href="/inbox/work/main-queue">'),
    (house.machine_paths, "docs/a.md", "https://blog.example/home/alice"),
    (house.sql_away_from_home, "hub/inbox/store.py", 'Q = "SELECT id FROM messages"'),
    (house.sql_away_from_home, "hub/inbox/store/page.py", 'Q = "SELECT id FROM messages"'),
    (house.sql_away_from_home, "plugins/sandbox/store.py", 'Q = "SELECT id FROM posts"'),
    (house.sql_away_from_home, "hub/web/pages.py", 'text = "Select a channel"'),
    (house.wall_clock_below_the_entry_points, "hub/cli.py", "at = datetime.now(UTC)"),
    (house.sql_made_of_parts, "hub/inbox/store/a.py", 'Q = f"SELECT {_COLUMNS} FROM messages" + _ORDER'),
    (house.sql_made_of_parts, "hub/inbox/store/a.py", "session.all(_LIST if newest else _OTHER, limit=limit + 1)"),
    (house.sql_made_of_parts, "hub/inbox/act.py", 'said = "update " + name'),
    (house.roles_judged_away_from_home, "hub/demo/company.py", "Employee(role=Role.ADMIN)"),
    (house.roles_judged_away_from_home, "hub/people/authorize.py", "if actor.role is Role.ADMIN: pass"),
    (house.wall_clock_below_the_entry_points, "hub/engine/beat.py", "now = time.monotonic()"),
    (house.libraries_away_from_home, "hub/web/views.py", "from flask import g"),
    (house.libraries_away_from_home, "hub/kernel/http/door.py", "import urllib3.util"),
    (house.libraries_away_from_home, "plugins/blog/pages.py", "import flask"),
    (house.libraries_away_from_home, "plugins/feed/connector.py", "from urllib.parse import urljoin"),
    (house.libraries_away_from_home, "hub/connector/contract.py", "if TYPE_CHECKING:\n    import requests"),
    (house.libraries_away_from_home, "plugins/mastodon/mapping.py", "from .mastodon import x"),
]


@pytest.mark.parametrize(("rule", "path", "text"), KEPT)
def test_a_rule_lets_good_work_pass(rule: Rule, path: str, text: str) -> None:
    assert not list(rule(Source(path=path, text=text)))
