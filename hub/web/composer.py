"""The composer: what stands in it, how a form becomes a draft, and what it says about the draft."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from flask import current_app, request

from hub.connector import Author, Features, Measure, Outgoing, Visibility
from hub.errors import Absent, Invalid
from hub.inbox import uploads
from hub.inbox.act import measure_change
from hub.inbox.answerable import usual_audience
from hub.inbox.model import Conversation, Message, UploadRow
from hub.inbox.read import Reading
from hub.inbox.reply import Draft, most_pictures
from hub.inbox.reply import measure as measure_reply
from hub.inbox.store import uploads as upload_store
from hub.kernel.texts import describe, language_names, ngettext
from hub.people.model import Actor
from hub.web.forms import Form, read_form, row_id
from hub.web.site import the_hub

FIELDS = ("text", "client_key", "visibility", "content_warning", "language", "target", "edit", "quote", "named")
BUTTONS = ("add", "remove", "preview")
LISTS = ("picture", "alt", "mention")
MOST_PICTURES = 20
"""In one form, whatever the network takes: so many are read at all."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Composing:
    """What stands in the composer: a fresh one, one that was refused or is unfinished, a reply that was taken back.

    content_warning, language, mentions: None where nobody has chosen yet. target_id: the message answered or quoted,
    None for the newest. edited: the message of ours that is being changed. shows_parts: somebody asked for the preview.
    """

    client_key: str
    text: str = ""
    content_warning: str | None = None
    visibility: Visibility | None = None
    language: str | None = None
    pictures: tuple[UploadRow, ...] = ()
    mentions: tuple[str, ...] | None = None
    quote: bool = False
    target_id: int | None = None
    edited: Message | None = None
    shows_parts: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the composer of a conversation offers, as the network behind it can."""

    features: Features
    pictures: int = 0
    audiences: tuple[Visibility, ...] = ()
    usual: Visibility = Visibility.PUBLIC
    named: tuple[Author, ...] = ()
    languages: tuple[tuple[str, str], ...] = ()

    def language_options(self, chosen: str) -> str:
        """The options of the choice of a language."""
        return _options(self.languages, chosen)


@lru_cache(maxsize=256)
def _options(choices: tuple[tuple[str, str], ...], chosen: str) -> str:
    """Made once: there are forty languages in every composer."""
    pieces: Any = current_app.jinja_env.get_template("inbox/words.html").module
    found: str = pieces.options(choices, chosen)
    return found


def read(who: Actor) -> tuple[Form, Composing]:
    """What was sent with the composer's form, new pictures taken in. Raises Invalid at the field at fault."""
    form = read_form(*FIELDS, *BUTTONS, lists=LISTS)
    pictures = _described(who, form)
    removed = form["remove"]
    composing = Composing(
        client_key=form["client_key"][:100],
        text=form["text"],
        content_warning=form["content_warning"][:500] if "content_warning" in request.form else None,
        visibility=_visibility(form["visibility"]),
        language=form["language"][:35] if "language" in request.form else None,
        pictures=tuple(picture for picture in pictures if picture.id != removed),
        mentions=tuple(form.lists["mention"]) if form["named"] else None,
        quote=bool(form["quote"]),
        target_id=_id(form["target"], "target"),
        shows_parts=bool(form["preview"]),
    )
    return form, composing


def take_files(who: Actor, composing: Composing) -> tuple[Composing, Invalid | None]:
    """Take in the pictures that came with a form, as far as they can be taken; the first refusal is returned."""
    refused: Invalid | None = None
    for file in [each for each in request.files.getlist("files") if each.filename][:MOST_PICTURES]:
        try:
            added = uploads.store_upload(the_hub(), agent_id(who), file.read(), file.filename or "")
            composing = dataclasses.replace(composing, pictures=(*composing.pictures, added))
        except Invalid as error:
            refused = refused or error
    return composing, refused


def taken_back(taken: Outgoing, client_key: str) -> Composing:
    """A reply that did not leave, in the composer again."""
    with the_hub().database.reading() as session:
        kept = upload_store.several(session, [picture.id for picture in taken.attachments])
    return Composing(
        client_key=client_key,
        text=taken.text,
        content_warning=taken.content_warning,
        visibility=taken.visibility,
        language=taken.language or "",
        pictures=tuple(kept[picture.id] for picture in taken.attachments if picture.id in kept),
        mentions=None if taken.mentions is None else tuple(author.id for author in taken.mentions),
        quote=taken.quote,
    )


def draft_of(who: Actor, conversation: Conversation, composing: Composing) -> Draft:
    return Draft(
        conversation_id=conversation.id,
        agent_id=agent_id(who),
        text=composing.text,
        client_key=f"{agent_id(who)}:{composing.client_key}",
        target_id=composing.target_id,
        visibility=composing.visibility,
        language=composing.language or None,
        content_warning=composing.content_warning or "",
        attachments=tuple(picture.id for picture in composing.pictures),
        mentions=composing.mentions,
        quote=composing.quote,
    )


def choices(reading: Reading) -> Choices:
    """What the network of a conversation lets us choose; whom a reply may reach is never wider than what it answers."""
    answerable = reading.answerable
    if answerable.send_through is None or answerable.target is None:
        return Choices(features=Features())
    features = the_hub().plugins.connector(answerable.send_through.kind).features
    impossible = answerable.target.reply.impossible
    if "quote" in impossible:
        features = dataclasses.replace(features, quotes=False)
    if "pictures" in impossible:
        features = dataclasses.replace(features, attachments=0)
    answered = answerable.target.visibility
    tells_language = bool(features.attachments or features.content_warnings or answerable.target.language)
    return Choices(
        features=features,
        pictures=most_pictures(features, answerable.send_through),
        audiences=(answered, *(one for one in features.visibilities if answered.is_wider_than(one))),
        usual=usual_audience(answerable.target),
        named=tuple(
            author for author in answerable.target.reply.must_mention if author.id != reading.identity.remote_id
        ),
        languages=language_names(answerable.target.language or "") if tells_language else (),
    )


def measured(who: Actor, reading: Reading, composing: Composing) -> Measure:
    """How full the draft is. What cannot be counted yet is told when it is sent."""
    hub = the_hub()
    with hub.database.reading() as session:
        if composing.edited is not None:
            return measure_change(hub, session, composing.edited, composing.text)
        try:
            return measure_reply(hub, session, reading.answerable, draft_of(who, reading.conversation, composing))
        except Invalid:
            without = dataclasses.replace(composing, pictures=())
            return measure_reply(hub, session, reading.answerable, draft_of(who, reading.conversation, without))


def left(measure: Measure, *, is_direct: bool) -> str:
    """What is left in the tightest unit, in words: `148 characters left`; in several posts or messages how many."""
    if measure.parts > 1 and is_direct:
        return ngettext("goes out as %(num)d message", "goes out as %(num)d messages", measure.parts)
    if measure.parts > 1:
        return ngettext("goes out as %(num)d post", "goes out as %(num)d posts", measure.parts)
    rest = sorted((limit - used, unit) for unit, (used, limit) in measure.units.items())
    return _rest(*rest[0]) if rest else ""


def says(measure: Measure, reading: Reading, composing: Composing) -> str:
    """What stands beside the button: how much is left or too much, else what is wrong with what was written."""
    is_written = bool(composing.text.strip())
    if is_written and measure.errors and not _is_full(measure):
        return problems(measure)[0]
    return left(measure, is_direct=is_direct(reading, composing))


def is_direct(reading: Reading, composing: Composing) -> bool:
    """Whether it goes to one person alone, who reads messages and no posts."""
    target = reading.answerable.target
    usual = usual_audience(target) if target else None
    return (composing.visibility or usual) is Visibility.DIRECT


def is_over(measure: Measure, *, is_written: bool) -> bool:
    return _is_full(measure) or (is_written and bool(measure.errors))


def _is_full(measure: Measure) -> bool:
    return measure.parts == 1 and any(used > limit for used, limit in measure.units.values())


def problems(measure: Measure) -> list[str]:
    return [describe(Invalid("text", word)).title for word in measure.errors]


def agent_id(who: Actor) -> int:
    if who.agent_id is None:
        raise Absent()
    return who.agent_id


def _rest(rest: int, unit: str) -> str:
    if unit == "bytes":
        if rest < 0:
            return ngettext("%(num)d byte too many", "%(num)d bytes too many", -rest)
        return ngettext("%(num)d byte left", "%(num)d bytes left", rest)
    if rest < 0:
        return ngettext("%(num)d character too many", "%(num)d characters too many", -rest)
    return ngettext("%(num)d character left", "%(num)d characters left", rest)


def _described(who: Actor, form: Form) -> Sequence[UploadRow]:
    """The pictures a form names, with their descriptions as they stand in it."""
    ids, alts = form.lists["picture"][:MOST_PICTURES], form.lists["alt"][:MOST_PICTURES]
    with the_hub().database.reading() as session:
        known = upload_store.several(session, ids)
    found = []
    for upload_id, alt in zip(ids, alts, strict=False):
        picture = known.get(upload_id)
        if picture is None or (picture.agent_id != who.agent_id and picture.outbox_id is None):
            continue
        if picture.alt != alt and picture.outbox_id is None:
            picture = uploads.describe(the_hub(), picture.agent_id, upload_id, alt)
        found.append(picture)
    return found


def _visibility(word: str) -> Visibility | None:
    try:
        return Visibility(word) if word else None
    except ValueError:
        raise Invalid("visibility", "not_a_choice") from None


def _id(value: str, field: str) -> int | None:
    try:
        return row_id(value) if value else None
    except ValueError:
        raise Invalid(field, "not_a_choice") from None
