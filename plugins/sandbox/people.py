"""Who speaks, what they say back, and when. Pure rules: the same past always gives the same words."""

from __future__ import annotations

import zlib
from datetime import timedelta

from .lines import ANSWERS, OPENINGS, PEOPLE, THANKS, Opening
from .model import Person, Utterance, Words

FIRST_AFTER = timedelta(seconds=3)
SECOND_AFTER = timedelta(seconds=25)
MOST_AT_ONCE = 3
"""How many start at one go after a long silence: nobody wants three days of mentions at once."""
PATIENCE = 8
"""Answers of ours in one thread after which a person has nothing left to say."""

_STEMS = {
    "cartridge": ("c90", "kartusche", "uložak", "uloška", "cartridge", "wkład", "картридж"),
    "hardness": ("härte", "hart", "tvrd", "hard", "tward", "жёстк", "жестк"),
    "starter_kit": ("starter", "gewinde", "navoj", "thread", "gwint", "резьб"),
    "descaler": ("kalk", "kamen", "descal", "kamie", "накип"),
    "delivery": ("paket", "liefer", "porudžb", "order", "parcel", "paczk", "zamówien", "заказ", "посылк"),
}


def known_person(key: str) -> Person:
    """One of Brightwater's customers, or a stranger who writes English."""
    for person in PEOPLE:
        if person.key == key:
            return person
    return Person(key=key, handle=f"@{key}", name=key.replace("_", " ").title(), language="en")


def account_person(handle: str) -> Person:
    """Our own account as a person of the network."""
    key = handle.removeprefix("@")
    return Person(key=key, handle=f"@{key}", name=key.replace("_", " ").title(), language="en")


def opening(started: int) -> Opening:
    """What the next person says who starts a conversation; `started` did before."""
    return OPENINGS[started % len(OPENINGS)]


def pause(started: int, talk: float) -> timedelta:
    """How long after the last start the next one comes, when `talk` people an hour start."""
    mean = timedelta(hours=1) / talk
    if started == 1:
        return min(mean, SECOND_AFTER)
    return mean * (0.5 + _chance(f"pause {started}"))


def answer(post: Utterance, topic: str, said: str, turn: int) -> Words | None:
    """What the writer of `post` says back to our `said`, our answer number `turn` in the thread; None is silence."""
    if turn > PATIENCE:
        return None
    language = post.author.language
    lines = ANSWERS.get(topic, {}).get(language)
    if lines and turn <= 2 and "?" in said:
        text = lines.detail
    elif lines and turn == 1:
        text = lines.further
    else:
        thanks = THANKS[language]
        text = thanks[min(turn - 1 if not lines else turn - 2, len(thanks) - 1)]
    return Words(text=text, language=language, visibility=post.words.visibility, topic=topic)


def answers_after(said: str, turn: int) -> timedelta:
    """How long a person reads and types: 4 to 8 seconds, to which the hub adds the time to its next pull."""
    return timedelta(seconds=4 + 4 * _chance(f"{turn} {said}"))


def topic_of(text: str) -> str:
    """What a text is about, by the stems of its words; empty when nothing tells."""
    lowered = text.lower()
    for topic, stems in _STEMS.items():
        if any(stem in lowered for stem in stems):
            return topic
    return ""


def _chance(seed: str) -> float:
    return zlib.crc32(seed.encode()) % 1000 / 1000
