"""A system that posts webhooks and takes replies over real HTTP, as the contract kit drives it; its log judges."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from hub_plugins.webhook.signing import check_signature, make_secret, signed_headers

from hub.connector import Delivery, Visibility
from hub.testing.clock import FrozenClock
from hub.testing.contract import FakeNetwork
from hub.testing.script import Answer, Arrival, Fault
from hub.testing.server import FakeServer

SECRET, SECOND, THIRD = (make_secret(letter * 32) for letter in (b"a", b"b", b"c"))
_FAULTS = {
    "down": Answer(status=503, headers={"Retry-After": "60"}),
    "rate_limit": Answer(status=429, headers={"Retry-After": "90"}),
    "rate_limit_without_a_time": Answer(status=429),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One reply that arrived."""

    id: str
    text: str
    visibility: Visibility


class System(FakeNetwork):
    """Says what people wrote by webhooks in the plugin's own shape; what we reply it says, too, as ours."""

    page_size: ClassVar[int] = 100
    rate_limits: ClassVar[Sequence[str]] = ("rate_limit", "rate_limit_without_a_time")
    proofs: ClassVar[Sequence[str]] = ("webhook-id", "webhook-timestamp", "webhook-signature")

    def __init__(self, server: FakeServer, clock: FrozenClock, secret: str, *, path: str = "/replies") -> None:
        self.url = server.url + path
        self.knows_ids_again = True
        self._clock = clock
        self._secret = secret
        self._count = itertools.count(1)
        self._bodies: list[tuple[int, dict[str, Any]]] = []
        self._taken: dict[str, Taken] = {}
        self._arrived: list[Taken] = []
        self._gone: dict[str, int] = {}
        self._sends: list[str] = []
        server.on("POST", path).runs(self._take)

    # What people do there.

    def says(
        self,
        text: str,
        *,
        parent: str | None = None,
        at: datetime | None = None,
        visibility: Visibility = Visibility.PUBLIC,
        html: str | None = None,
    ) -> str:
        id = f"m{next(self._count)}"
        body: dict[str, Any] = {
            "id": id,
            "author": {"id": "lena", "name": "Lena Brandt"},
            "created_at": (at or self._clock()).isoformat(),
            "visibility": visibility.value,
        }
        body |= {"html": html} if html else {"text": text}
        return self.posts(body | ({"parent": parent} if parent else {}))

    def edits(self, id: str, text: str) -> None:
        self.posts({**self._body(id), "text": text, "edited_at": self._clock().isoformat()})

    def deletes(self, id: str) -> None:
        self._gone[id] = 404
        self.posts({"id": id, "deleted": True})

    def closes(self, id: str) -> None:
        self._gone[id] = 422

    def garbles(self, id: str) -> None:
        self._body(id).update(author=None, created_at="a week ago")

    def estranges(self, id: str) -> None:
        self._body(id).update(kind="hologram", visibility="inner_circle", mood={"of": ["the", "day"]})

    def native_reply(self, parent: str, text: str) -> str:
        author = {"id": "us", "name": "Brightwater", "is_us": True}
        return self.posts({"id": f"m{next(self._count)}", "author": author, "text": text, "parent": parent})

    def posts(self, body: dict[str, Any]) -> str:
        self._bodies.append((len(self._bodies) + 1, body))
        return str(body["id"])

    def deliveries(self) -> tuple[Delivery, ...]:
        return tuple(self._delivery(number, json.dumps(body).encode()) for number, body in self._bodies)

    # What we do there.

    def fails(self, *, next_sends: Iterable[str] = (), next_pulls: Iterable[str] = ()) -> None:
        self._sends = list(next_sends)

    def arrivals(self) -> Sequence[Taken]:
        return list(self._arrived)

    def _take(self, arrival: Arrival) -> Answer:
        headers = {name.lower(): value for name, value in arrival.headers.items()}
        name = check_signature([self._secret], headers, arrival.body, now=self._clock())
        data = json.loads(arrival.body)["data"]
        fault = self._sends.pop(0) if self._sends else ""
        if fault in _FAULTS:
            return _FAULTS[fault]
        if data["in_reply_to"] in self._gone:
            return Answer(status=self._gone[data["in_reply_to"]])
        self._accept(name, data)
        if fault == "drop":
            return Answer(fault=Fault.DROP)
        return Answer(status=201, body=json.dumps({"id": f"r-{name}"}).encode())

    def _accept(self, name: str, data: Mapping[str, Any]) -> None:
        if self.knows_ids_again and name in self._taken:
            return
        taken = Taken(id=f"r-{name}", text=data["text"], visibility=Visibility(data["visibility"]))
        self._taken[name] = taken
        self._arrived.append(taken)
        author = {"id": "us", "name": "Brightwater", "is_us": True}
        self.posts({"id": taken.id, "author": author, "text": taken.text, "webhook_id": name})

    def _delivery(self, number: int, body: bytes) -> Delivery:
        now = self._clock()
        headers = signed_headers([self._secret], f"d{number}-{self._secret[-6:-2]}", body, now=now)
        return Delivery(number=number, body=body, headers=headers, received_at=now)

    def _body(self, id: str) -> dict[str, Any]:
        return next(body for _, body in reversed(self._bodies) if body["id"] == id)
