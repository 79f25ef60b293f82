"""A network that exists only in memory, with a small language to make it talk, fail and crash. For quick flow tests.

fake.says("one").says("two", parent="m1").page_size(1)
fake.fails("drop", "refuse")        the next sends: accepted without an answer, then refused
fake.arrivals                       what reached the network: the only judge of "sent twice"
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hub.connector import (
    Action,
    Author,
    Check,
    Connector,
    Deleted,
    DeletedBy,
    Emoji,
    Features,
    Incoming,
    Kind,
    Limits,
    Measure,
    Moderation,
    Outgoing,
    Page,
    Part,
    Plan,
    Poll,
    Post,
    Receipt,
    ReplyRules,
    Skipped,
    Visibility,
    setting,
)
from hub.errors import AlreadySent, Ambiguous, AuthExpired, ConnectorError, Gone, RateLimited, Rejected, Unavailable
from hub.kernel.clock import Clock

US = Author(id="us", handle="@brightwater", name="Brightwater", is_us=True)
LENA = Author(id="lena", handle="@lena", name="Lena Brandt")
MILAN = Author(id="milan", handle="@milan", name="Milan Petrović")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One write that reached the network."""

    reserved: str | None
    parent: str
    text: str
    pictures: tuple[str, ...] = ()


class Crash(BaseException):
    """The process dies here, as far as the code under test can tell."""


BREAK = "\n---\n"
"""Where a text goes on in a post of its own."""


class FakeNetwork:
    """Everything the network knows; connectors made by `connector_class` speak to it."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.feed: list[Incoming | Deleted | Post | Skipped] = []
        self.arrivals: list[Arrival] = []
        self.deeds: list[tuple[str, str]] = []
        self.changed: dict[str, str] = {}
        self.sent: list[Outgoing] = []
        self._receipts: dict[str, Receipt] = {}
        self._faults: deque[str] = deque()
        self._pull_faults: deque[Exception] = deque()
        self._page_size = 50
        self._echoes = True
        self._count = 0

    def says(
        self,
        text: str,
        *,
        id: str | None = None,
        by: Author = LENA,
        parent: str | None = None,
        root: str | None = None,
        post: Post | None = None,
        revision: str = "1",
        kind: Kind = Kind.MENTION,
        visibility: Visibility = Visibility.PUBLIC,
        addressed: bool = True,
        moderation: Moderation | None = None,
        reply: ReplyRules | None = None,
        html: str | None = None,
        at: datetime | None = None,
        edited_at: datetime | None = None,
        correlation: str | None = None,
        done: tuple[str, ...] = (),
        undone: tuple[str, ...] = (),
        content_warning: str = "",
        emoji: tuple[Emoji, ...] = (),
        poll: Poll | None = None,
    ) -> FakeNetwork:
        """Somebody says something; ids are m1, m2 … unless given."""
        self._count += 1
        self.feed.append(
            Incoming(
                remote_id=id if id is not None else f"m{self._count}",
                revision=revision,
                kind=kind,
                author=by,
                text=text,
                html=html,
                created_at=at or self.clock() + timedelta(milliseconds=self._count) - timedelta(seconds=30),
                parent_id=parent,
                root_id=root,
                post=post,
                addressed=addressed,
                visibility=visibility,
                moderation=moderation,
                reply=reply or ReplyRules(),
                edited_at=edited_at,
                correlation=correlation,
                done=done,
                undone=undone,
                content_warning=content_warning,
                emoji=emoji,
                poll=poll,
            )
        )
        return self

    def recounts(self, post: Post) -> FakeNetwork:
        """A post that stands above messages is told anew."""
        self.feed.append(post)
        return self

    def deletes(self, id: str, *, by: DeletedBy = DeletedBy.AUTHOR) -> FakeNetwork:
        self.feed.append(Deleted(remote_id=id, at=self.clock(), by=by))
        return self

    def sends_garbage(self, raw: str) -> FakeNetwork:
        self.feed.append(Skipped(reason="not_readable", raw=raw))
        return self

    def page_size(self, size: int) -> FakeNetwork:
        self._page_size = size
        return self

    def keeps_echoes(self) -> FakeNetwork:
        """Our own sends do not come back in pulls."""
        self._echoes = False
        return self

    def fails(self, *faults: str) -> FakeNetwork:
        """Script the next sends: ok, drop, refuse, down, limit, gone, signed_out, bug, crash."""
        self._faults.extend(faults)
        return self

    def recovers(self) -> FakeNetwork:
        """Whatever was scripted to fail does not."""
        self._faults.clear()
        self._pull_faults.clear()
        return self

    def fails_to_pull(self, *errors: Exception) -> FakeNetwork:
        self._pull_faults.extend(errors)
        return self

    def page(self, cursor: str | None) -> Page:
        if self._pull_faults:
            raise self._pull_faults.popleft()
        start = int(cursor or 0)
        items = self.feed[start : start + self._page_size]
        end = start + len(items)
        return Page(
            cursor=str(end),
            messages=tuple(item for item in items if isinstance(item, Incoming)),
            deleted=tuple(item for item in items if isinstance(item, Deleted)),
            posts=tuple(item for item in items if isinstance(item, Post)),
            skipped=tuple(item for item in items if isinstance(item, Skipped)),
            more=end < len(self.feed),
        )

    def accept(self, plan: Plan, part: int) -> Receipt:
        """Take one write, or fail as scripted."""
        fault = self._faults.popleft() if self._faults else "ok"
        before = _BEFORE.get(fault)
        if before is not None:
            raise before(self.clock())
        reserved = plan.parts[part].reserved
        if reserved in self._receipts:
            raise AlreadySent(self._receipts[reserved])
        receipt = self._arrive(plan, part)
        if fault == "drop":
            raise Ambiguous("timeout")
        if fault == "bug":
            raise ZeroDivisionError("a bug after the write")
        if fault == "crash":
            raise Crash
        return receipt

    def _arrive(self, plan: Plan, part: int) -> Receipt:
        piece, target = plan.parts[part], plan.outgoing.target
        self.sent.append(plan.outgoing)
        pictures = tuple(upload.alt for upload in plan.outgoing.attachments) if part == 0 else ()
        self.arrivals.append(
            Arrival(reserved=piece.reserved, parent=target.remote_id, text=piece.text, pictures=pictures)
        )
        receipt = Receipt(remote_id=f"a{len(self.arrivals)}", at=self.clock())
        if piece.reserved:
            self._receipts[piece.reserved] = receipt
        if self._echoes:
            self.says(
                piece.text,
                id=receipt.remote_id,
                by=US,
                parent=target.remote_id,
                root=target.root_id,
                correlation=piece.reserved,
                at=self.clock(),
            )
        return receipt

    def do(self, name: str, remote_id: str) -> None:
        """Do something to a message, or fail as scripted."""
        fault = self._faults.popleft() if self._faults else "ok"
        before = _BEFORE.get(fault)
        if before is not None:
            raise before(self.clock())
        self.deeds.append((name, remote_id))
        if fault == "drop":
            raise Ambiguous("timeout")
        if fault == "bug":
            raise ZeroDivisionError("a bug after the write")
        if fault == "crash":
            raise Crash

    def look_up(self, plan: Plan, part: int) -> Receipt | None:
        return self._receipts.get(plan.parts[part].reserved or "")

    def connector_class(self, *, features: Features | None = None, kind: str = "fake") -> type[Connector]:
        """A connector class that speaks to this network."""
        network = self

        class Bound(FakeConnector):
            pass

        Bound.kind = kind
        Bound.network = network
        Bound.features = features or FakeConnector.features
        return Bound


_BEFORE: dict[str, Callable[[datetime], ConnectorError]] = {
    "refuse": lambda now: Rejected("spam", detail="no, thank you"),
    "down": lambda now: Unavailable("unreachable"),
    "limit": lambda now: RateLimited("slow_down", retry_at=now + timedelta(seconds=90)),
    "gone": lambda now: Gone("deleted"),
    "signed_out": lambda now: AuthExpired("revoked"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeSettings:
    """What the form of a fake channel asks."""

    handle: str = setting("Handle", default="@brightwater")
    token: str = setting("Token", secret=True, default="")


class FakeConnector(Connector):
    """A connector to a FakeNetwork, made by `FakeNetwork.connector_class`."""

    kind = "fake"
    label = "Fake"
    Settings = FakeSettings
    features = Features(
        send=True,
        reconcile=True,
        reserves=True,
        threads=True,
        edits=True,
        deletes=True,
        actions=frozenset({"like", "unlike", "edit", "delete", "approve", "hold", "spam", "trash", "restore"}),
        attachments=4,
        quotes=True,
        content_warnings=True,
    )
    network: FakeNetwork

    def check(self) -> Check:
        account = replace(US, id=US.id if self.settings.handle == US.handle else self.settings.handle)
        return Check(account=replace(account, handle=self.settings.handle), title="Fake", limits={"characters": 500})

    def pull(self, cursor: str | None) -> Page:
        return self.network.page(cursor)

    @classmethod
    def measure(cls, outgoing: Outgoing, limits: Limits) -> Measure:
        limit = limits.get("characters", 500)
        pieces = tuple(outgoing.text.split(BREAK))
        used = max(map(len, pieces))
        return Measure(
            units={"characters": (used, limit)},
            parts=len(pieces),
            texts=pieces if len(pieces) > 1 else (),
            errors=("too_long",) if used > limit else (),
        )

    def plan(self, outgoing: Outgoing, key: str) -> Plan:
        pieces = outgoing.text.split(BREAK)
        return Plan(
            outgoing=outgoing,
            parts=tuple(Part(text=piece, reserved=f"{key}:{number}") for number, piece in enumerate(pieces)),
        )

    def send(self, plan: Plan, part: int, previous: Receipt | None) -> Receipt:
        return self.network.accept(plan, part)

    def reconcile(self, plan: Plan, part: int, since: datetime) -> Receipt | None:
        return self.network.look_up(plan, part)

    def act(self, action: Action) -> None:
        self.network.do(action.name, action.target.remote_id)
        if action.name == "edit":
            self.network.changed[action.target.remote_id] = action.text
