"""Two stand-ins for Mastodon, both from the package index, since no real one installs from there.

mastodon_mock is an emulator: what runs on it is compatible with an emulator, no more. It lives in an environment of its
own, because it brings libraries that would change ours. Mastodon.py's source distribution holds what real Mastodon
servers answered to its tests. Both are fetched once into tests/.peers: `tests/run` does so, by `fetch`.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.processes import NotInstalled, end_group, free_port, start_program, wait_until

PEERS = Path(__file__).parent.parent / ".peers"
EMULATOR = ("mastodon_mock==0.6.1", "PyYAML==6.0.3")
RECORDINGS = "Mastodon.py==2.3.3"
CONFIG = Path(__file__).with_name("mastodon_mock.toml")
READER = Path(__file__).with_name("read_cassettes.py")
FETCHING_SECONDS = 500
TIMEOUT = 60.0


class Emulator:
    """One running mastodon_mock with the accounts brightwater, lena and tom; its people post over HTTP."""

    def __init__(self, program: Path, folder: Path) -> None:
        self._program = program
        self._folder = folder
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self.host = f"127.0.0.1:{self._port}"
        self._session = requests.Session()
        self._session.trust_env = False
        self._running: subprocess.Popen[bytes] | None = None
        self._config = folder / "mock.toml"
        database = f'\n[database]\npath = "{folder / "mock.db"}"\n'
        self._config.write_text(CONFIG.read_text() + database)

    def start(self) -> None:
        command = [self._program, "serve", "--config", self._config, "--host", "127.0.0.1", "--port", str(self._port)]
        # It leaves the pictures it was given where scratch files go.
        scratch = {"TMPDIR": str(self._folder)}
        self._running = start_program(command, log=self._folder / "mock.log", folder=self._folder, env=scratch)
        wait_until(self._answers, "mastodon_mock", alive=self._running)

    def stop(self) -> None:
        if self._running is not None:
            end_group(self._running)
            self._running = None

    def restart(self) -> None:
        self.stop()
        self.start()

    def close(self) -> None:
        self.stop()
        self._session.close()

    def posts(self, who: str, text: str, **fields: Any) -> str:
        """Somebody posts; returns the id."""
        return str(self.call("POST", "statuses", who, json={"status": text, **fields})["id"])

    def edits(self, who: str, id: str, text: str) -> None:
        self.call("PUT", f"statuses/{id}", who, json={"status": text})

    def votes(self, who: str, id: str, *choices: int) -> None:
        """Somebody takes choices of the poll in a post, counted from 0."""
        poll = self.call("GET", f"statuses/{id}", who)["poll"]["id"]
        self.call("POST", f"polls/{poll}/votes", who, json={"choices": list(choices)})

    def deletes(self, who: str, id: str) -> None:
        self.call("DELETE", f"statuses/{id}", who)

    def written_by(self, who: str) -> list[dict[str, Any]]:
        """Every post of somebody's, newest first: the judge of what arrived, and how often."""
        me = self.call("GET", "accounts/verify_credentials", who)["id"]
        return list(self.call("GET", f"accounts/{me}/statuses?limit=40", who))

    def token(self, who: str) -> str:
        return f"{who}-token"

    def revokes(self, token: str) -> None:
        self._session.post(f"{self.url}/oauth/revoke", data={"token": token}, timeout=TIMEOUT).raise_for_status()

    @contextlib.contextmanager
    def fault(self, path: str, effect: Mapping[str, Any], *methods: str) -> Iterator[None]:
        """Let a path go wrong for a while."""
        match = {"path": path, **({"methods": list(methods)} if methods else {})}
        rule = self.call("POST", "_mock/faults", None, json={"match": match, "effect": dict(effect)})
        try:
            yield
        finally:
            self.call("DELETE", f"_mock/faults/{rule['id']}", None)

    def call(self, method: str, path: str, who: str | None, **parts: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token(who)}"} if who else {}
        answer = self._session.request(method, f"{self.url}/api/v1/{path}", headers=headers, timeout=TIMEOUT, **parts)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def _answers(self) -> bool:
        with contextlib.suppress(requests.ConnectionError):
            return self._session.get(f"{self.url}/api/v1/instance", timeout=TIMEOUT).ok
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One exchange that a real server of Mastodon's API had with Mastodon.py's tests."""

    cassette: str
    method: str
    url: str
    status: int
    headers: Mapping[str, str]
    body: str

    def json(self) -> Any:
        """What was answered; None where that is no JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


def emulator_environment() -> Path:
    """The folder of the emulator's own environment, made when it is first asked for. Raises NotInstalled."""
    folder = PEERS / "mastodon_mock"
    done = folder / "complete"
    if not done.exists() or done.read_text() != repr(EMULATOR):
        shutil.rmtree(folder, ignore_errors=True)
        _run(sys.executable, "-m", "venv", folder)
        _run(folder / "bin" / "python", "-m", "pip", "install", "--quiet", *EMULATOR)
        done.write_text(repr(EMULATOR))
    return folder / "bin"


def recorded_answers() -> list[Recorded]:
    """What real servers answered. Raises NotInstalled where the source distribution cannot be fetched."""
    kept = PEERS / "mastodon_answers.json"
    if not kept.exists():
        programs = emulator_environment()
        folder = PEERS / "mastodon_py"
        shutil.rmtree(folder, ignore_errors=True)
        pip = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-build-isolation")
        _run(*pip, "--no-binary", ":all:", "--dest", folder, RECORDINGS)
        with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
            archive.extractall(folder, filter="data")
        _run(programs / "python", READER, folder, kept)
        shutil.rmtree(folder)
    return [Recorded(**each) for each in json.loads(kept.read_text())]


def fetch() -> None:
    """Make both ready, so that no test has to wait for the package index. Raises NotInstalled."""
    emulator_environment()
    recorded_answers()


def _run(*command: str | Path) -> None:
    """Run a program of the fetching; a machine without the package index cannot. Raises NotInstalled."""
    try:
        done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=FETCHING_SECONDS)
    except subprocess.TimeoutExpired as slow:
        raise NotInstalled(f"{command[0]} took more than {FETCHING_SECONDS} s") from slow
    if done.returncode:
        raise NotInstalled(f"the package index gave no stand-in for Mastodon: {done.stderr[-500:]}")


@pytest.fixture(scope="session")
def mastodon_program() -> Path:
    try:
        return emulator_environment() / "mastodon_mock"
    except NotInstalled as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def mastodon_emulator(mastodon_program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """One emulator for the tests of a file; each test has words of its own."""
    emulator = Emulator(mastodon_program, tmp_path_factory.mktemp("mastodon"))
    try:
        emulator.start()
        yield emulator
    finally:
        emulator.close()


@pytest.fixture(scope="session")
def mastodon_answers() -> list[Recorded]:
    """The 1,416 recorded exchanges."""
    try:
        return recorded_answers()
    except NotInstalled as missing:
        pytest.skip(str(missing))
