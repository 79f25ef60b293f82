"""Answering a message as the hub does it, for the contract's tests and for those of one connector."""

from __future__ import annotations

import re

from hub.connector import Author, Connector, Incoming, Outgoing, Plan, Receipt, Target, Visibility
from hub.errors import AlreadySent, Ambiguous, RateLimited, Unavailable
from hub.testing.clock import FrozenClock

from .network import FakeNetwork
from .watching import pull_all

LONGEST = 200_000
"""The longest text of the kit: a network that takes more is not tried beyond it."""

MOST_TRIES = 20
_UNITS_OF_TEXT = re.compile(r"[a-zA-Z0-9]+|[^\sa-zA-Z0-9]")


def replied(connector: Connector, network: FakeNetwork) -> Incoming:
    """A reply of ours as the network tells it back."""
    receipt = send(connector, answer_to(said(connector, network), "Ten weeks is normal."))
    return pull_all(connector).latest[receipt.remote_id]


def said(connector: Connector, network: FakeNetwork, visibility: Visibility = Visibility.PUBLIC) -> Incoming:
    """A message that somebody wrote and the connector pulled."""
    id = network.says("Is ten weeks normal with hard water?", visibility=visibility)
    return pull_all(connector).latest[id]


def longer_than_a_post(connector: Connector, words: tuple[str, ...]) -> str:
    """A text of these words, over and over, about twice as long as one post of this server takes."""
    units = connector.measure(outgoing("a"), connector.check().limits).units
    limit = max((limit for _, limit in units.values()), default=0)
    times = min(limit, LONGEST) * 2 // len(" ".join(words)) + 2
    return "\n\n".join(" ".join(f"{word}{number}" for word in words) for number in range(times))


def is_told_by(text: str, told: str) -> bool:
    """Whether everything stands there in this order, whatever else stands between; Latin words are not cut."""
    rest, at = "".join(told.split()), 0
    for unit in _UNITS_OF_TEXT.findall(text):
        at = rest.find(unit, at) + len(unit)
        if at < len(unit):
            return False
    return True


def target_of(message: Incoming) -> Target:
    return Target(
        remote_id=message.remote_id,
        revision=message.revision,
        root_id=message.root_id,
        author=message.author,
        visibility=message.visibility,
        permalink=message.permalink,
        must_mention=message.reply.must_mention,
        is_ours=message.author.is_us,
        raw=message.raw,
    )


def answer_to(message: Incoming, text: str = "Yes, quite.", *, visibility: Visibility | None = None) -> Outgoing:
    return Outgoing(text=text, target=target_of(message), visibility=visibility or message.visibility)


def outgoing(text: str) -> Outgoing:
    return Outgoing(text=text, target=Target(remote_id="1", author=Author(id="somebody")))


def send(connector: Connector, reply: Outgoing, *, key: str = "key-1") -> Receipt:
    return connector.send(connector.plan(reply, key), 0, None)


def deliver(connector: Connector, plan: Plan, clock: FrozenClock) -> Receipt:
    """Bring one reply through any storm, as the outbox does: what may have arrived is looked up, never sent again."""
    since, ambiguous = clock(), False
    for _ in range(MOST_TRIES):
        clock.tick(60)
        try:
            receipt = connector.reconcile(plan, 0, since) if ambiguous else connector.send(plan, 0, None)
            if receipt is not None:
                return receipt
            ambiguous = False
        except AlreadySent as sent:
            return sent.receipt
        except Ambiguous:
            ambiguous = True
        except (Unavailable, RateLimited):
            pass
    raise AssertionError(f"not delivered in {MOST_TRIES} tries")
