"""What a page says after something was done: a word in the address, worded here, so that nothing needs to be kept."""

from __future__ import annotations

from flask import request

from hub.kernel.texts import gettext, mark

NOTICES: dict[str, str] = {
    "name_saved": mark("Your name was saved."),
    "language_saved": mark("The language was saved."),
    "time_zone_saved": mark("The time zone was saved."),
    "password_changed": mark("Your password was changed. Every other place was signed out."),
    "session_ended": mark("That place was signed out."),
    "sessions_ended": mark("Every other place was signed out."),
    "signed_out": mark("You are signed out."),
    "role_changed": mark("The role was changed. The person has to sign in again."),
    "deactivated": mark("This person can no longer sign in."),
    "reactivated": mark("This person can sign in again."),
    "team_created": mark("The team was created."),
    "team_renamed": mark("The team was renamed."),
    "member_added": mark("The person is in the team now."),
    "member_removed": mark("The person is no longer in the team."),
}
"""Redirect with `done=<word>`; a subject adds its own words with `NOTICES.update`."""


def notice() -> str:
    """The notice this request asks for; empty for a word we do not know."""
    text = NOTICES.get(request.args.get("done", ""))
    return "" if text is None else gettext(text)
