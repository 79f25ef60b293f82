"""What a person sets for a webhook: who may post, where replies go, and where in a body the fields of a message are."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from hub.connector import setting
from hub.errors import Misconfigured
from hub.kernel.texts import mark

from .signing import SHORTEST_PLAIN_SECRET, key_of, make_secret

STANDARD, HEADER = "standard", "header"
_REPLIES = mark("Replies")
_MAPPING = mark("Where the fields are in a body")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """One system that posts to us, and is posted to. The fields beginning with map_ are JMESPath expressions."""

    secret: str = setting(
        "Signing secret",
        secret=True,
        default="",
        generate=make_secret,
        help="Copy it to the system that posts, or paste the one it gave you. It is not shown again.",
    )
    second_secret: str = setting(
        "Second signing secret",
        secret=True,
        default="",
        help="For a change without a gap: while there are two, both count, and replies are signed with both.",
    )
    verification: str = setting(
        "How it proves itself",
        kind="choice",
        default=STANDARD,
        choices={"standard": "Signature (Standard Webhooks)", "header": "The secret itself in a header"},
        help="A signature also proves when it was posted and that nothing was changed on the way.",
    )
    header: str = setting("Header", default="X-Webhook-Secret", help="Only for a secret that stands in a header.")
    reply_url: str = setting(
        "Send replies to", kind="url", default="", group=_REPLIES, help="Left empty, messages can be read only."
    )
    repeats: str = setting(
        "The receiver ignores a repeated webhook-id",
        kind="choice",
        default="no",
        choices={"no": "No, or not known", "yes": "Yes"},
        group=_REPLIES,
        help="Then a reply whose answer was lost is sent again by itself. Otherwise a person decides.",
    )
    map_receipt_id: str = setting(
        "Its id, in the answer to a reply", default="id", group=_REPLIES, help="A JMESPath expression."
    )
    map_receipt_link: str = setting(
        "Its link, in the answer to a reply", default="link", group=_REPLIES, help="A JMESPath expression."
    )
    map_messages: str = setting(
        "Messages",
        group=_MAPPING,
        default="@",
        help="Where in the body the message is, or the list of messages. @ is all of it.",
    )
    map_text: str = setting(
        "Text",
        group=_MAPPING,
        default="text",
        help="Each of these fields is a JMESPath expression, evaluated on a message.",
    )
    map_html: str = setting("Text as HTML", group=_MAPPING, default="html")
    map_id: str = setting(
        "Id", group=_MAPPING, default="id", help="What your system calls this message. The same id is an edit."
    )
    map_author_id: str = setting(
        "Author's id", group=_MAPPING, default="author.id", help="What stays when they change their name."
    )
    map_author_name: str = setting("Author's name", group=_MAPPING, default="author.name")
    map_author_link: str = setting("Author's page", group=_MAPPING, default="author.link")
    map_is_us: str = setting(
        "Written by us", group=_MAPPING, default="author.is_us", help="True for what our own side wrote there."
    )
    map_created_at: str = setting(
        "Written at", group=_MAPPING, default="created_at", help="ISO 8601, or seconds since 1970."
    )
    map_edited_at: str = setting("Edited at", group=_MAPPING, default="edited_at")
    map_deleted: str = setting(
        "Deleted", group=_MAPPING, default="deleted", help="True when the message was taken back."
    )
    map_thread: str = setting(
        "Thread", group=_MAPPING, default="thread", help="The same for everything that belongs together."
    )
    map_parent: str = setting("Answer to", group=_MAPPING, default="parent", help="The id of the message it answers.")
    map_title: str = setting("Title", group=_MAPPING, default="title", help="Of the thread, the article, the order.")
    map_link: str = setting("Link", group=_MAPPING, default="link")
    map_kind: str = setting("Kind", group=_MAPPING, default="kind", help="mention, reply, comment, direct or quote.")
    map_visibility: str = setting(
        "Visibility",
        group=_MAPPING,
        default="visibility",
        help="public, unlisted, followers or direct; direct where it does not say.",
    )
    map_language: str = setting("Language", group=_MAPPING, default="language")
    map_attachments: str = setting(
        "Pictures and files", group=_MAPPING, default="attachments", help="A list of addresses or objects."
    )
    map_correlation: str = setting(
        "Our webhook-id",
        group=_MAPPING,
        default="webhook_id",
        help="In a message of ours that comes back: the id we sent it with.",
    )

    def __post_init__(self) -> None:
        if not self.secrets:
            raise Misconfigured("missing", field="secret")
        for name in ("secret", "second_secret"):
            self._check_secret(name)
        if not self.header.isascii() or not self.header.replace("-", "").isalnum():
            raise Misconfigured("not_a_header", field="header")

    @property
    def secrets(self) -> tuple[str, ...]:
        """The active secrets, at least one."""
        return tuple(filter(None, (self.secret, self.second_secret)))

    def _check_secret(self, name: str) -> None:
        secret = getattr(self, name)
        if not secret:
            return
        if self.verification == HEADER:
            if len(secret) < SHORTEST_PLAIN_SECRET:
                raise Misconfigured("secret_too_short", field=name)
            return
        try:
            key_of(secret)
        except ValueError as error:
            raise Misconfigured("not_a_secret", field=name) from error


def mapped_fields(settings: Any) -> dict[str, str]:
    """Every expression by the name of its setting."""
    return {
        field.name: getattr(settings, field.name)
        for field in dataclasses.fields(settings)
        if field.name.startswith("map_")
    }


def is_default(name: str, text: str) -> bool:
    """Whether an expression is the one nobody touched: what it does not find is not there."""
    field = next(field for field in dataclasses.fields(WebhookSettings) if field.name == name)
    return bool(text.strip() == field.default)
