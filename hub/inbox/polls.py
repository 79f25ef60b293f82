"""Polls as they are kept: what a network told of one when it was read."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from hub.connector import Choice, Poll
from hub.kernel.database import storable
from hub.kernel.plaintext import one_line

_MOST_CHOICES = 50
_LONGEST_CHOICE = 300
_MOST_VOTES = 2**53


def write_poll(poll: Poll | None) -> str | None:
    """As the database keeps it: words of a line each, numbers that can be."""
    if poll is None or not poll.choices:
        return None
    choices = tuple(map(_tidied, poll.choices[:_MOST_CHOICES]))
    return msgspec.json.encode(replace(poll, choices=choices, voters=_number(poll.voters))).decode()


def read_poll(kept: str | None) -> Poll | None:
    return msgspec.json.decode(kept, type=Poll) if kept else None


def shares(poll: Poll) -> tuple[int | None, ...]:
    """What part took each choice, in per cent: of the people where each may take several, else of the votes.

    None where nobody voted yet, or the network does not tell.
    """
    votes = [choice.votes for choice in poll.choices]
    whole = sum(each for each in votes if each is not None)
    if poll.takes_several and poll.voters:
        whole = max(poll.voters, *(each or 0 for each in votes))
    return tuple(None if each is None or not whole else round(100 * each / whole) for each in votes)


def _tidied(choice: Choice) -> Choice:
    words = storable(one_line(choice.text, _LONGEST_CHOICE))
    return Choice(text=words, votes=_number(choice.votes), is_ours=choice.is_ours)


def _number(told: int | None) -> int | None:
    return told if told is not None and 0 <= told < _MOST_VOTES else None
