"""A desk for tests of sending: two workers that can die anywhere, and what must be true whatever happened."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from hub.channels.connect import check_channel
from hub.connector import Connector, Features, Outgoing, Part, Plan, Receipt
from hub.engine import store as workers
from hub.errors import Conflict
from hub.inbox.act import Deed, queue_deed
from hub.inbox.follow import follow_outbox
from hub.inbox.model import Direction, Message, Origin
from hub.inbox.store import messages
from hub.inbox.undo import cancel_reply, undo_reply
from hub.kernel.crash import pass_by
from hub.kernel.hub import Hub
from hub.outbox import decide
from hub.outbox.model import OutboxItem, State
from hub.outbox.resolve import claim_stuck, resolve_item
from hub.outbox.send import claim_due, send_item
from hub.outbox.settle import hold_what_is_open
from hub.outbox.store import bring_forward
from hub.testing.fake import Crash, FakeNetwork
from tests.desk import Desk

WORKERS = ("anna", "boris")
UNRECONCILABLE = Features(send=True, reconcile=False, threads=True, actions=frozenset({"like", "unlike"}))


class LooseNetwork(FakeNetwork):
    """Takes no id that we choose, and everything as often as it is sent. A look-up compares parent and text."""

    def connector_class(self, *, features: Features | None = None, kind: str = "fake") -> type[Connector]:
        class Unreserved(super().connector_class(features=features, kind=kind)):  # type: ignore[misc]
            def plan(self, outgoing: Outgoing, key: str) -> Plan:
                pieces = outgoing.text.split("\n---\n")
                return Plan(outgoing=outgoing, parts=tuple(Part(text=piece) for piece in pieces))

        return Unreserved

    def look_up(self, plan: Plan, part: int) -> Receipt | None:
        wanted = (plan.outgoing.target.remote_id, plan.parts[part].text)
        for number, arrival in enumerate(self.arrivals, 1):
            if (arrival.parent, arrival.text) == wanted:
                return Receipt(remote_id=f"a{number}", at=self.clock())
        return None


@dataclass
class Written:
    """One reply as the test remembers it; the product is not asked what it sent."""

    outbox_id: int
    text: str
    allowed: int = 1
    """How many arrivals a person has asked for."""


@dataclass
class Pressed:
    """One press of a button at the question: `like` or `unlike`. `decided`: a person decided about it in the outbox."""

    outbox_id: int
    name: str
    decided: bool = False


@dataclass
class World:
    """What a test does, and what it has seen. Texts are unique, so that an arrival names its reply."""

    hub: Hub
    fake: FakeNetwork
    desk: Desk
    written: list[Written] = field(default_factory=list)
    pressed: list[Pressed] = field(default_factory=list)
    asleep: list[tuple[str, OutboxItem]] = field(default_factory=list)
    """What workers had claimed when they were stopped."""

    def presses(self, name: str) -> None:
        """Somebody likes the question, or takes the like back; pressed again while it is on its way it counts once."""
        deed = Deed(message_id=self.question.id, name=name, agent_id=self.desk.agent, client_key=self.hub.token())
        outbox_id = queue_deed(self.hub, deed)
        if outbox_id not in [pressed.outbox_id for pressed in self.pressed]:
            self.pressed.append(Pressed(outbox_id=outbox_id, name=name))

    @property
    def question(self) -> Message:
        with self.hub.database.reading() as session:
            found = messages.of_conversation(session, self.conversation_id, limit=500)
        return next(message for message in found if message.direction is Direction.IN)

    def writes(self) -> None:
        text = f"answer {self.desk.channel_id}-{len(self.written) + 1}"
        # A channel that waits for a new sign-in takes no replies.
        with self.allowing(Conflict):
            outbox_id = self.desk.answers(text, conversation_id=self.conversation_id)
            self.written.append(Written(outbox_id=outbox_id, text=text))

    def writes_and_dies(self) -> None:
        """The web process dies right after the reply was stored, before it could answer the browser."""
        text = f"answer {self.desk.channel_id} kept"
        with Dying(self, "web", "reply.stored"):
            self.desk.answers(text, conversation_id=self.conversation_id, key=f"pressed on {self.desk.channel_id}")
        again = self.desk.answers(text, conversation_id=self.conversation_id, key=f"pressed on {self.desk.channel_id}")
        self.written.append(Written(outbox_id=again, text=text))

    @property
    def can_be_asked(self) -> bool:
        """Whether this network can tell afterwards what arrived."""
        return self.hub.plugins.connector("fake").features.reconcile

    @property
    def conversation_id(self) -> int:
        from hub.inbox.store import conversations

        with self.hub.database.reading() as session:
            return conversations.lines(session, teams=None, channel_id=self.desk.channel_id)[0].conversation.id

    def beats(self, worker: str) -> None:
        """The worker lives: its claims count."""
        with self.hub.database.transaction() as session:
            workers.beat(session, worker, role="worker", now=self.hub.clock())

    def dies(self, worker: str) -> None:
        """Everybody notices after a while that the worker beats no more."""
        with self.hub.database.transaction() as session:
            workers.leave(session, worker)

    def ticks(self, seconds: float) -> None:
        self.hub.clock.tick(seconds)  # type: ignore[attr-defined]

    def sends(self, worker: str, *, dies_at: str = "") -> None:
        """One send tick of a worker; it dies at a named point, or wherever the network kills it."""
        self.beats(worker)
        with Dying(self, worker, dies_at):
            for item in claim_due(self.hub, worker):
                send_item(self.hub, self.desk.connectors, worker, item)

    def falls_asleep(self, worker: str) -> None:
        """A worker is stopped with its hands full; after a while its claims are free."""
        self.beats(worker)
        self.asleep += [(worker, item) for item in claim_due(self.hub, worker)]
        self.dies(worker)

    def wake(self) -> None:
        """Those who were stopped go on as if nothing had happened."""
        woken, self.asleep = self.asleep, []
        for worker, item in woken:
            with Dying(self, worker, ""):
                send_item(self.hub, self.desk.connectors, worker, item)

    def is_restored(self) -> None:
        """What a restore does to everything that is not settled."""
        with self.hub.database.transaction() as session:
            hold_what_is_open(session, now=self.hub.clock())
        for pressed in self.pressed:
            pressed.decided = True

    def sets_the_clock(self, hours: int) -> None:
        """Somebody sets the clock that people see, and the engine notices."""
        self.ticks(hours * 3600)
        with self.hub.database.transaction() as session:
            bring_forward(session, now=self.hub.clock())

    def resolves(self, worker: str, *, dies_at: str = "") -> None:
        self.beats(worker)
        with Dying(self, worker, dies_at):
            for item in claim_stuck(self.hub, worker):
                resolve_item(self.hub, self.desk.connectors, worker, item)

    def pulls(self, *, dies_at: str = "") -> None:
        """Echoes and whatever else the network has to tell come in."""
        with Dying(self, self.desk.worker, dies_at), self.allowing(Conflict):
            self.desk.pulls()

    def passes_every_deadline(self) -> None:
        """No test can wait for the deadlines of the workers' own clock."""
        with self.hub.database.transaction() as session:
            session.run("UPDATE outbox SET sending_until_ms = 0")
            session.run("UPDATE channels SET quiet_until = NULL")
        self.ticks(3700)

    def decides(self, number: int, action: str) -> None:
        """A person presses a button at a reply; too late or not possible is told, never harmful."""
        written = self.written[number % len(self.written)]
        with self.allowing(Conflict):
            if action == "undo":
                undo_reply(self.hub, written.outbox_id)
            elif action == "retry":
                again = self.is_another(written)
                decide.retry(self.hub, written.outbox_id)
                written.allowed += again
            elif action == "mark sent":
                decide.mark_sent(self.hub, written.outbox_id)
            else:
                cancel_reply(self.hub, written.outbox_id)

    def is_another(self, written: Written) -> bool:
        """Whether sending it again may make a second post: not where it may have arrived, and ids are known again."""
        item = self.item(written)
        may_have_arrived = item.state in (State.UNKNOWN, State.HELD) and item.plan is not None
        return isinstance(self.fake, LooseNetwork) or not may_have_arrived

    def decides_on_a_press(self, number: int, action: str) -> None:
        """A person tries something again, gives it up or says that it is done."""
        pressed = self.pressed[number % len(self.pressed)]
        with self.allowing(Conflict):
            if action == "retry":
                decide.retry(self.hub, pressed.outbox_id)
            elif action == "mark sent":
                decide.mark_sent(self.hub, pressed.outbox_id)
            else:
                cancel_reply(self.hub, pressed.outbox_id)
            pressed.decided = True

    def signs_in(self) -> None:
        """A person has given the channel a new sign-in."""
        check_channel(self.hub, self.desk.connectors, self.desk.channel_id)

    def allowing(self, *errors: type[Exception]) -> Allowing:
        return Allowing(errors)

    def item(self, written: Written | Pressed) -> OutboxItem:
        return self.desk.item(written.outbox_id)

    def recovers(self) -> None:
        """The dead are noticed, deadlines pass, and one worker goes on until there is nothing left to do."""
        for worker in WORKERS:
            self.dies(worker)
        for _ in range(12):
            waiting: list[Written | Pressed] = [*self.written, *self.pressed]
            if all(self.item(each).state.is_settled for each in waiting):
                break
            self.passes_every_deadline()
            self.resolves("clara")
            self.sends("clara")
        self.pulls()

    def check(self) -> None:
        """What is true after every step, judged by what arrived at the network."""
        arrived = Counter(arrival.text for arrival in self.fake.arrivals)
        assert set(arrived) <= {written.text for written in self.written}
        for written in self.written:
            item = self.item(written)
            assert arrived[written.text] <= written.allowed, f"{written.text} arrived {arrived[written.text]} times"
            assert item.request.text == written.text
            if item.state is State.SENT and not self.is_marked(item):
                assert arrived[written.text] >= 1
        self._check_presses()
        self._check_rows()

    def _check_presses(self) -> None:
        """Nothing is done that nobody asked for, and what counts as done was done."""
        done = {name for name, _ in self.fake.deeds}
        assert done <= {pressed.name for pressed in self.pressed}
        for pressed in self.pressed:
            if self.item(pressed).state is State.SENT and not pressed.decided:
                assert pressed.name in done

    def is_marked(self, item: OutboxItem) -> bool:
        """Said to be sent by a person, without proof."""
        return None in item.parts or not item.parts

    def _check_rows(self) -> None:
        with self.hub.database.reading() as session:
            shown = messages.of_conversation(session, self.conversation_id, limit=500)
        ours = Counter(message.outbox_id for message in shown if message.outbox_id)
        # Nobody writes in the network's own app here: whatever of us is there was sent by us.
        natives = [message.text for message in shown if message.origin is Origin.NATIVE]
        assert not natives, f"{natives} count as written in the network's own app"
        for written in self.written:
            expected = 0 if self.item(written).state is State.CANCELLED else 1
            assert ours[written.outbox_id] == expected, f"{written.text} is shown {ours[written.outbox_id]} times"

    def check_settled(self) -> None:
        """What is true once everything had the time it needed."""
        self.check()
        texts = Counter(self.desk.texts())
        for written in self.written:
            state = self.item(written).state
            assert state not in (State.QUEUED, State.SENDING), f"{written.text} is stuck"
            if written.allowed == 1 and state is not State.CANCELLED:
                assert texts[written.text] == 1, f"{written.text} is shown {texts[written.text]} times"
        self._check_settled_presses()

    def _check_settled_presses(self) -> None:
        """The network ends as the last press asked, whatever was done twice on the way, and the inbox shows it."""
        items = [self.item(pressed) for pressed in self.pressed]
        assert not [item.id for item in items if item.state in (State.QUEUED, State.SENDING)], "a press is stuck"
        if (
            not items
            or any(item.state is not State.SENT for item in items)
            or any(each.decided for each in self.pressed)
        ):
            return
        follow_outbox(self.hub)
        assert self.fake.deeds[-1][0] == self.pressed[-1].name
        assert self.question.done == (("like",) if self.pressed[-1].name == "like" else ())

    def check_order(self) -> None:
        """What nobody asked to be sent again arrived in the order in which it was written."""
        plain = [written.text for written in self.written if written.allowed == 1]
        seen = [arrival.text for arrival in self.fake.arrivals if arrival.text in plain]
        assert seen == sorted(seen, key=plain.index)


class Dying:
    """A worker that may die inside: nothing of its own runs after that, and its claims are left as they are."""

    def __init__(self, world: World, worker: str, point: str) -> None:
        self.world, self.worker, self.point = world, worker, point
        self.died = False

    def __enter__(self) -> Dying:
        if self.point:
            self.world.hub.reach = self._reach
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        self.world.hub.reach = pass_by
        self.died = isinstance(error, Crash)
        if self.died:
            self.world.dies(self.worker)
        return self.died

    def _reach(self, point: str) -> None:
        if point == self.point:
            raise Crash(point)


class Allowing:
    """Errors that are an answer here, not a failure."""

    def __init__(self, errors: tuple[type[Exception], ...]) -> None:
        self.errors = errors

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        return isinstance(error, self.errors)
