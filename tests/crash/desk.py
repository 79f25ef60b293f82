"""An agent's desk as a process of its own: answers every conversation once and says which answers it was promised.

Started as `python -m tests.crash.desk AGENT`; ends when its input does. It stands for the web process: what a page does
when somebody presses send is this one use case.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from datetime import timedelta

from hub.errors import Conflict, HubError
from hub.inbox.reply import Draft, queue_reply
from hub.kernel.config import read_config
from hub.kernel.hub import Hub, open_hub

_UNANSWERED = """
    SELECT m.remote_id, m.conversation_id FROM messages m
    WHERE m.direction = 'in' AND m.conversation_id IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.parent_remote_id = m.remote_id)"""


def main() -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    hub, agent = open_hub(read_config(os.environ)), int(sys.argv[1])
    while True:
        try:
            for remote_id, conversation_id in _unanswered(hub):
                _answer(hub, agent, remote_id, conversation_id)
        except HubError as error:  # the database is away: an agent tries again
            print(error.code, file=sys.stderr, flush=True)
        time.sleep(0.02)


def _unanswered(hub: Hub) -> list[tuple[str, int]]:
    with hub.database.reading() as session:
        return [(row["remote_id"], row["conversation_id"]) for row in session.all(_UNANSWERED)]


def _answer(hub: Hub, agent: int, remote_id: str, conversation_id: int) -> None:
    text = f"answer to {remote_id}"
    draft = Draft(conversation_id=conversation_id, agent_id=agent, text=text, client_key=f"press-{remote_id}")
    try:
        queue_reply(hub, draft, undo=timedelta(0))
    except Conflict:
        return
    except HubError as error:
        print(error.code, file=sys.stderr, flush=True)
        return
    print(text, flush=True)


def _end_with_parent() -> None:
    while os.read(0, 1024):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
