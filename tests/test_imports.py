"""What starts quickly must not load what is slow: checked by what is imported, not by a clock."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

SDKS = {"atproto", "atproto_client", "mastodon", "feedparser", "pandas"}
SLOW = {"flask", "jinja2", "werkzeug", "uvicorn", "a2wsgi", "requests", "httpx", "PIL", "argon2", "apscheduler"}
STORES = {"sqlite_utils", "psycopg", "cryptography"}

_PROBE = """
import contextlib, io, json, sys
from hub.cli import main
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    main(sys.argv[1:], prog_name="hub")
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def loaded_by(code: str, *arguments: str) -> set[str]:
    """The top-level packages in memory after a program ran in an interpreter of its own."""
    ran = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=300, check=True
    )
    return set(json.loads(ran.stdout))


@pytest.mark.parametrize("arguments", [["--help"], ["plugins"], ["plugins", "--json"], ["channel", "--help"]])
def test_a_quick_command_loads_nothing_slow(arguments: list[str]) -> None:
    loaded = loaded_by(_PROBE, *arguments)
    assert not loaded & (SDKS | SLOW | STORES)


def test_the_command_line_loads_no_plugin_for_a_command_of_ours() -> None:
    assert "hub_plugins" not in loaded_by(_PROBE, "user", "--help")


def test_a_plugin_author_imports_the_contract_and_nothing_else() -> None:
    code = "import json, sys; from hub import *; print(json.dumps(sorted({n.partition('.')[0] for n in sys.modules})))"
    assert not loaded_by(code) & (SDKS | SLOW | STORES | {"click", "babel", "hub_plugins"})


def test_the_probe_sees_what_is_loaded() -> None:
    code = "import json, sys, flask; print(json.dumps(sorted(sys.modules)))"
    assert "flask" in loaded_by(code)
