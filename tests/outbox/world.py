"""A desk for tests of sending: two workers that can die anywhere, and what must be true whatever happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hub.channels.connect import check_channel, pause_channel, resume_channel
from hub.channels.model import ChannelState
from hub.engine import store as workers
from hub.errors import Conflict
from hub.inbox.act import Deed, queue_deed
from hub.inbox.model import Direction, Message
from hub.inbox.reply import UNDO_SECONDS
from hub.inbox.store import conversations, messages
from hub.inbox.undo import cancel_reply, undo_reply
from hub.kernel.hub import Hub
from hub.outbox import decide
from hub.outbox.model import OutboxItem, State
from hub.outbox.resolve import claim_stuck, resolve_item
from hub.outbox.send import claim_due, send_item
from hub.outbox.settle import hold_what_is_open
from hub.outbox.store import bring_forward
from hub.testing.fake import BREAK, Crash, FakeNetwork
from tests.desk import Desk
from tests.outbox import judge
from tests.outbox.networks import LooseNetwork, Witness

WORKERS = ("anna", "boris")


@dataclass
class Written:
    """One reply as the test remembers it; the product is not asked what it sent.

    leaves_from: nothing of it may arrive before. again: how many more arrivals of each part people have asked for.
    is_decided: a person has decided something about it. had_arrived: what was there when somebody gave it up.
    """

    outbox_id: int
    text: str
    at: datetime
    leaves_from: datetime
    is_put_off: bool = False
    again: Counter[str] = field(default_factory=Counter)
    is_decided: bool = False
    had_arrived: list[str] | None = None

    @property
    def parts(self) -> list[str]:
        return self.text.split(BREAK)


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
    at_point: str = ""
    """The named point that somebody's work has reached."""

    def presses(self, name: str) -> None:
        """Somebody likes the question, or takes the like back; pressed again while it is on its way it counts once."""
        deed = Deed(message_id=self.question.id, name=name, agent_id=self.desk.agent, client_key=self.hub.token())
        # A channel that waits for a new sign-in does nothing.
        with self.allowing(Conflict):
            outbox_id = queue_deed(self.hub, deed)
            if outbox_id not in [pressed.outbox_id for pressed in self.pressed]:
                self.pressed.append(Pressed(outbox_id=outbox_id, name=name))

    @property
    def question(self) -> Message:
        with self.hub.database.reading() as session:
            found = messages.of_conversation(session, self.conversation_id, limit=500)
        return next(message for message in found if message.direction is Direction.IN)

    def writes(self, *, parts: int = 1, put_off: float | None = None) -> None:
        """An agent answers, in so many posts, now or so many seconds from now."""
        name = f"answer {self.desk.channel_id}-{len(self.written) + 1}"
        text = name if parts == 1 else BREAK.join(f"{name} part {number}" for number in range(1, parts + 1))
        send_at = None if put_off is None else self.hub.clock() + timedelta(seconds=put_off)
        # A channel that waits for a new sign-in takes no replies.
        with self.allowing(Conflict):
            outbox_id = self.desk.answers(text, conversation_id=self.conversation_id, send_at=send_at)
            self._remember(outbox_id, text, send_at)

    def writes_and_dies(self) -> None:
        """The web process dies right after the reply was stored, before it could answer the browser."""
        text = f"answer {self.desk.channel_id} kept"
        with Dying(self, "web", "reply.stored"):
            self.desk.answers(text, conversation_id=self.conversation_id, key=f"pressed on {self.desk.channel_id}")
        again = self.desk.answers(text, conversation_id=self.conversation_id, key=f"pressed on {self.desk.channel_id}")
        self._remember(again, text)

    def _remember(self, outbox_id: int, text: str, send_at: datetime | None = None) -> None:
        now = self.hub.clock()
        soonest = now + timedelta(seconds=UNDO_SECONDS)
        leaves_from = soonest if send_at is None else max(soonest, send_at)
        # Also to a time that was over: set back, the clock says that it is yet to come.
        is_put_off = send_at is not None
        self.written.append(
            Written(outbox_id=outbox_id, text=text, at=now, leaves_from=leaves_from, is_put_off=is_put_off)
        )

    @property
    def can_be_asked(self) -> bool:
        """Whether this network can tell afterwards what arrived."""
        return self.hub.plugins.connector("fake").features.reconcile

    @property
    def conversation_id(self) -> int:
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
        if isinstance(self.fake, Witness):
            self.fake.notes_the_time()

    def sends(self, worker: str, *, dies_at: str = "", meanwhile: Meanwhile | None = None) -> None:
        """One send tick of a worker; it dies at a named point, or wherever the network kills it."""
        self.beats(worker)
        with Dying(self, worker, dies_at, meanwhile):
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
        for written in self.written:
            written.is_decided |= self.item(written).state is State.HELD

    def sets_the_clock(self, hours: int) -> None:
        """Somebody sets the clock that people see, and the engine notices: what was put off by nobody is due then."""
        self.ticks(hours * 3600)
        for written in self.written:
            if hours < 0 and written.leaves_from <= written.at + timedelta(seconds=UNDO_SECONDS):
                written.leaves_from = written.at
        with self.hub.database.transaction() as session:
            bring_forward(session, now=self.hub.clock())

    def resolves(self, worker: str, *, dies_at: str = "", meanwhile: Meanwhile | None = None) -> None:
        self.beats(worker)
        with Dying(self, worker, dies_at, meanwhile):
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
        before = self.item(written)
        with self.allowing(Conflict):
            if action == "undo":
                undo_reply(self.hub, written.outbox_id)
            elif action == "retry":
                decide.retry(self.hub, written.outbox_id)
                self._allow_again(written, before)
            elif action == "mark sent":
                decide.mark_sent(self.hub, written.outbox_id)
            else:
                cancel_reply(self.hub, written.outbox_id)
            written.is_decided = True
            if action in ("undo", "cancel"):
                written.had_arrived = judge.arrived_of(self, written)

    def _allow_again(self, written: Written, before: OutboxItem) -> None:
        """Sent again, it leaves at once; the part whose fate was open may be there twice where no id is known again."""
        written.leaves_from = written.at
        if before.state not in (State.UNKNOWN, State.HELD) or before.sending_part is None:
            return
        text = written.parts[before.sending_part]
        if isinstance(self.fake, Witness):
            self.fake.unanswered.discard(text)
        if isinstance(self.fake, LooseNetwork) and before.parts[before.sending_part] is None:
            written.again[text] += 1

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

    def pauses(self) -> None:
        """A person pauses the channel; a call that is under way goes on."""
        pause_channel(self.hub, self.desk.channel_id)
        if isinstance(self.fake, Witness):
            self.fake.is_paused = True
            self.fake.calls_under_way = int(self.at_point == "send.begun")

    def resumes(self) -> None:
        """A person lets a channel that was paused go on."""
        if isinstance(self.fake, Witness):
            self.fake.is_paused = False
        if self.desk.channel.state is ChannelState.PAUSED:
            resume_channel(self.hub, self.desk.channel_id)

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
        for _ in range(25):
            if not judge.in_a_hurry(self):
                break
            self.passes_every_deadline()
            self.resolves("clara")
            self.sends("clara")
        self.pulls()

    def check(self) -> None:
        judge.check(self)

    def check_settled(self) -> None:
        judge.check_settled(self)

    def check_order(self) -> None:
        judge.check_order(self)


@dataclass
class Meanwhile:
    """What somebody does once, when a worker has reached a named point."""

    point: str
    does: Callable[[], None]


class Dying:
    """A worker that may die inside: nothing of its own runs after that, and its claims are left as they are."""

    def __init__(self, world: World, worker: str, point: str, meanwhile: Meanwhile | None = None) -> None:
        self.world, self.worker, self.point, self.meanwhile = world, worker, point, meanwhile
        self.died = False

    def __enter__(self) -> Dying:
        self._before = self.world.hub.reach
        if self.point or self.meanwhile:
            self.world.hub.reach = self._reach
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        self.world.hub.reach = self._before
        self.died = isinstance(error, Crash)
        if self.died:
            self.world.dies(self.worker)
        return self.died

    def _reach(self, point: str) -> None:
        if self.meanwhile is not None and point == self.meanwhile.point:
            meanwhile, self.meanwhile = self.meanwhile, None
            self.world.at_point = point
            meanwhile.does()
            self.world.at_point = ""
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
