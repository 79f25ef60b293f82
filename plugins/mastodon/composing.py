"""From an agent's answer to what is posted: whom it names, what it counts, and the parts it goes out in. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.connector import Author, Limits, Measure, Outgoing, Part, Target, Visibility
from hub.errors import Rejected

from .splitting import split
from .wording import graphemes, is_named, one_kind_of_line_ends

GRAPHEMES, PER_URL = "graphemes", "graphemes_per_url"
PICTURES, PICTURE_BYTES, DESCRIPTION = "attachments", "attachment_bytes", "description"
MASTODON_LIMITS: Limits = {GRAPHEMES: 500, PER_URL: 23}
MOST_PICTURES, LONGEST_DESCRIPTION = 4, 1500
"""What Mastodon allows where nothing else is known."""

NETWORK_WORDS = {
    Visibility.PUBLIC: "public",
    Visibility.UNLISTED: "unlisted",
    Visibility.FOLLOWERS: "private",
    Visibility.DIRECT: "direct",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """An answer as Mastodon takes it. `statuses` are the parts with the names in front; None when it does not fit.

    words: the same parts without those names.
    """

    warning: str
    used: int
    limit: int
    words: tuple[str, ...] | None
    statuses: tuple[str, ...] | None


def compose(outgoing: Outgoing, limits: Limits) -> Composed:
    """Put the names in front, count, and split."""
    known = limits or MASTODON_LIMITS
    limit, per_url = known.get(GRAPHEMES, MASTODON_LIMITS[GRAPHEMES]), known.get(PER_URL)
    text, warning = one_kind_of_line_ends(outgoing.text), warning_of(outgoing)
    names = _Names.of(outgoing, text)
    over = graphemes(warning, per_url)

    def fits(part: str, number: int) -> bool:
        return over + graphemes(names.before(number) + part, per_url) <= limit

    words = split(text, fits)
    return Composed(
        warning=warning,
        used=over + graphemes(names.before(0) + text, per_url),
        limit=limit,
        words=words,
        statuses=None if words is None else tuple(names.before(at) + part for at, part in enumerate(words)),
    )


def measure(outgoing: Outgoing, limits: Limits) -> Measure:
    """Count a draft, its names and content warning included."""
    composed = compose(outgoing, limits)
    statuses, fault = composed.statuses or (), fault_of(outgoing, composed, limits)
    return Measure(
        units={GRAPHEMES: (composed.used, composed.limit)},
        parts=len(statuses) or 1,
        texts=statuses if len(statuses) > 1 else (),
        errors=(fault,) if fault else (),
    )


def fault_of(outgoing: Outgoing, composed: Composed, limits: Limits) -> str:
    """Why it cannot be sent, in a machine word; empty when it can."""
    if not outgoing.text.strip():
        return "empty"
    if composed.words is None:
        return "too_long"
    if len(outgoing.attachments) > limits.get(PICTURES, MOST_PICTURES):
        return "too_many_pictures"
    if any(len(each.alt.strip()) > limits.get(DESCRIPTION, LONGEST_DESCRIPTION) for each in outgoing.attachments):
        return "description_too_long"
    return "quote_with_pictures" if outgoing.quote and outgoing.attachments else ""


def refuse(outgoing: Outgoing, composed: Composed, limits: Limits) -> None:
    """Raises Rejected for what cannot be sent."""
    fault = fault_of(outgoing, composed, limits)
    if fault:
        raise Rejected(fault)


def parts(outgoing: Outgoing, composed: Composed, key: str) -> tuple[Part, ...]:
    """What is posted, frozen: each part with the key under which the server takes it once."""
    return tuple(
        Part(text=words, reserved=f"{key}-{number}", body=_body(outgoing, status, composed.warning))
        for number, (words, status) in enumerate(zip(composed.words or (), composed.statuses or (), strict=True))
    )


def warning_of(outgoing: Outgoing) -> str:
    """The answer's own content warning, else that of the message it answers. A quote stands for itself."""
    inherited = "" if outgoing.quote else str(_status(outgoing.target).get("spoiler_text") or "")
    return one_kind_of_line_ends(outgoing.content_warning.strip() or inherited.strip())


def named_in_answer(target: Target, chosen: tuple[Author, ...] | None = None) -> tuple[str, ...]:
    """Whom an answer has to name so that they are told: the author first. `raw` says it, prepared by `mapping`.

    chosen: of those who are named, the ones the agent left in; the author is never left out. None: all of them.
    """
    prepared = target.raw.get("mention")
    if isinstance(prepared, list | tuple):
        accts = [str(acct) for acct in prepared]
        if chosen is None or len(accts) != len(target.must_mention):
            return tuple(accts)
        kept = {target.author.id, *(author.id for author in chosen)}
        return tuple(acct for acct, author in zip(accts, target.must_mention, strict=True) if author.id in kept)
    handle = target.author.handle.removeprefix("@")
    return (handle,) if handle and not target.author.is_us else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Names:
    """Who stands in front of the first part, and of those that follow."""

    first: str
    later: str

    @classmethod
    def of(cls, outgoing: Outgoing, text: str) -> _Names:
        """A part reaches only those it names (and our followers): the author is in all of them. Where nobody else may
        read along, everybody is."""
        accts = () if outgoing.quote else named_in_answer(outgoing.target, outgoing.mentions)
        narrow = outgoing.visibility in (Visibility.FOLLOWERS, Visibility.DIRECT)
        later = accts if narrow else accts[:1]
        return cls(first=_written(acct for acct in accts if not is_named(acct, text)), later=_written(later))

    def before(self, number: int) -> str:
        return self.later if number else self.first


def _written(accts: Any) -> str:
    return "".join(f"@{acct} " for acct in accts)


def _body(outgoing: Outgoing, status: str, warning: str) -> Mapping[str, Any]:
    body: dict[str, Any] = {"status": status, "visibility": NETWORK_WORDS[outgoing.visibility]}
    if warning:
        body["spoiler_text"] = warning
    if outgoing.language:
        body["language"] = outgoing.language
    return body


def _status(target: Target) -> Mapping[str, Any]:
    status = target.raw.get("status")
    return status if isinstance(status, Mapping) else {}
