"""Every page and what each role gets from it: the table that tests/web/test_routes.py compares with the application.

A new page fails the tests until it stands here. `own` is the answer of each role for an object of their own team, in
the order of ROLES; `foreign` the same for an object of a team they are not in, where the address names one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

ROLES = ("nobody", "writer", "agent", "supervisor", "admin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """`fields` is what its form sends when it is filled in well."""

    own: tuple[int, ...]
    foreign: tuple[int, ...] | None = None
    fields: dict[str, str] = field(default_factory=dict)


def answers(text: str) -> tuple[int, ...]:
    found = tuple(int(code) for code in text.split())
    assert len(found) == len(ROLES)
    return found


_OPEN = answers("200 200 200 200 200")
_SIGNED_IN = answers("303 200 200 200 200")
_DONE = answers("303 303 303 303 303")
_LEADS = answers("303 404 404 200 200")
_ADMINS = answers("303 404 404 404 200")
_ADMINS_DONE = answers("303 404 404 404 303")
_LEADS_DONE = answers("303 404 404 303 303")
_FOREIGN = answers("303 404 404 404 200")
_FOREIGN_DONE = answers("303 404 404 404 303")
_NEVER = answers("303 404 404 404 404")
_READERS = answers("303 200 200 200 200")
_AGENTS = answers("303 404 200 200 200")
_AGENTS_DONE = answers("303 404 303 303 303")
_DRAFT = {"text": "Glad to help", "client_key": "k" * 43}
_PASSWORDS = {"password": "seven boats at sea", "again": "seven boats at sea"}

PAGES: dict[str, Page] = {
    "GET /": Page(own=_DONE),
    "GET /sign-in": Page(own=_OPEN),
    "POST /sign-in": Page(own=answers("422 422 422 422 422"), fields={"email": "x@y.example", "password": "z"}),
    "POST /sign-out": Page(own=_DONE),
    "GET /link/<token>": Page(own=_OPEN),
    "POST /link/<token>": Page(own=_DONE, fields=_PASSWORDS),
    "GET /account": Page(own=_SIGNED_IN),
    "POST /account/name": Page(own=_DONE, fields={"name": "Ana K."}),
    "POST /account/language": Page(own=_DONE, fields={"language": ""}),
    "POST /account/time-zone": Page(own=_DONE, fields={"time_zone": "Europe/Berlin"}),
    "POST /account/password": Page(own=answers("303 422 422 422 422"), fields={"current": "wrong", **_PASSWORDS}),
    "POST /account/sessions/<int:session_id>/end": Page(own=_NEVER, foreign=_NEVER),
    "POST /account/sessions/end-others": Page(own=_DONE),
    "GET /people": Page(own=_LEADS),
    "GET /people/invite": Page(own=_ADMINS),
    "POST /people/invite": Page(
        own=_ADMINS, fields={"email": "new@brightwater.example", "name": "New", "role": "agent"}
    ),
    "GET /people/<int:agent_id>": Page(own=_LEADS, foreign=_FOREIGN),
    "POST /people/<int:agent_id>/role": Page(own=_ADMINS_DONE, foreign=_FOREIGN_DONE, fields={"role": "writer"}),
    "POST /people/<int:agent_id>/deactivate": Page(own=_ADMINS_DONE, foreign=_FOREIGN_DONE),
    "POST /people/<int:agent_id>/reactivate": Page(own=_ADMINS_DONE, foreign=_FOREIGN_DONE),
    "POST /people/<int:agent_id>/reset": Page(own=_ADMINS, foreign=_FOREIGN),
    "GET /people/teams/new": Page(own=_ADMINS),
    "POST /people/teams/new": Page(own=_ADMINS_DONE, fields={"name": "Night shift"}),
    "GET /people/teams/<int:team_id>": Page(own=_LEADS, foreign=_FOREIGN),
    "POST /people/teams/<int:team_id>/name": Page(own=_ADMINS_DONE, foreign=_FOREIGN_DONE, fields={"name": "Other"}),
    "POST /people/teams/<int:team_id>/members": Page(
        own=_LEADS_DONE, foreign=_FOREIGN_DONE, fields={"email": "jonas@brightwater.example"}
    ),
    "POST /people/teams/<int:team_id>/members/<int:agent_id>/remove": Page(own=_LEADS_DONE, foreign=_FOREIGN_DONE),
    "GET /inbox": Page(own=_READERS),
    "GET /inbox/rows": Page(own=_READERS),
    "GET /conversations/<int:conversation_id>": Page(own=_READERS, foreign=_FOREIGN),
    "GET /conversations/<int:conversation_id>/messages": Page(own=_READERS, foreign=_FOREIGN),
    "POST /conversations/<int:conversation_id>/replies": Page(own=_AGENTS_DONE, foreign=_FOREIGN_DONE, fields=_DRAFT),
    "POST /conversations/<int:conversation_id>/notes": Page(
        own=_DONE, foreign=_FOREIGN_DONE, fields={"text": "Call her back", "client_key": "k" * 43}
    ),
    "POST /conversations/<int:conversation_id>/draft": Page(own=_AGENTS, foreign=_FOREIGN, fields=_DRAFT),
    "POST /conversations/<int:conversation_id>/measure": Page(own=_AGENTS, foreign=_FOREIGN, fields=_DRAFT),
    "POST /conversations/<int:conversation_id>/undo/<int:outbox_id>": Page(own=_AGENTS, foreign=_FOREIGN),
    "POST /conversations/<int:conversation_id>/messages/<int:message_id>/<act>": Page(
        own=_AGENTS_DONE, foreign=_FOREIGN_DONE, fields={"client_key": "k" * 43}
    ),
    "POST /conversations/<int:conversation_id>/messages/<int:message_id>/text": Page(
        # The message of the table is somebody else's: nobody may change it.
        own=_NEVER,
        foreign=_NEVER,
        fields=_DRAFT,
    ),
    # A form without a picture: 422 is for who may bring one.
    "POST /uploads": Page(own=answers("303 404 422 422 422")),
    # The picture of the table was brought by Ana, and went with no reply yet: it is nobody else's.
    "GET /uploads/<upload_id>": Page(own=_NEVER, foreign=_NEVER),
    "GET /uploads/<upload_id>/file": Page(own=_NEVER, foreign=_NEVER),
    "GET /pictures/<int:message_id>/<int:position>": Page(own=_READERS, foreign=_FOREIGN),
    # The picture of the table lies on loopback, which the door to the network refuses: 422 is for who may see it.
    "GET /pictures/<int:message_id>/<int:position>/file": Page(
        own=answers("303 422 422 422 422"), foreign=answers("303 404 404 404 422")
    ),
    # The name of the table is no picture's; who gets one is in test_emoji_pages.py.
    "GET /emoji/<name>": Page(own=_NEVER),
    "GET /outbox": Page(own=_AGENTS),
    "GET /outbox/rows": Page(own=_AGENTS),
    "POST /outbox/<int:outbox_id>/retry": Page(own=_AGENTS_DONE, foreign=_FOREIGN_DONE),
    "POST /outbox/<int:outbox_id>/cancel": Page(own=_AGENTS_DONE, foreign=_FOREIGN_DONE),
    "POST /outbox/<int:outbox_id>/mark-sent": Page(own=_AGENTS_DONE, foreign=_FOREIGN_DONE),
    "GET /channels": Page(own=_READERS),
    "GET /channels/rows": Page(own=_READERS),
    "GET /channels/connect": Page(own=_LEADS),
    "GET /channels/connect/<kind>": Page(own=_LEADS),
    "POST /channels/connect/<kind>": Page(own=answers("303 404 404 422 422"), fields={"name": "Ours"}),
    "POST /channels/connect/<kind>/sign-in": Page(own=answers("303 404 404 404 404"), fields={"name": "Ours"}),
    "POST /channels/<int:channel_id>/sign-in": Page(own=_NEVER, foreign=_NEVER),
    "POST /channels/<int:channel_id>/settings/sign-in": Page(own=_NEVER, foreign=_NEVER, fields={"name": "Ours"}),
    "GET /channels/signed-in/<place>": Page(own=_LEADS_DONE),
    "GET /channels/<int:channel_id>": Page(own=_READERS, foreign=_FOREIGN),
    "GET /channels/<int:channel_id>/health": Page(own=_READERS, foreign=_FOREIGN),
    "GET /channels/<int:channel_id>/unreadable": Page(own=_READERS, foreign=_FOREIGN),
    "POST /channels/<int:channel_id>/unreadable/dismiss": Page(
        own=_LEADS_DONE, foreign=_FOREIGN_DONE, fields={"newest": "1"}
    ),
    "POST /channels/<int:channel_id>/unreadable/again": Page(
        own=_LEADS_DONE, foreign=_FOREIGN_DONE, fields={"newest": "1"}
    ),
    "GET /channels/<int:channel_id>/settings": Page(own=_LEADS, foreign=_FOREIGN),
    "POST /channels/<int:channel_id>/settings": Page(
        own=answers("303 404 404 422 422"), foreign=answers("303 404 404 404 422"), fields={"name": ""}
    ),
    "POST /channels/<int:channel_id>/pause": Page(own=_LEADS_DONE, foreign=_FOREIGN_DONE),
    "POST /channels/<int:channel_id>/resume": Page(own=_LEADS_DONE, foreign=_FOREIGN_DONE),
    "POST /channels/<int:channel_id>/check": Page(own=_LEADS_DONE, foreign=_FOREIGN_DONE),
    "POST /channels/<int:channel_id>/pull": Page(own=_LEADS_DONE, foreign=_FOREIGN_DONE),
    "GET /channels/<int:channel_id>/remove": Page(own=_ADMINS, foreign=_FOREIGN),
    "POST /channels/<int:channel_id>/remove": Page(own=_ADMINS_DONE, foreign=_FOREIGN_DONE),
    "GET /health/live": Page(own=_OPEN),
    "GET /health/ready": Page(own=answers("503 503 503 503 503")),
    "GET /metrics": Page(own=_OPEN),
    "POST /csp-report": Page(own=answers("204 204 204 204 204")),
    "GET /favicon.ico": Page(own=answers("302 302 302 302 302")),
    "GET /static/<digest>/<path:name>": Page(own=_OPEN),
}
"""By method and rule, as the application knows them."""
