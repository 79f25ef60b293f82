"""The table of wordings: every code and reason of an error, as a sentence for people and what to do about it.

A reason is worded once, whichever error carries it; where the error or the
field matters, `field.reason` and `code.reason` come before `reason`. What
is not in the table is worded by its code, with the network's own words as a quotation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.errors import ConnectorError, HubError
from hub.kernel.plaintext import one_line
from hub.kernel.reasons import OFFERS, REASONS
from hub.kernel.texts import Wording, gettext, mark

_LONGEST_QUOTATION = 300
_LONGEST_PARAM = 1000
_LONGEST_WORD = 100
_TAKEN_LITERALLY = frozenset({"unavailable", "rate_limited", "plugin_fault"})
"""What the network says with these is a program's text and helps nobody, as long as we know the reason."""

_TOLD_BY_A_PROGRAM = frozenset({"not_a_feed", "sign_in_needed", "unexpected_answer"})
"""Here too: where a parser stumbled, which status came."""

CODES: dict[str, tuple[str, str]] = {
    "error": (mark("Something went wrong"), mark("Try again in a moment.")),
    "connector": (mark("The network answered in a way we do not know"), mark("Try again in a moment.")),
    "auth_expired": (mark("The network no longer lets us in"), mark("Sign the channel in again.")),
    "scope_missing": (
        mark("This account was not allowed to do that"),
        mark("Connect the channel again and allow all it asks for."),
    ),
    "rate_limited": (mark("The network asks us to slow down"), mark("We go on by ourselves when it lets us.")),
    "unavailable": (mark("The network cannot be reached"), mark("We try again by ourselves. Nothing is lost.")),
    "ambiguous": (
        mark("It may have been sent, or not"),
        mark("Look at the network whether it is there, then mark it as sent or send it again."),
    ),
    "already_sent": (mark("It was sent already"), mark("Nothing is left to do.")),
    "rejected": (mark("The network refused it"), mark("Your text is kept. Change it and send it again.")),
    "not_found": (
        mark("What this answers is not there"),
        mark("It may come back. Your text is kept and can be sent again."),
    ),
    "gone": (mark("What this answers is gone for good"), mark("Your text is kept, but it cannot be sent there.")),
    "budget": (mark("The paid limit of this account is reached"), mark("Raise it at the network, then try again.")),
    "misconfigured": (mark("A setting of the channel is wrong"), mark("Correct it and test the connection.")),
    "address_refused": (
        mark("This address is not allowed"),
        mark("Only public addresses are. The operator can allow a single one: HUB_ALLOW_HOSTS=host:port."),
    ),
    "plugin_fault": (
        mark("The plugin of this channel has a fault"),
        mark("It is started again by itself; other channels go on. If it stays so, tell whoever made the plugin."),
    ),
    "lease_lost": (mark("Another worker has taken this over"), mark("Nothing is lost. Reload to see how it stands.")),
    "invalid": (mark("That cannot be taken as it is"), mark("Look at it again and correct it.")),
    "absent": (mark("There is nothing here"), mark("It was removed, or it belongs to a team you are not in.")),
    "conflict": (mark("It has changed meanwhile"), mark("Reload to see what is new, then decide again.")),
    "too_many": (mark("Too many tries in a short time"), mark("Wait a little, then try again.")),
    "out_of_order": (mark("This installation cannot work at the moment"), mark("Run `hub doctor`: it says why.")),
    "database_unusable": (mark("The database cannot be used"), mark("Run `hub doctor`: it says why.")),
    "storage_full": (mark("Nothing can be stored"), mark("Run `hub doctor`: it says why.")),
    "key_lost": (
        mark("The key that protects passwords is missing or is another one"),
        mark(
            "Put the key file back from your backup (HUB_KEY_FILE, else `key` in the data folder) and let the user who "
            "runs Hubbub read it. Without it every channel has to be signed in again."
        ),
    ),
}


def wording_of(error: HubError) -> Wording:
    """Word an error that is at hand."""
    reason = str(getattr(error, "reason", "") or error.params.get("reason") or "")
    if not reason and f"{error.code}.{error.detail}" in REASONS:
        reason = error.detail
    detail = error.detail if isinstance(error, ConnectorError) and error.detail != reason else ""
    return wording(error.code, reason, detail, error.params)


def wording(code: str, reason: str = "", detail: str = "", params: dict[str, Any] | None = None) -> Wording:
    """Word an error that was stored: its code, its reason and the network's own words."""
    given = params or {}
    known = next((REASONS[key] for key in _keys(code, reason, str(given.get("field", ""))) if key in REASONS), None)
    title, advice = known or CODES.get(code, CODES["error"])
    filled = _Params(given, code=code, reason=reason)
    text = _fill(title, filled)
    offered = str(given.get("choices") or "") or detail
    if offered and reason in OFFERS:
        return Wording(title=text, advice=_fill(OFFERS[reason], _Params(detail=_choices(offered))))
    quotation = one_line(detail, _LONGEST_QUOTATION)
    if quotation and reason not in _TOLD_BY_A_PROGRAM and not (known and code in _TAKEN_LITERALLY):
        text = gettext("%(what)s (“%(quotation)s”)", what=text, quotation=quotation)
    return Wording(title=text, advice=_fill(advice, filled))


def _choices(offered: str) -> str:
    return ", ".join(one_line(line, _LONGEST_QUOTATION) for line in offered.splitlines())


def _keys(code: str, reason: str, field: str) -> tuple[str, str, str]:
    """Where a reason is looked up, the closest fit first: at this field, with this error, anywhere."""
    return f"{field}.{reason}", f"{code}.{reason}", reason


def why_not(word: str) -> Wording:
    """Word why something cannot be answered; a word nobody knows still says that it is the network's."""
    return _word("why_not", word) or Wording(title=gettext("The network takes no answer to this message"))


def warning(word: str) -> Wording:
    """Word what a connection test warns of, with how many after a colon; a word nobody knows is quoted."""
    name, _, number = word.partition(":")
    told = {"num": number} if number.isdecimal() else {}
    said = one_line(word, _LONGEST_WORD)
    return _word("warning", name, told) or Wording(title=gettext("The network says: %(reason)s", reason=said))


def _word(use: str, word: str, told: Mapping[str, str] | None = None) -> Wording | None:
    known = REASONS.get(f"{use}.{word}") or REASONS.get(word)
    filled = _Params(told or {})
    return Wording(title=_fill(known[0], filled), advice=_fill(known[1], filled)) if known else None


class _Params(dict[str, Any]):
    """A text never fails for want of a parameter: a dash stands where it would be. What stands there hides nothing."""

    def __getitem__(self, name: str) -> Any:
        value = super().__getitem__(name)
        return one_line(value, _LONGEST_PARAM) if isinstance(value, str) else value

    def __missing__(self, name: str) -> str:
        return "–"


def _fill(text: str, params: _Params) -> str:
    translated = gettext(text) if text else ""
    return translated % params if "%(" in translated else translated
