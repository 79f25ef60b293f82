"""A status as HTML to be read: its words, then the post it quotes and the page it links to. Pure.

The result is as hostile as the network's own HTML; the hub cleans it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import Any

Raw = Mapping[str, Any]
_SHOWN_QUOTES = ("accepted", "")
_QUOTE_LINK = re.compile(r'<p class="quote-inline">.*?</p>', re.DOTALL)


def shown(status: Raw, *, ours: bool, with_choices: bool = False) -> str:
    """The whole of a status but its poll, which is told apart; with_choices: for its text, where they are words.

    Of ours the link's preview is left out: it comes later, and we know what we linked.
    """
    content = status.get("content")
    if not isinstance(content, str):
        raise TypeError("a status without content")
    if isinstance(status.get("quote"), dict):
        content = without_quote_link(content)
    choices = _choices(status.get("poll")) if with_choices else ""
    return content + choices + _quote(status.get("quote")) + ("" if ours else _card(status))


def without_quote_link(content: str) -> str:
    """The words without the line that Mastodon puts in for servers that know no quotes."""
    return _QUOTE_LINK.sub("", content)


def quoted_id(status: Raw) -> str:
    """The id of what a status quotes; empty where it quotes nothing, or is not told."""
    quote = status.get("quote")
    if not isinstance(quote, dict):
        return ""
    quoted = quote.get("quoted_status")
    told = quoted.get("id") if isinstance(quoted, dict) else quote.get("quoted_status_id") or quote.get("id")
    return str(told or "")


def _choices(poll: Any) -> str:
    if not isinstance(poll, dict):
        return ""
    choices = "".join(f"<li>{escape(str(option.get('title') or ''))}</li>" for option in poll.get("options") or ())
    return f"<ul>{choices}</ul>"


def _quote(quote: Any) -> str:
    """What is quoted, as long as its author lets it be; some servers give the status itself, others with a state."""
    if not isinstance(quote, dict) or str(quote.get("state") or "") not in _SHOWN_QUOTES:
        return ""
    quoted = quote.get("quoted_status") or quote
    if not isinstance(quoted, dict) or not isinstance(quoted.get("content"), str):
        return ""
    account = quoted.get("account") or {}
    who = f"<p>@{escape(str(account.get('acct') or ''))}:</p>" if account.get("acct") else ""
    return f"<blockquote>{who}{quoted['content']}</blockquote>"


def _card(status: Raw) -> str:
    card = status.get("card")
    if not isinstance(card, dict) or not card.get("title") or not card.get("url"):
        return ""
    words = escape(str(card.get("description") or ""))
    link = f'<a href="{escape(str(card["url"]))}">{escape(str(card["title"]))}</a>'
    return f"<blockquote><p>{link}</p><p>{words}</p></blockquote>"
