"""Has the story happen: customers speak on the network, agents answer through the inbox, each at the story's time.

Every step can be taken again without harm and the next one is written down, so that a start that was interrupted is
gone on with.
"""

from __future__ import annotations

import dataclasses
from datetime import datetime

from hub.channels.connectors import Connectors
from hub.demo.clock import StoryClock
from hub.demo.plot import Answered, Asked, Beat, Corrected, Cue, Opened, Posted, Scene, Withdrawn
from hub.demo.stage import Stage
from hub.errors import Absent
from hub.inbox.model import Conversation, Message
from hub.inbox.pull import pull_now
from hub.inbox.read import mark_read, read_conversation
from hub.inbox.reply import Draft, queue_reply
from hub.inbox.store import conversations
from hub.kernel.hub import Hub
from hub.outbox import store as outbox
from hub.outbox.model import OutboxItem, State
from hub.outbox.resolve import resolve_item
from hub.outbox.send import send_due

WORKER = "demo"
_LEAVES_AFTER = 11.0
_LOOKED_UP_AFTER = 60.0


@dataclasses.dataclass(slots=True, kw_only=True)
class Players:
    """Everybody and everything in the story. `channels` by handle, `agents` by address; `spoke` is filled while it
    is told: the id of what was said last in each scene.
    """

    hub: Hub
    clock: StoryClock
    stage: Stage
    connectors: Connectors
    channels: dict[str, int]
    agents: dict[str, int]
    spoke: dict[str, str] = dataclasses.field(default_factory=dict)

    def perform(self, cue: Cue, end: datetime) -> None:
        """Do what the cue says, at its time."""
        self.clock.move_to(max(self.clock(), end - cue.beat.ago))
        self._do(cue.scene, cue.beat, cue.id)
        self.pull(cue.scene.account)

    def recall(self, cue: Cue) -> None:
        """Know what was said by a cue that an earlier call performed."""
        if isinstance(cue.beat, Asked | Posted):
            self.spoke[cue.scene.name] = cue.id
        elif isinstance(cue.beat, Answered):
            self._recall_answer(cue.scene, cue.id)

    def pull(self, account: str) -> None:
        pull_now(self.hub, self.connectors, WORKER, self.channels[account])

    def _do(self, scene: Scene, beat: Beat, id: str) -> None:
        first = f"{scene.name}-0"
        match beat:
            case Asked() | Posted():
                self._say(scene, beat, id)
            case Answered():
                self._answer(scene, beat, id)
            case Corrected():
                self.stage.edits(first, beat.text)
            case Withdrawn():
                self.stage.deletes(first)
            case Opened():
                self._open(scene)

    def _say(self, scene: Scene, beat: Asked | Posted, id: str) -> None:
        parent = self.spoke.get(scene.name) or self.spoke.get(scene.under)
        self.spoke[scene.name] = id
        if self.stage.utterance(id) is not None:
            return
        picture = beat.picture if isinstance(beat, Asked) else None
        self.stage.person(scene.who).says(
            beat.text,
            to=scene.account if isinstance(beat, Asked) else None,
            parent=parent,
            visibility=scene.visibility,
            warning=scene.warning,
            attachments=(picture,) if picture else (),
            id=id,
        )

    def _answer(self, scene: Scene, beat: Answered, id: str) -> None:
        conversation, message = self._find(scene)
        self._mark_read(conversation)
        self._prepare(scene, beat, id)
        outbox_id = queue_reply(
            self.hub,
            Draft(
                conversation_id=conversation.id,
                agent_id=self.agents[scene.agent],
                text=beat.text,
                client_key=_client_key(id),
                target_id=message.id,
                language=conversation.language,
                content_warning=scene.warning,
            ),
        )
        self._deliver(outbox_id)
        self._recall_answer(scene, id)

    def _prepare(self, scene: Scene, beat: Answered, id: str) -> None:
        """Arrange what the network makes of an answer, where an interrupted call has not."""
        if beat.fate == "closed":
            self.stage.closes(f"{scene.name}-0")
        item = self._sent(id)
        if beat.fate == "lost" and not (item and item.state.is_settled):
            not_tried = item is None or item.state is State.QUEUED
            self.stage.fails(
                next_sends=["lose"] if not_tried and not self.stage.script("send") else [],
                next_looks=["drop"] if not self.stage.script("look") else [],
            )

    def _deliver(self, outbox_id: int) -> None:
        self.clock.wait(_LEAVES_AFTER)
        send_due(self.hub, self.connectors, WORKER)
        with self.hub.database.reading() as session:
            is_unclear = outbox.item(session, outbox_id).state is State.SENDING
        if is_unclear:
            self.clock.wait(_LOOKED_UP_AFTER)
            self._look_up()
            send_due(self.hub, self.connectors, WORKER)

    def _look_up(self) -> None:
        """Ask the network what became of it; leases, too, live in the story's time."""
        with self.hub.database.transaction() as session:
            now = session.moment()
            later = dataclasses.replace(now, ms=now.ms + int(_LOOKED_UP_AFTER * 1000))
            stuck = outbox.claim_stuck(session, worker=WORKER, moment=later, seconds=0, limit=1)
        for item in stuck:
            resolve_item(self.hub, self.connectors, WORKER, item)

    def _recall_answer(self, scene: Scene, id: str) -> None:
        item = self._sent(id)
        receipts = [receipt for receipt in (item.parts if item else ()) if receipt]
        if receipts:
            self.spoke[scene.name] = receipts[-1].remote_id

    def _sent(self, id: str) -> OutboxItem | None:
        with self.hub.database.reading() as session:
            return outbox.by_client_key(session, _client_key(id))

    def _open(self, scene: Scene) -> None:
        conversation, _ = self._find(scene)
        self._mark_read(conversation)

    def _mark_read(self, conversation: Conversation) -> None:
        with self.hub.database.transaction() as session:
            mark_read(self.hub, session, conversation)

    def _find(self, scene: Scene) -> tuple[Conversation, Message]:
        """The conversation a scene takes place in, and what was said last in it. Raises Absent."""
        wanted = self.spoke[scene.name]
        with self.hub.database.reading() as session:
            for line in conversations.lines(session, teams=None, channel_id=self.channels[scene.account]):
                for utterance in read_conversation(self.hub, session, line.conversation).utterances:
                    if utterance.message.remote_id == wanted and not utterance.is_context:
                        return line.conversation, utterance.message
        raise Absent("the inbox lacks a message of the story", message=wanted)


def _client_key(id: str) -> str:
    return f"demo {id}"
