"""Networks for tests of sending: one that knows nothing of our ids, and two that see what is wrong about a call."""

from __future__ import annotations

from collections import deque
from datetime import datetime

from hub.connector import Connector, Features, Outgoing, Part, Plan, Receipt
from hub.errors import AlreadySent, AuthExpired, Gone, RateLimited, Rejected, Unavailable
from hub.kernel.clock import Clock
from hub.testing.fake import BREAK, FakeNetwork

UNRECONCILABLE = Features(send=True, reconcile=False, threads=True, actions=frozenset({"like", "unlike"}))


class LooseNetwork(FakeNetwork):
    """Takes no id that we choose, and everything as often as it is sent. A look-up compares parent and text."""

    def connector_class(self, *, features: Features | None = None, kind: str = "fake") -> type[Connector]:
        class Unreserved(super().connector_class(features=features, kind=kind)):  # type: ignore[misc]
            def plan(self, outgoing: Outgoing, key: str) -> Plan:
                pieces = outgoing.text.split(BREAK)
                return Plan(outgoing=outgoing, parts=tuple(Part(text=piece) for piece in pieces))

        return Unreserved

    def look_up(self, plan: Plan, part: int) -> Receipt | None:
        wanted = (plan.outgoing.target.remote_id, plan.parts[part].text)
        for number, arrival in enumerate(self.arrivals, 1):
            if (arrival.parent, arrival.text) == wanted:
                return Receipt(remote_id=f"a{number}", at=self.clock())
        return None


class Witness(FakeNetwork):
    """Keeps what a judge needs to know of each call. Texts name their calls, so each may be used for one part only.

    wrong: what must never happen, in words. unanswered: texts whose call may have arrived while nobody was told.
    excused: texts that need not arrive, since the network refused them or could not be asked about them.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.latest = clock()
        self.arrived_at: list[datetime] = []
        self.wrong: list[str] = []
        self.unanswered: set[str] = set()
        self.excused: set[str] = set()
        self.is_paused = False
        self.calls_under_way = 0
        self._look_up_faults: deque[str] = deque()

    def fails_to_look_up(self, *faults: str) -> None:
        """Script the next look-ups: ok, down."""
        self._look_up_faults.extend(faults)

    def recovers(self) -> FakeNetwork:
        self._look_up_faults.clear()
        return super().recovers()

    def notes_the_time(self) -> None:
        """Called whenever somebody moves the clock: an order that was kept by it then is kept."""
        self.latest = max(self.latest, self.clock())

    def accept(self, plan: Plan, part: int) -> Receipt:
        text = plan.parts[part].text
        self._ask_whether_it_may("sent", text)
        if text in self.unanswered:
            self.wrong.append(f"{text} was sent again without a look")
        try:
            return super().accept(plan, part)
        except (Unavailable, RateLimited, AuthExpired, AlreadySent):
            raise
        except (Rejected, Gone):
            self.excused.add(text)
            raise
        finally:
            if len(self.arrivals) > len(self.arrived_at):
                self.arrived_at.append(self.latest)
                self.unanswered.add(text)

    def do(self, name: str, remote_id: str) -> None:
        self._ask_whether_it_may("done", name)
        super().do(name, remote_id)

    def look_up(self, plan: Plan, part: int) -> Receipt | None:
        text = plan.parts[part].text
        if self._look_up_faults and self._look_up_faults.popleft() == "down":
            self.excused.add(text)
            raise Unavailable("unreachable")
        self.unanswered.discard(text)
        return super().look_up(plan, part)

    def _ask_whether_it_may(self, what: str, name: str) -> None:
        if self.is_paused and not self.calls_under_way:
            self.wrong.append(f"{name} was {what} although the channel is paused")
        self.calls_under_way = 0


class WatchedNetwork(Witness):
    """The usual network of tests, watched: it knows ids that we choose, and refuses a second post under one."""


class WatchedLooseNetwork(Witness, LooseNetwork):
    """The loose one, watched."""
