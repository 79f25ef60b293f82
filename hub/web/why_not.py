"""Why a conversation cannot be answered, in words, with what to do: shown where the composer would stand."""

from __future__ import annotations

from hub.kernel.texts import gettext, mark

_WORDS: dict[str, str] = {
    "blocked": mark("This person does not want to hear from this account."),
    "closed": mark("This thread is closed; the network takes no more answers."),
    "companion_removed": mark(
        "The channel that posted answers for this one was removed. Choose another one in the channel's settings."
    ),
    "deleted": mark("The message was deleted, so there is nothing left to answer."),
    "held": mark("The message awaits moderation. Approve it there before you answer."),
    "may_not_send": mark("The connected account may read here, but not write. Ask for more rights at the network."),
    "misconfigured": mark("The channel's settings no longer work. Correct them, then you can answer."),
    "no_companion_target": mark("The channel that posts answers does not know this message. Answer it there."),
    "nothing_to_answer": mark("Nobody but us has said anything here."),
    "read_only": mark(
        "This channel can only be read. Answer at the original, or choose a channel that posts answers in its settings."
    ),
    "signed_out": mark("The channel is signed out. Sign it in again, then you can answer."),
    "window_closed": mark("The network allowed an answer only for a while, and that time is over."),
}


def why_not(word: str) -> str:
    """Word a reason of the contract or of the reply use case; an unknown one still says that it is the network's."""
    known = _WORDS.get(word)
    return gettext(known) if known else gettext("The network takes no answer to this message.")
