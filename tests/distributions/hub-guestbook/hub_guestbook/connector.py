"""The guest book of a web site: entries and answers to them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub import (
    Author,
    Check,
    Connector,
    Features,
    Incoming,
    Kind,
    Limits,
    Measure,
    Outgoing,
    Page,
    Part,
    Plan,
    Receipt,
    Skipped,
    setting,
)
from hub.errors import Ambiguous, AuthExpired, Gone, Misconfigured, Rejected, Unavailable

LONGEST = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    address: str = setting("Address of the book", kind="url", help="For example https://example.com/book")
    token: str = setting("Token", secret=True, help="The book's owner finds it on the last page.")


class Guestbook(Connector):
    kind = "guestbook"
    label = "Guest book"
    Settings = Book
    features = Features(send=True, reconcile=True, reserves=True, threads=True)

    def check(self) -> Check:
        owner = self._ask("GET", "/owner")
        return Check(account=_author(owner, us=owner["id"]), title=owner["book"], limits={"characters": LONGEST})

    def pull(self, cursor: str | None) -> Page:
        after = int(cursor or 0)
        answer = self._ask("GET", f"/entries?after={after}")
        messages, skipped = [], []
        for entry in answer["entries"]:
            try:
                messages.append(_message(entry, us=answer["owner"]))
            except (KeyError, TypeError, ValueError) as error:
                skipped.append(Skipped(reason=repr(error), raw=json.dumps(entry)))
        return Page(
            cursor=str(max([after, *(int(message.remote_id) for message in messages)])),
            messages=tuple(messages),
            skipped=tuple(skipped),
            history=cursor is None,
        )

    @classmethod
    def measure(cls, outgoing: Outgoing, limits: Limits) -> Measure:
        used, limit = len(outgoing.text), limits.get("characters", LONGEST)
        return Measure(units={"characters": (used, limit)}, errors=("too_long",) if used > limit else ())

    def plan(self, outgoing: Outgoing, key: str) -> Plan:
        return Plan(outgoing=outgoing, parts=(Part(text=outgoing.text, reserved=key),))

    def send(self, plan: Plan, part: int, previous: Receipt | None) -> Receipt:
        piece = plan.parts[part]
        entry = {"text": piece.text, "parent": plan.outgoing.target.remote_id, "key": piece.reserved}
        return _receipt(self._ask("POST", "/entries", entry))

    def reconcile(self, plan: Plan, part: int, since: datetime) -> Receipt | None:
        found = self._ask("GET", f"/entries?key={plan.parts[part].reserved}")["entries"]
        return _receipt(found[0]) if found else None

    def _ask(self, method: str, path: str, entry: Mapping[str, Any] | None = None) -> Any:
        answer = self.context.http.request(
            method,
            self.settings.address.rstrip("/") + path,
            headers={"Authorization": f"Bearer {self.settings.token}"},
            json=entry,
        )
        if answer.status == 401:
            raise AuthExpired("signed_out")
        if answer.status == 404 and method == "GET":
            raise Misconfigured("not_found", field="address")
        if answer.status in (404, 410):
            raise Gone("deleted")
        if answer.status >= 500:
            raise Unavailable("down") if method == "GET" else Ambiguous("down")
        if answer.status >= 400:
            raise Rejected("refused", detail=answer.text[:200])
        return answer.json()


def _message(entry: Mapping[str, Any], *, us: str) -> Incoming:
    return Incoming(
        remote_id=str(int(entry["id"])),
        revision="h1:" + hashlib.sha256(entry["text"].encode()).hexdigest(),
        kind=Kind.COMMENT,
        author=_author(entry["author"], us=us),
        text=entry["text"],
        created_at=datetime.fromisoformat(entry["at"]),
        parent_id=str(entry["parent"]) if entry.get("parent") else None,
        correlation=entry.get("key"),
        raw=entry,
    )


def _author(person: Mapping[str, Any], *, us: str) -> Author:
    return Author(id=person["id"], name=person["name"], is_us=person["id"] == us)


def _receipt(entry: Mapping[str, Any]) -> Receipt:
    return Receipt(remote_id=str(entry["id"]), at=datetime.fromisoformat(entry["at"]))
