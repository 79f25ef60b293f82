"""The memory of `hub up` once every bundled connector was used: right then, and once the processes that rest ended.

    python -m benchmarks.memory

PSS counts a page that several processes share once. The networks are the fake servers of the tests, on loopback.
"""

from __future__ import annotations

import contextlib
import json
import re
import tempfile
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from hub_plugins.webhook.signing import signed_headers

from benchmarks import filled
from hub.channels.children import IDLE_SECONDS
from hub.channels.store import all_channels
from hub.channels.webhook.address import address_of
from hub.kernel.clock import system_clock
from hub.kernel.config import read_config
from hub.kernel.hub import open_hub
from hub.kernel.origin import origin_of
from hub.people import teams
from hub.people.model import OPERATOR
from hub.testing.clock import FrozenClock
from hub.testing.server import FakeServer
from hub.web.security import session_cookie
from tests.app.running import Installation
from tests.plugins import bluesky_server, mastodon_server, webhook_system, wordpress_site
from tests.plugins.feed_blog import Blog
from tests.processes import wait_until

MOST_MB = 250.0
_PAGES = ("/inbox", "/conversations/1", "/account")

Networks = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What one process holds, in MB."""

    name: str
    pss: float
    rss: float


def main(rest: float = IDLE_SECONDS + 15) -> None:
    """Measure and print. rest: seconds after which connectors that nobody asks have ended."""
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as name, contextlib.ExitStack() as stack:
        installation = Installation(Path(name) / "data")
        _connect(installation, _networks(stack, installation))
        stack.enter_context(installation.running())
        _use(installation)
        _print("every connector used once", held(installation.program.pid))
        time.sleep(rest)
        _print(f"{rest:.0f} s later", held(installation.program.pid))


def held(leader: int) -> list[Held]:
    """What every process below this one holds."""
    found = []
    for pid in _family(leader):
        with contextlib.suppress(OSError):
            sizes = dict(
                re.findall(r"^(Pss|Rss):\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
            )
            found.append(Held(name=_name(pid), pss=int(sizes["Pss"]) / 1024, rss=int(sizes["Rss"]) / 1024))
    return found


def _networks(stack: contextlib.ExitStack, installation: Installation) -> Networks:
    """A fake server for each connector, and the settings that lead there."""
    now = FrozenClock(system_clock())
    mastodon = stack.enter_context(mastodon_server.FakeMastodon(clock=system_clock))
    bluesky = stack.enter_context(bluesky_server.FakeBluesky(system_clock))
    wordpress = stack.enter_context(wordpress_site.FakeWordPress())
    server = stack.enter_context(FakeServer())
    blog = Blog(server, now)
    blog.comments("Nice!")
    for network in (mastodon, bluesky, wordpress):
        network.says("Hello", html="<p>Hello</p>")
    servers = (mastodon.server, bluesky.server, wordpress.server, server)
    installation.environ["HUB_ALLOW_HOSTS"] = ",".join(each.address for each in servers)
    return {
        "mastodon": {"address": mastodon.url, "token": mastodon_server.TOKEN},
        "bluesky": {
            "handle": "brightwater.test",
            "app_password": bluesky_server.PASSWORD,
            "service": bluesky.url,
        },
        "wordpress": {"address": wordpress.url, "user": "maya", "password": wordpress_site.PASSWORD},
        "feed": {"address": blog.url},
        "webhook": {"secret": webhook_system.SECRET},
        "sandbox": {"account": "@brightwater", "talk": "0"},
    }


def _connect(installation: Installation, networks: Networks) -> None:
    _hub(installation, "init")
    for kind, settings in networks.items():
        chosen = [f"--set={name}={value}" for name, value in settings.items()]
        _hub(installation, "channel", "add", kind, kind, *chosen, "--json")


def _hub(installation: Installation, *arguments: str) -> None:
    ended = installation.run(*arguments)
    if ended.returncode:
        raise RuntimeError(f"hub {' '.join(arguments)}: {ended.stderr}")


def _use(installation: Installation) -> None:
    """Wait until every channel was pulled, post one webhook, and look at some pages."""
    config = read_config({**installation.environ, "HUB_BASE_URL": f"http://127.0.0.1:{installation.port}"})
    with contextlib.closing(open_hub(config)) as hub:

        def are_pulled() -> bool:
            with hub.database.reading() as session:
                return all(each.pulled_at is not None for each in all_channels(session) if each.kind != "webhook")

        wait_until(are_pulled, "the first pull of every channel", alive=installation.program)
        with hub.database.reading() as session:
            hook = next(each.id for each in all_channels(session) if each.kind == "webhook")
            path = urlsplit(address_of(hub, session, hook)).path
        token = filled.sign_in(hub, "ann", [teams.first(hub, OPERATOR).id])
    said = {"id": "m1", "text": "Hello", "author": {"id": "u1", "name": "Ann"}, "created_at": "2026-01-01T10:00:00Z"}
    body = json.dumps(said).encode()
    signed = signed_headers([webhook_system.SECRET], "msg_1", body, now=system_clock())
    _ask(installation, path, {**signed, "Content-Type": "application/json"}, body)
    for page in _PAGES:
        _ask(installation, page, {"Cookie": f"{session_cookie(origin_of(config))}={token}"})


def _ask(installation: Installation, path: str, headers: Mapping[str, str], body: bytes | None = None) -> None:
    asked = urllib.request.Request(f"http://127.0.0.1:{installation.port}{path}", body, dict(headers))
    with urllib.request.urlopen(asked, timeout=60) as answer:
        answer.read()


def _family(leader: int) -> list[int]:
    """Every descendant of the process that started the installation, which is not part of it."""
    parents = {}
    for status in Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError):
            parents[int(status.parent.name)] = int(re.findall(r"PPid:\s+(\d+)", status.read_text())[0])
    found = [leader]
    for each in found:
        found += [pid for pid, parent in parents.items() if parent == each]
    return found[1:]


def _name(pid: int) -> str:
    """Which of our processes it is, by how it was started."""
    words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    with_hub = [word for word in words if word.startswith("hub") or word in ("serve", "work")]
    return " ".join(with_hub[:2])


def _print(title: str, held: list[Held]) -> None:
    print(f"\n{title}")
    for each in held:
        print(f"  {each.name:24} PSS {each.pss:6.1f} MB   RSS {each.rss:6.1f} MB")
    pss, rss = sum(each.pss for each in held), sum(each.rss for each in held)
    verdict = "met" if pss <= MOST_MB else "MISSED"
    print(f"  {'all':24} PSS {pss:6.1f} MB   RSS {rss:6.1f} MB   ≤ {MOST_MB:g} MB {verdict}")


if __name__ == "__main__":
    main()
