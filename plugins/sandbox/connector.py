"""The connector of the sandbox network: written like any other's, against a network in a file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from hub import (
    Action,
    Attachment,
    Check,
    Connector,
    Context,
    Features,
    Limits,
    Measure,
    Outgoing,
    Page,
    Part,
    Plan,
    Receipt,
    Upload,
    Visibility,
    setting,
)
from hub.errors import Misconfigured, OutOfOrder, Rejected, Unavailable

from .faults import strike_after, strike_before
from .mapping import OVERLAP, Cursor, author_of, instruction, read_changes, read_cursor, receipt_of
from .model import Arrival, Change, Gate, Refused, Sending, Words
from .network import FILE, LONGEST, MOST_PICTURES, Network, graphemes
from .pictures import ADDRESS

PAGE = 50
MOST_TALK = 3600

_MARKS = frozenset({"like", "boost", "bookmark", "hide"})
_UNMARKS = {f"un{mark}": mark for mark in _MARKS}
_HANDLE = re.compile(r"@?[a-z0-9_]{1,30}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSettings:
    """account: our handle there. talk: how many conversations an hour people start on their own."""

    account: str = setting("Account", help="Any name you like; the sandbox lets it in.", default="@brightwater")
    talk: int = setting(
        "Conversations per hour",
        help="About how many people start talking to you of their own accord. 0: nobody does.",
        kind="number",
        default=20,
    )


class SandboxConnector(Connector):
    """One account of ours on the sandbox network."""

    kind = "sandbox"
    label = "Sandbox"
    Settings = SandboxSettings
    features = Features(
        send=True,
        reconcile=True,
        reserves=True,
        threads=True,
        edits=True,
        deletes=True,
        actions=frozenset({*_MARKS, *_UNMARKS, "edit", "delete"}),
        visibilities=tuple(Visibility),
        attachments=MOST_PICTURES,
        quotes=True,
        content_warnings=True,
    )

    def __init__(self, settings: SandboxSettings, context: Context) -> None:
        super().__init__(settings, context)
        self._network = Network(context.data / FILE, context.clock)

    @property
    def _account(self) -> str:
        handle = str(self.settings.account).strip().lower()
        if not _HANDLE.fullmatch(handle):
            raise Misconfigured("handle", field="account")
        return "@" + handle.removeprefix("@")

    @property
    def _talk(self) -> int:
        talk: int = self.settings.talk
        if not 0 <= talk <= MOST_TALK:
            raise Misconfigured("out_of_range", field="talk")
        return talk

    def check(self) -> Check:
        account, _ = self._account, self._talk
        with _reaching():
            person = self._network.welcome(account)
        return Check(account=author_of(person), title="Sandbox", limits={"graphemes": LONGEST})

    def pull(self, cursor: str | None) -> Page:
        account = self._account
        with _reaching():
            fault = self._fault("pull")
            self._network.welcome(account)
            self._network.wake(account, self._talk)
            at = read_cursor(cursor, born=self._network.born, last=self._network.last_change())
            changes = self._network.changes(account, at.after, PAGE)
            page = self._page(at, changes)
        return cast(Page, strike_after(fault, page, wrote=False))

    def _page(self, at: Cursor, changes: tuple[Change, ...]) -> Page:
        more = len(changes) == PAGE
        last = changes[-1].number if changes else at.after
        after = last if more else max(0, last - OVERLAP)
        read = read_changes(changes, self._account)
        return Page(
            cursor=Cursor(born=at.born, after=after, first=at.first and more).written(),
            messages=read.messages,
            deleted=read.deleted,
            skipped=read.skipped,
            more=more,
            history=at.first,
        )

    @classmethod
    def measure(cls, outgoing: Outgoing, limits: Limits) -> Measure:
        used, limit = graphemes(outgoing.text), limits.get("graphemes", LONGEST)
        errors = ["empty"] if not outgoing.text.strip() else []
        if used > limit:
            errors.append("too_long")
        if len(outgoing.attachments) > MOST_PICTURES:
            errors.append("too_many_pictures")
        return Measure(units={"graphemes": (used, limit)}, errors=tuple(errors))

    def plan(self, outgoing: Outgoing, key: str) -> Plan:
        if outgoing.visibility.is_wider_than(outgoing.target.visibility):
            raise Rejected("wider_audience")
        return Plan(outgoing=outgoing, parts=(Part(text=outgoing.text, reserved=key),))

    def send(self, plan: Plan, part: int, previous: Receipt | None) -> Receipt:
        sending = self._sending(plan, part)
        with _reaching():
            fault = self._fault("send")
            arrival = self._network.accept(sending)
        return cast(Receipt, strike_after(fault, receipt_of(arrival), wrote=True))

    def reconcile(self, plan: Plan, part: int, since: datetime) -> Receipt | None:
        reserved = plan.parts[part].reserved or ""
        with _reaching():
            fault = self._fault("look")
            arrival: Arrival | None = self._network.arrival(self._account, reserved)
        found = None if arrival is None else receipt_of(arrival)
        return cast("Receipt | None", strike_after(fault, found, wrote=True))

    def act(self, action: Action) -> None:
        if action.name not in self.features.actions:
            raise NotImplementedError(f"{self.kind} does not {action.name}")
        account, id = self._account, action.target.remote_id
        with _reaching():
            if action.name in _MARKS:
                self._network.mark(account, id, action.name)
            elif action.name in _UNMARKS:
                self._network.unmark(account, id, _UNMARKS[action.name])
            elif action.name == "edit":
                self._network.rewrite(account, id, action.text)
            else:
                self._network.withdraw(account, id)

    def close(self) -> None:
        self._network.close()

    def _fault(self, gate: Gate) -> str:
        fault = self._network.take_fault(gate)
        strike_before(fault, self.context)
        return fault

    def _sending(self, plan: Plan, part: int) -> Sending:
        outgoing = plan.outgoing
        words = Words(
            text=plan.parts[part].text,
            language=outgoing.language,
            visibility=outgoing.visibility,
            warning=outgoing.content_warning,
            attachments=tuple(map(self._taken_along, outgoing.attachments)),
            quotes=outgoing.target.remote_id if outgoing.quote else None,
        )
        reserved = plan.parts[part].reserved
        return Sending(account=self._account, parent=outgoing.target.remote_id, words=words, reserved=reserved)

    def _taken_along(self, upload: Upload) -> Attachment:
        """A picture as the network keeps it. Raises Gone when its bytes are not there any more."""
        body = self.context.uploads.read(upload)
        return Attachment(
            kind="image",
            url=f"{ADDRESS}{upload.id}",
            media_type=upload.media_type,
            alt=upload.alt,
            size=len(body),
        )


@contextmanager
def _reaching() -> Iterator[None]:
    """Tell the network's refusals and a file that cannot be used as instructions."""
    try:
        yield
    except Refused as refused:
        raise instruction(refused) from refused
    except OutOfOrder as error:
        # A file that cannot be written took nothing in.
        raise Unavailable("unreachable", detail=str(error)) from error
