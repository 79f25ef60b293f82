"""Pictures of custom emoji from our own address, and the places in a text where they are shown."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from flask import Blueprint, Response, url_for

from hub.connector import Emoji
from hub.inbox.emoji import MEDIA_TYPE, body_of, name_of
from hub.kernel import html
from hub.kernel.emoji import without_codes
from hub.people.authorize import Action
from hub.web.access import may
from hub.web.pictures import picture_response
from hub.web.site import the_hub

blueprint = Blueprint("emoji", __name__)

_KEPT_SECONDS = 7 * 24 * 3600


@blueprint.get("/emoji/<name>")
@may(Action.READ_CONVERSATION)
def file(name: str) -> Response:
    """One picture. Whoever asks knows its name from a text they may read; a picture never changes under a name."""
    answer = picture_response(body_of(the_hub(), name), MEDIA_TYPE)
    answer.headers["Cache-Control"] = f"private, max-age={_KEPT_SECONDS}, immutable"
    return answer


def addresses(emoji: Iterable[Emoji], kept: Collection[str]) -> dict[str, str]:
    """What is shown for each code whose picture is kept."""
    return {each.code: url_for("emoji.file", name=name) for each in emoji if (name := name_of(each)) in kept}


def named(text: str, emoji: Collection[Emoji], kept: Collection[str]) -> str:
    """A name, a warning or another line of text with the pictures of its emoji; escaped."""
    return html.named(text, addresses(emoji, kept) if kept else {})


def bare(name: str, emoji: Iterable[Emoji]) -> str:
    """A name without the codes of its emoji, for where there is only room for words."""
    return without_codes(name, (each.code for each in emoji))
