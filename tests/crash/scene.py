"""An installation whose processes die: a worker and a desk, started, killed and judged by a driver that survives."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from hub_plugins.sandbox.network import FILE, Network

from hub.channels.children import ChildConnectors
from hub.channels.connect import add_channel
from hub.errors import HubError
from hub.inbox.indexing import sweep
from hub.inbox.search import search_conversations
from hub.kernel.config import Config, read_config
from hub.kernel.hub import Hub, open_hub, prepare
from hub.kernel.sqlite import SqliteDatabase
from hub.people.model import OPERATOR
from tests.house import ROOT
from tests.processes import wait_until

OUR_ACCOUNT = "@brightwater"
_TEAM = "INSERT INTO teams (name, created_at) VALUES ('Care', :now) RETURNING id"
_AGENT = """
    INSERT INTO agents (email, name, role, created_at) VALUES ('ana@brightwater.example', 'Ana', 'agent', :now)
    RETURNING id"""


class Process:
    """One program of the installation, as often as it has to be started again."""

    def __init__(self, arguments: list[str], environ: Mapping[str, str], log: Path) -> None:
        self._arguments = arguments
        self._environ = environ
        self._log = log
        self._running: subprocess.Popen[bytes] | None = None
        self._readers: list[threading.Thread] = []
        self.said: list[str] = []

    def start(self, **environ: str) -> None:
        with self._log.open("ab") as errors:
            self._running = subprocess.Popen(
                [sys.executable, "-m", *self._arguments],
                cwd=ROOT,
                env={**os.environ, **self._environ, **environ},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        reader = threading.Thread(target=self._listen, args=(self._running,), daemon=True)
        reader.start()
        self._readers.append(reader)

    def _listen(self, running: subprocess.Popen[bytes]) -> None:
        assert running.stdout is not None
        with running.stdout as lines:
            # A line that was cut short was promised to nobody.
            self.said += [line.decode().rstrip("\n") for line in lines if line.endswith(b"\n")]

    def kill(self) -> None:
        """As by kill -9, or by a power cut of this one process."""
        self.end(signal.SIGKILL)

    def tell(self, number: signal.Signals) -> None:
        """Send a signal and go on."""
        assert self._running is not None
        self._running.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, wait for the end, and return the exit code."""
        self.tell(number)
        return self.wait()

    def wait(self) -> int:
        """Wait until it ends by itself."""
        running, self._running = self._running, None
        assert running is not None and running.stdin is not None
        code = running.wait(180)
        running.stdin.close()
        for reader in self._readers:
            reader.join()
        return code

    @property
    def pid(self) -> int:
        assert self._running is not None
        return self._running.pid

    def kill_children(self) -> None:
        """End what it has started, as the kernel does when memory runs out."""
        for started in Path(f"/proc/{self.pid}/task").glob("*/children"):
            for child in started.read_text().split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(child), signal.SIGKILL)

    @property
    def stands_still(self) -> bool:
        """Whether it is stopped (by SIGSTOP), as the kernel says."""
        stat = Path(f"/proc/{self.pid}/stat").read_text()
        return stat.rpartition(")")[2].split()[0] == "T"

    @property
    def has_ended(self) -> bool:
        return self._running is None or self._running.poll() is not None

    def close(self) -> None:
        if self._running is not None:
            self.kill()


class Scene:
    """What the driver does (`says`, `hurries`), and what it judges by (`judge`)."""

    def __init__(self, config: Config, hub: Hub, log: Path) -> None:
        self.hub = hub
        self.network = Network(config.data / FILE)
        self.network.hush()
        self.said: dict[str, str] = {}
        with hub.database.transaction() as session:
            team = session.insert(_TEAM, now=hub.clock())
            agent = session.insert(_AGENT, now=hub.clock())
        with contextlib.closing(ChildConnectors(hub)) as connectors:
            values = {"account": OUR_ACCOUNT, "talk": "0"}
            add_channel(hub, connectors, kind="forgetful", name=OUR_ACCOUNT, team_id=team, values=values)
        self._environ = {"HUB_DATA": str(config.data), "HUB_DATABASE_URL": config.database_url}
        self.log = log
        self.worker = self.another_worker()
        self.desk = Process(["tests.crash.desk", str(agent)], self._environ, log)

    def another_worker(self) -> Process:
        """One more worker of this installation, not yet started."""
        return Process(["hub", "work", "--supervised"], self._environ, self.log)

    def says(self, text: str) -> str:
        """Somebody speaks; from now on this must be in the inbox exactly once."""
        remote_id = self.network.person("lena").says(text, to=OUR_ACCOUNT)
        self.said[remote_id] = text
        return remote_id

    def edits(self, remote_id: str, text: str) -> None:
        self.network.edits(remote_id, text)
        self.said[remote_id] = text

    def hurries(self) -> None:
        """Pull and try again at once; no test can wait for the pace of a quiet channel and the pauses after a fault.

        What is claimed stays claimed: until the dead worker's silence is long enough, nobody touches it.
        """
        with contextlib.suppress(HubError), self.hub.database.transaction() as session:
            session.run("UPDATE channels SET next_pull_at = 0 WHERE state = 'active'")
            session.run("UPDATE outbox SET due_at = 0 WHERE state = 'queued'")

    def outlives(self) -> None:
        """Let the time pass after which a dead worker's claims and deadlines count no more."""
        with self.hub.database.transaction() as session:
            session.run("UPDATE workers SET beat_ms = 0")
            session.run("UPDATE outbox SET sending_until_ms = 0 WHERE state = 'sending'")

    def goes_on_until(self, doomed: Process) -> bool:
        """Help what was said through to its answer, without pulling the echo that would make every look-up idle."""
        if not self._inbox():
            self.hurries()
        self.looks_at_once()
        return doomed.has_ended

    def looks_at_once(self) -> None:
        """Let the time a network is given to settle pass, which no test can wait for."""
        with self.hub.database.transaction() as session:
            session.run("UPDATE outbox SET sending_until_ms = 0 WHERE state = 'sending' AND error_code IS NOT NULL")

    def heard(self, plugins: Path) -> list[int]:
        """The messages the listener was told of."""
        return [int(line) for file in plugins.glob("*.heard") for line in file.read_text().split()]

    def message_ids(self) -> set[int]:
        with self.hub.database.reading() as session:
            return {row["id"] for row in session.all("SELECT id FROM messages WHERE direction = 'in'")}

    def is_settled(self) -> bool:
        """Whether everything said was taken in and answered, and nothing is left to do."""
        self.hurries()
        if any(process.has_ended for process in (self.worker, self.desk)):
            raise AssertionError(f"a process ended by itself:\n{self.log.read_text()[-3000:]}")
        return self._inbox() == Counter(self.said.items()) and self.states() == Counter(sent=len(self.said))

    def _inbox(self) -> Counter[tuple[str, str]]:
        with self.hub.database.reading() as session:
            rows = session.all("SELECT remote_id, text FROM messages WHERE direction = 'in'")
        return Counter((row["remote_id"], row["text"]) for row in rows)

    def claims(self) -> int:
        """How many channels and outbox items are claimed."""
        with self.hub.database.reading() as session:
            row = session.one(
                "SELECT (SELECT count(*) FROM channels WHERE claimed_by IS NOT NULL)"
                " + (SELECT count(*) FROM outbox WHERE claimed_by IS NOT NULL) AS claims"
            )
        return int(row["claims"]) if row else 0

    def states(self) -> Counter[str]:
        """How many outbox items are in each state."""
        with self.hub.database.reading() as session:
            return Counter(row["state"] for row in session.all("SELECT state FROM outbox"))

    def judge(self) -> None:
        """The promises: in once, out once, nothing stuck, nothing damaged. The network's own log is the judge."""
        arrived = Counter(arrival.text for arrival in self.network.arrivals())
        assert arrived == Counter(f"answer to {remote_id}" for remote_id in self.said)
        assert not set(self.desk.said) - set(arrived), "an answer was promised and did not arrive"
        assert self._inbox() == Counter(self.said.items())
        with self.hub.database.reading() as session:
            ours = session.all("SELECT remote_id, text FROM messages WHERE direction = 'out'")
        assert Counter(row["text"] for row in ours) == arrived, "an echo of ours stands in the inbox twice"
        self._judge_search()
        if isinstance(self.hub.database, SqliteDatabase):
            with self.hub.database.reading() as session:
                assert [dict(row) for row in session.all("PRAGMA integrity_check")] == [{"integrity_check": "ok"}]
                assert session.all("PRAGMA foreign_key_check") == []

    def _judge_search(self) -> None:
        """What a sweep died over is swept by the next one; then everything is found, and once."""
        while sweep(self.hub):
            pass
        with self.hub.database.reading() as session:
            indexed = session.all("SELECT message_id FROM search_texts ORDER BY message_id")
            there = session.all("SELECT id AS message_id FROM messages ORDER BY id")
            assert [row["message_id"] for row in indexed] == [row["message_id"] for row in there]
            for text in set(self.said.values()):
                assert search_conversations(session, OPERATOR, f'"{text}"').hits, f"{text!r} is not found"

    def wait_until_settled(self) -> None:
        try:
            wait_until(self.is_settled, "everything to be taken in and answered")
        except RuntimeError as late:
            missing = Counter(self.said.items()) - self._inbox()
            raise AssertionError(f"{late}: {self.states()}, not taken in: {missing}\n{self._tail()}") from late

    def _tail(self) -> str:
        return self.log.read_text()[-3000:]

    def close(self) -> None:
        self.worker.close()
        self.desk.close()
        self.network.close()


@contextlib.contextmanager
def opened_scene(folder: Path, database_url: str) -> Iterator[Scene]:
    config = read_config({"HUB_DATABASE_URL": database_url}, data=folder / "data")
    prepare(config)
    with contextlib.closing(open_hub(config)) as hub:
        scene = Scene(config, hub, folder / "log")
        with contextlib.closing(scene):
            yield scene
