"""Small things templates ask for: initials, colours, times. No markup is made here."""

from __future__ import annotations

import hashlib
from collections.abc import MutableMapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import regex
from flask import Flask, g, url_for
from flask.templating import Environment

from hub.channels.connect import error_of
from hub.channels.model import Trouble
from hub.customers.model import Identity
from hub.inbox.model import Message
from hub.inbox.polls import shares
from hub.inbox.uploads import upload_id_of
from hub.kernel import html, texts
from hub.people.authorize import may
from hub.web.emoji import addresses, bare, named
from hub.web.navigation import navigation
from hub.web.notices import notice
from hub.web.security import form_token, page_nonce
from hub.web.site import site, the_hub

TONES = 12
LONGEST_LINE = 300
LONGEST_SHOWN = 20_000
SHOWN_OF_LONG = 5_000
_CLUSTER = regex.compile(r"\X")
_WORD = regex.compile(r"[\p{L}\p{N}][^\s·,()@]*")
NETWORKS = frozenset({"mastodon", "bluesky", "wordpress", "feed", "sandbox"})
"""Networks with a colour of their own; every other badge is grey."""


class PageEnvironment(Environment):
    """Flask's templates, with their globals in one dictionary: all are known before the first template is read."""

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        # Jinja chains two, and asks the chain for every name at every import: a tenth of the time of a page.
        return {**self.globals, **(d or {})}


def dress(app: Flask) -> None:
    """Give every template its language, filters and the facts of this request."""
    env = app.jinja_env
    env.add_extension("jinja2.ext.i18n")
    env.policies["ext.i18n.trimmed"] = True
    getattr(env, "install_gettext_callables")(texts.gettext, texts.plural_form, newstyle=True)  # noqa: B009
    # Jinja's own are asked in three steps for each text of each page.
    env.globals.update(_=text, gettext=text)
    env.filters.update(initials=initials, tone=tone, network_class=network_class, ago=ago, day=day, full_time=full_time)
    env.globals.update(form_key=lambda: the_hub().token())
    env.filters.update(until=until, time_of_day=texts.time_of_day, iso=datetime.isoformat)
    env.filters.update(
        body=body,
        is_long=is_long,
        named=named,
        bare=bare,
        shares=shares,
        is_over=is_over,
        one_line=lambda text: html.one_line(text, LONGEST_LINE),
        safe_link=safe_link,
        visible=html.visible_controls,
        direction=html.direction,
        names_in_front=html.names_in_front,
    )
    env.filters.update(is_our_picture=lambda message, picture: upload_id_of(message, picture) is not None)
    env.filters.update(worded=worded, why_not=texts.describe_why_not, is_like_ours=is_like_ours)
    env.globals.update(live_position=live_position)
    env.globals.update(url_for=address)
    env.globals.update(nonce=page_nonce, form_token=form_token, navigation=navigation)
    env.globals.update(static=lambda name: site().assets.address(name), may=may)
    app.context_processor(_facts)


def text(message: str, /, **params: object) -> str:
    """A text of ours for a template, in the language of this request; what is filled in is escaped."""
    language = texts.current_language()
    return _text(message, language) % params if params else _whole_text(message, language)


@lru_cache(maxsize=2048)
def _text(message: str, _language: str) -> str:
    return html.of_ours(texts.gettext(message))


@lru_cache(maxsize=2048)
def _whole_text(message: str, language: str) -> str:
    return _text(message, language) % {}


@lru_cache(maxsize=4096, typed=True)
def address(endpoint: str, **values: Any) -> str:
    """Flask's `url_for` for a template: our addresses depend on nothing of the request."""
    return url_for(endpoint, **values)


def initials(name: str) -> str:
    """One or two letters for an avatar: the first of the first and of the last word."""
    words = _WORD.findall(name)
    chosen = [words[0], words[-1]] if len(words) > 1 else words[:1]
    return "".join(_first_cluster(word) for word in chosen).upper() or "?"


def tone(name: str) -> str:
    """The colour class of an avatar, the same for a name every time."""
    number = hashlib.sha256(name.encode("utf-8", "replace")).digest()[0] % TONES
    return f"tone-{number}"


def network_class(kind: str) -> str:
    return f"net-{kind}" if kind in NETWORKS else "net-other"


def ago(instant: datetime) -> str:
    return texts.ago(instant, the_hub().clock())


def until(instant: datetime) -> str:
    return texts.until(instant, the_hub().clock())


def day(instant: datetime) -> str:
    return texts.day(instant, the_hub().clock())


def full_time(instant: datetime) -> str:
    return f"{texts.date_and_time(instant)} {instant.astimezone(texts.current_time_zone()).tzname()}"


def live_position() -> str:
    """Where the live stream goes on after this page; empty where it has none."""
    return str(g.get("live_position", ""))


def is_over(instant: datetime | None) -> bool:
    """Whether it has passed; what never comes has not."""
    return instant is not None and instant <= the_hub().clock()


def body(message: Message, channel_kind: str = "", kept: frozenset[str] = frozenset()) -> str:
    """A message as it is shown: clean HTML where the network has some, else its text with links.

    One that would make the page of a whole conversation heavy is shown as the beginning of its text. kept: the names
    of pictures that can be shown for its emoji.
    """
    if is_long(message):
        return html.render(html.text_to_html(html.cut(message.text, SHOWN_OF_LONG) + " …"))
    shown = message.html if message.html is not None else html.text_to_html(message.text)
    connector = the_hub().plugins.connectors.get(channel_kind)
    people_at = connector.people_at if connector else ""
    return html.render(shown, people_at=people_at, emoji=addresses(message.emoji, kept) if kept else {})


def is_long(message: Message) -> bool:
    return max(len(message.html or ""), len(message.text)) > LONGEST_SHOWN


def safe_link(address: str | None) -> str | None:
    """An address from a network, once more checked where it becomes a link."""
    return html.safe_link(address) if address else None


def is_like_ours(identity: Identity, kind: str) -> bool:
    """Whether a stranger's name looks like ours; kind: of the channel they speak in."""
    names = site().names
    return not identity.is_us and names.is_like_ours(identity.name, identity.handle, kind=kind, trust=identity.trust)


def worded(trouble: Trouble) -> str:
    """Why something did not work, and what to do, in a sentence or two."""
    return texts.describe(error_of(trouble)).sentences


def _first_cluster(word: str) -> str:
    found = _CLUSTER.match(word)
    return found[0] if found else ""


def _facts() -> dict[str, object]:
    language = texts.current_language()
    return {
        "signed_in": g.get("signed_in"),
        "language": language,
        "direction": texts.text_direction(language),
        "notice": notice(),
    }
