"""People talk when somebody looks: whoever's moment has come speaks at the next pull, no process waits for it."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from typing import Protocol

from . import people, serving
from .lines import Opening
from .model import Intent, Person, Schedule, Utterance, Words
from .store import Store


class Publishes(Protocol):
    def publish(
        self, author: Person, words: Words, *, to: str | None, parent: str | None, at: datetime | None, id: str | None
    ) -> str: ...


def wake(store: Store, network: Publishes, account: str, talk_per_hour: float, now: datetime) -> None:
    """Let everybody speak whose moment has come, oldest first. Runs inside the network's transaction."""
    _start(store, network, account, talk_per_hour, now)
    for intent in store.take_intents(account, now):
        _do(store, network, intent)


def hear(store: Store, ours: Utterance) -> None:
    """The person we answered makes up their mind what to say back, and when."""
    above, _ = serving.ancestors(ours, store.utterance)
    post = next(iter(above), None)
    if post is None or post.is_ours or post.deleted_at is not None:
        return
    turn = 1 + sum(each.is_ours and each.parent_id is not None for each in above)
    topic = next((each.words.topic for each in above if not each.is_ours and each.words.topic), "")
    words = people.answer(post, topic, ours.words.text, turn)
    if words is not None:
        at = ours.created_at + people.answers_after(ours.words.text, turn)
        store.add_intent(
            Intent(at=at, person=post.author.key, account=ours.account, post_id=ours.id, words=_narrowed(words, ours))
        )


def _narrowed(words: Words, ours: Utterance) -> Words:
    if words.visibility.is_wider_than(ours.words.visibility):
        return dataclasses.replace(words, visibility=ours.words.visibility)
    return words


def _start(store: Store, network: Publishes, account: str, talk_per_hour: float, now: datetime) -> None:
    schedule = store.schedule(account)
    if schedule is None:
        store.set_schedule(Schedule(account=account, next_at=now + people.FIRST_AFTER, started=0))
        return
    if talk_per_hour <= 0:
        return
    for _ in range(people.MOST_AT_ONCE):
        if schedule.next_at > now:
            break
        _open(store, network, account, people.opening(schedule.started), schedule.next_at)
        schedule = _next(schedule, talk_per_hour)
    if schedule.next_at <= now:
        schedule = dataclasses.replace(schedule, next_at=now + people.pause(schedule.started, talk_per_hour))
    store.set_schedule(schedule)


def _next(schedule: Schedule, talk_per_hour: float) -> Schedule:
    started = schedule.started + 1
    next_at = schedule.next_at + people.pause(started, talk_per_hour)
    return Schedule(account=schedule.account, next_at=next_at, started=started)


def _open(store: Store, network: Publishes, account: str, opening: Opening, at: datetime) -> None:
    author = people.known_person(opening.person)
    id = network.publish(author, _spoken(opening.words, author, account), to=account, parent=None, at=at, id=None)
    for aside in opening.asides:
        person = people.known_person(aside.person)
        words = dataclasses.replace(opening.words, text=aside.text, attachments=(), language=None)
        store.add_intent(
            Intent(
                at=at + timedelta(seconds=aside.after),
                person=person.key,
                account=account,
                post_id=id,
                words=_spoken(words, person, account),
                addressed=False,
                edits=aside.corrects,
            )
        )


def _spoken(words: Words, author: Person, account: str) -> Words:
    text = words.text.replace("@{account}", account)
    return dataclasses.replace(words, text=text, language=words.language or author.language)


def _do(store: Store, network: Publishes, intent: Intent) -> None:
    above = store.utterance(intent.post_id) if intent.post_id else None
    if above is None or above.deleted_at is not None:
        return
    if intent.edits:
        store.edit(above.id, dataclasses.replace(above.words, text=intent.words.text), intent.at)
        store.add_change(above.account, above.id, intent.at)
        return
    author = people.known_person(intent.person)
    to = intent.account if intent.addressed else None
    network.publish(author, intent.words, to=to, parent=above.id, at=intent.at, id=None)
