"""How a connector behaves: what it touches, how it waits, what its settings say, and what it does when signed out."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import ClassVar

import pytest

from hub.channels.settings import fields_of
from hub.connector import Connector
from hub.errors import AuthExpired, ConnectorError

from .answering import answer_to, said, send
from .needs import asks, needs, signs_in_by_secret
from .network import FakeNetwork
from .watching import bypasses, pull_all, waits

_SECRET = re.compile(r"token|passw|secret|(?:^|_)key$")
_KINDS = {"text", "url", "number", "choice", "channel"}

# Run in an interpreter of its own, where the module has not been imported yet.
_IMPORT = """
import json, sys
import hub.connector, hub.errors, hub.hookspecs, hub.kernel.html, hub.kernel.http.door
touches = {"socket.connect", "socket.getaddrinfo", "socket.bind", "sqlite3.connect", "subprocess.Popen"}
seen = []
def notice(event, args):
    writes = event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+")
    if writes or event in touches:
        seen.append(f"{event} {args[0]!r}")
sys.addaudithook(notice)
__import__(sys.argv[1])
json.dump(seen, sys.stdout)
"""


class Manners:
    """Tests of what no single call is about."""

    connector_class: ClassVar[type[Connector]]

    def test_importing_it_touches_nothing(self) -> None:
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        command = [sys.executable, "-B", "-c", _IMPORT, self.connector_class.__module__]
        ran = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=300)
        assert ran.returncode == 0, ran.stderr
        touched = json.loads(ran.stdout)
        assert not touched, touched

    def test_every_setting_explains_itself(self) -> None:
        for field in fields_of(self.connector_class.Settings):
            assert field.label != field.name, f"{field.name} has no label: declare it with setting()"
            assert field.kind in _KINDS, f"{field.name} is of an unknown kind: {field.kind}"
            assert (field.kind == "choice") == bool(field.choices), f"{field.name} and its choices do not match"
            assert field.secret or not _SECRET.search(field.name), f"{field.name} is to be marked secret=True"

    def test_the_network_is_reached_only_through_the_door(self, connector: Connector, network: FakeNetwork) -> None:
        with bypasses() as seen:
            connector.check()
            message = said(connector, network)
            if connector.features.send:
                send(connector, answer_to(message))
        assert not seen, seen

    def test_it_never_waits_by_itself(self, connector: Connector, network: FakeNetwork) -> None:
        message = said(connector, network)
        with waits() as seen:
            for fault in ("down", *network.rate_limits):
                if asks(self.connector_class):
                    network.fails(next_pulls=[fault])
                    with pytest.raises(ConnectorError):
                        connector.pull(None)
                if connector.features.send:
                    network.fails(next_sends=[fault])
                    with pytest.raises(ConnectorError):
                        send(connector, answer_to(message), key=fault)
        assert not seen, "raise the error: Hubbub waits, and asks others meanwhile"

    def test_the_time_zone_of_the_machine_changes_nothing(self, connector: Connector, network: FakeNetwork) -> None:
        network.says("What time is it?")
        found = []
        for zone in ("UTC0", "HUB3:30"):
            with machine_time_zone(zone):
                found.append({id: message.created_at for id, message in pull_all(connector).latest.items()})
        assert found[0] == found[1]

    @needs(signs_in_by_secret)
    def test_a_withdrawn_access_asks_for_a_new_sign_in(self, connector: Connector, network: FakeNetwork) -> None:
        message = said(connector, network)
        cursor = pull_all(connector).cursor
        network.signs_out()
        with pytest.raises(AuthExpired):
            connector.pull(cursor)
        if connector.features.send:
            with pytest.raises(AuthExpired):
                send(connector, answer_to(message))
            assert not network.arrivals()


@contextlib.contextmanager
def machine_time_zone(zone: str) -> Iterator[None]:
    """Have the machine's clock show another zone's time, as POSIX writes zones."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = zone
    time.tzset()
    try:
        yield
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        time.tzset()
