"""The tables of the search: `search_texts` holds the folded words of messages, `search_dirty` whose words are not in it
yet, or no longer right. The pages' questions and the sweep's work stand here; what the words are, in inbox/words.py.

The id of a row in search_texts is its message's instant in seconds and its id: the order of ids is that of time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import msgspec

from hub.connector import Attachment
from hub.inbox.store.messages import SAID
from hub.inbox.words import Question, Term, line_of
from hub.kernel.database import Row, Session

_ID_BITS = 31
_ID_MASK: int = 2**_ID_BITS - 1

_UNQUEUE = "DELETE FROM search_dirty WHERE message_id IN {ids message_ids}"

# Each time under a new id: a sweep that has read the text before takes only the ids it saw, and leaves this one.
_ENQUEUE = "INSERT INTO search_dirty (message_id) SELECT value FROM {ids message_ids} changed"

# Notes are no part of it: what we tell each other is not found by looking for what customers said.
_ENQUEUE_ALL = "INSERT INTO search_dirty (message_id) SELECT id FROM messages WHERE direction <> 'note' ORDER BY id"

_EMPTY_QUEUE = "DELETE FROM search_dirty"

_EMPTY = "DELETE FROM search_texts"

_EMPTY_FTS = "INSERT INTO search_texts_fts (search_texts_fts) VALUES ('delete-all')"

_TEXTS = """
    messages.text, messages.content_warning, messages.attachments, messages.direction, messages.created_at,
    messages.deleted_at, identities.name, identities.handle"""

_QUEUED = f"""
    SELECT dirty.id AS dirty_id, dirty.message_id, messages.id, {_TEXTS}
    FROM (SELECT id, message_id FROM search_dirty ORDER BY id DESC LIMIT :most) dirty
    LEFT JOIN messages ON messages.id = dirty.message_id LEFT JOIN identities ON identities.id = messages.identity_id
    ORDER BY dirty.id DESC"""  # noqa: S608

_CLAIM = """
    DELETE FROM search_dirty WHERE id IN (SELECT id FROM search_dirty WHERE id IN {ids wanted} {skip_locked})
    RETURNING message_id"""

_FORGET = "DELETE FROM search_texts WHERE message_id IN {ids message_ids}"

# FTS5 reads from search_texts what it is to forget, so it comes first; and what it is to index, so it comes last.
_FORGET_FTS = """
    DELETE FROM search_texts_fts
    WHERE rowid IN (SELECT id FROM search_texts WHERE message_id IN {ids message_ids})"""

_KEEP_FTS = """
    INSERT INTO search_texts_fts (rowid, words)
    SELECT id, words FROM search_texts WHERE message_id IN {ids message_ids} ORDER BY id"""

_KEEP = "INSERT INTO search_texts (id, message_id, words) VALUES (:id, :message_id, {as_searchable words})"

# A message that may be found, in a conversation that may be seen.
_VISIBLE = f"""
    JOIN conversations ON conversations.id = messages.conversation_id
    LEFT JOIN outbox ON outbox.id = messages.outbox_id
    WHERE messages.deleted_at IS NULL AND messages.direction <> 'note' AND {SAID}
      AND conversations.merged_into IS NULL
      AND (:everywhere = 1 OR conversations.team_id IN {{ids teams}})
      AND (:channel_id = 0 OR conversations.channel_id = :channel_id)
      AND (:state = '' OR conversations.state = :state)"""

_CLEAN = "AND NOT EXISTS (SELECT 1 FROM search_dirty WHERE search_dirty.message_id = messages.id)"

_NEWEST = """
    SELECT id FROM (SELECT id, words FROM search_texts WHERE id < :before ORDER BY id DESC LIMIT :rows) search_texts
    WHERE {holds search_texts} ORDER BY id DESC"""

_END_OF_NEWEST = """
    SELECT min(id) AS id, count(*) AS found
    FROM (SELECT id FROM search_texts WHERE id < :before ORDER BY id DESC LIMIT :rows) newest"""

_HITS = """
    WITH hits AS {materialized} ({hits search_texts})
    SELECT id FROM hits WHERE id < :before ORDER BY id DESC LIMIT :most"""

_VISIBLE_HITS = f"""
    SELECT hits.value AS id, messages.conversation_id
    FROM {{ids hits}} hits JOIN messages ON messages.id = hits.value & {_ID_MASK} {_VISIBLE} {_CLEAN}
    ORDER BY hits.value DESC"""  # noqa: S608

_UNSWEPT = f"""
    SELECT messages.id, messages.conversation_id, {_TEXTS}
    FROM (SELECT id, message_id FROM search_dirty ORDER BY id DESC LIMIT :most) dirty
    JOIN messages ON messages.id = dirty.message_id LEFT JOIN identities ON identities.id = messages.identity_id
    {_VISIBLE}"""  # noqa: S608

_ABOVE = f"""
    SELECT 1 AS yes FROM messages
    JOIN search_texts ON search_texts.message_id = messages.id {_VISIBLE} {_CLEAN}
      AND messages.conversation_id = :conversation_id AND messages.created_at >= :since
      AND search_texts.id >= :mark AND {{holds search_texts}} LIMIT 1"""  # noqa: S608

_LAST_SECOND = 2**32 - 1
HIGHEST = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Where is searched. teams None: everywhere. channel_id 0 and state "": any."""

    teams: tuple[int, ...] | None
    channel_id: int = 0
    state: str = ""

    @property
    def params(self) -> dict[str, object]:
        return {
            "everywhere": int(self.teams is None),
            "teams": list(self.teams or ()),
            "channel_id": self.channel_id,
            "state": self.state,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A message that is found: `id` is its place in time, newer ones are higher."""

    id: int
    conversation_id: int

    @property
    def message_id(self) -> int:
        return self.id & _ID_MASK


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """A message whose words are to be kept anew. texts: None when it is gone, deleted or a note among us."""

    dirty_id: int
    message_id: int
    place: int
    texts: tuple[str, ...] | None


def enqueue(session: Session, message_ids: Collection[int], *, are_new: bool = False) -> None:
    """Messages are new, changed or gone. Belongs into the transaction that changes them, after the change.

    are_new: this very transaction has made them, so that they cannot be queued yet.
    """
    if message_ids:
        if not are_new:
            session.run(_UNQUEUE, message_ids=sorted(message_ids))
        session.run(_ENQUEUE, message_ids=sorted(message_ids))


def start_anew(session: Session) -> None:
    """Forget the whole index and queue every message, as after tables were brought in without it."""
    session.run(_EMPTY_QUEUE)
    session.run(_EMPTY)
    if _has_fts(session):
        session.run(_EMPTY_FTS)
    session.run(_ENQUEUE_ALL)


def queued(session: Session, *, most: int) -> list[Queued]:
    """What waits for the sweep with its texts as they are now, the newest change first."""
    return [_queued(row) for row in session.all(_QUEUED, most=most)]


def take(session: Session, dirty_ids: Sequence[int]) -> set[int]:
    """Take these off the queue; returns the messages that nobody has changed or swept since they were read."""
    return {row["message_id"] for row in session.all(_CLAIM, wanted=list(dirty_ids))}


def replace_words(
    session: Session, message_ids: Collection[int], kept: Iterable[tuple[int, int, Sequence[str]]]
) -> None:
    """Forget the words of some messages and keep those given, each as its place, its message's id and its words."""
    if _has_fts(session):
        session.run(_FORGET_FTS, message_ids=sorted(message_ids))
    session.run(_FORGET, message_ids=sorted(message_ids))
    rows = [
        {"id": place, "message_id": message_id, "words": _kept_words(session, words)}
        for place, message_id, words in sorted(kept)
    ]
    if rows:
        session.many(_KEEP, rows)
        if _has_fts(session):
            session.run(_KEEP_FTS, message_ids=[row["message_id"] for row in rows])


def unswept(session: Session, question: Question, reach: Reach, *, most: int) -> list[Place]:
    """The messages among the last so many changes that answer the question, by their texts as they are now."""
    return [
        Place(id=_place(row), conversation_id=row["conversation_id"])
        for row in session.all(_UNSWEPT, most=most, **reach.params)
        if question.is_answered_by(_texts(row))
    ]


def among_newest(session: Session, question: Question, *, before: int, rows: int) -> list[int]:
    """The hits among the newest so many messages below a place, newest first, without asking the index."""
    _, found = session.tuples(_NEWEST, before=before, rows=rows, **_asked(session, question))
    return [place for (place,) in found]


def end_of_newest(session: Session, *, before: int, rows: int) -> int:
    """The place of the last of the newest so many messages below a place; 0 when there are no more."""
    row = session.one(_END_OF_NEWEST, before=before, rows=rows)
    return int(row["id"]) if row and row["found"] == rows else 0


def hits(session: Session, question: Question, *, before: int, most: int) -> list[int]:
    """The newest so many hits below a place, as the index knows them."""
    _, rows = session.tuples(_HITS, before=before, most=most, **_asked(session, question))
    return [place for (place,) in rows]


def visible(session: Session, found: Sequence[int], reach: Reach) -> list[Place]:
    """Those of the hits that may be seen, newest first."""
    rows = session.all(_VISIBLE_HITS, hits=list(found), **reach.params) if found else []
    return [Place(id=row["id"], conversation_id=row["conversation_id"]) for row in rows]


def is_found_above(session: Session, question: Question, reach: Reach, conversation_id: int, *, mark: int) -> bool:
    """Whether a conversation has a hit at or above a place."""
    found = session.one(
        _ABOVE,
        conversation_id=conversation_id,
        mark=mark,
        since=(mark >> _ID_BITS) * 1_000_000,
        **_asked(session, question),
        **reach.params,
    )
    return found is not None


def is_incremental(session: Session, question: Question) -> bool:
    """Whether the index finds the newest hits without looking at the others: FTS5 does for whole words."""
    return session.dialect.name == "sqlite" and not question.is_prefix


def _has_fts(session: Session) -> bool:
    """PostgreSQL keeps its index up by itself."""
    return session.dialect.name == "sqlite"


def _asked(session: Session, question: Question) -> dict[str, object]:
    spell = _tsquery if session.dialect.name == "postgresql" else _fts_query
    # Most rows lack the longest already.
    longest = max(question.needles, key=len)
    return {"query": spell(question.terms), "needle": longest, "needles": question.needles}


def _fts_query(terms: Iterable[Term]) -> str:
    """Every term as a quoted string of FTS5, in which nothing but words can stand."""
    return " ".join(f'"{" ".join(term.words)}"{" *" if term.is_prefix else ""}' for term in terms)


def _tsquery(terms: Iterable[Term]) -> str:
    def spelled(term: Term) -> str:
        phrase = " <-> ".join(f"'{word}'" for word in term.words)
        return f"({phrase}{':*' if term.is_prefix else ''})"

    return " & ".join(map(spelled, terms))


def _kept_words(session: Session, words: Sequence[str]) -> str:
    if session.dialect.name != "postgresql":
        return line_of(words)
    positions: dict[str, list[str]] = defaultdict(list)
    for number, word in enumerate(words, 1):
        positions[word].append(str(number))
    return " ".join(f"'{word}':{','.join(at)}" for word, at in positions.items())


def _queued(row: Row) -> Queued:
    there = row["id"] is not None and row["deleted_at"] is None and row["direction"] != "note"
    return Queued(
        dirty_id=row["dirty_id"],
        message_id=row["message_id"],
        place=_place(row) if there else 0,
        texts=_texts(row) if there else None,
    )


def _texts(row: Row) -> tuple[str, ...]:
    """What a message can be found by. Ours are not found by our own name, which would be in half of them."""
    attachments = row["attachments"]
    described = msgspec.json.decode(attachments, type=tuple[Attachment, ...]) if attachments != "[]" else ()
    author = (row["name"] or "", row["handle"] or "") if row["direction"] == "in" else ()
    texts = (row["content_warning"], row["text"], *(each.alt for each in described), *author)
    return tuple(filter(None, texts))


def _place(row: Row) -> int:
    second = min(max(row["created_at"] // 1_000_000, 0), _LAST_SECOND)
    return int(second << _ID_BITS | row["id"])
