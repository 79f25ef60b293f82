"""From our form to the network's sign-in page and back: OAuth 2.0 with a state of our own (RFC 6749, RFC 9700).

The state is unguessable, stored as a hash, bound to one session of ours, valid for a quarter of an hour and used once.
What stood in the form travels sealed in our own database, so that nothing is lost when the sign-in fails. Each server
sends people back to an address of its own, so that none is handed the code of another (RFC 9700, 4.4.2.2).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

import msgspec

from hub.channels.connectors import Connectors
from hub.channels.model import Account, Remembered
from hub.channels.settings import fields_of, read_form
from hub.channels.sign_in import store
from hub.errors import KeyLost, Misconfigured, PluginFault
from hub.kernel.database import Session
from hub.kernel.hub import Hub

LIFETIME = timedelta(minutes=15)
OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
"""In place of an address to come back to: the network shows a code, and the person brings it."""

_KEPT_AFTER = timedelta(days=1)
_LONGEST_ANSWER = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What stood in the form when somebody left it to sign in. channel_id: 0 for a new one. Holds no secrets yet."""

    kind: str
    channel_id: int = 0
    name: str = ""
    team_id: str = ""
    client_key: str = ""
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """Somebody who is on the network's page: what they left behind, and what the connector needs to go on."""

    form: Form
    redirect_uri: str
    state: str = field(repr=False)
    is_late: bool = False
    is_elsewhere: bool = False
    """Somebody came back to the address of another server than the one they had left for."""


def begin(hub: Hub, connectors: Connectors, form: Form, *, redirect_uri: str) -> tuple[str, Left]:
    """Where to send the person, without our state yet, and what is left. Raises Invalid at the field at fault and the
    connector's errors."""
    account = _account(hub, form)
    leaving, memory = connectors.begin_sign_in(account, redirect_uri)
    _remember(hub, form.kind, account.memory, memory)
    if urlsplit(leaving.url).scheme not in ("https", "http"):
        raise PluginFault("a sign-in page that is no page", reason="wrong_type")
    return leaving.url, Left(form=form, redirect_uri=redirect_uri, state=leaving.state)


def leave(hub: Hub, connectors: Connectors, form: Form, *, session_id: int, redirect_uri: str) -> str:
    """Begin, keep what is left behind, and return the whole address to send this session's person to.

    They come back below `redirect_uri`, to an address that is this server's alone.
    """
    url, left = begin(hub, connectors, form, redirect_uri=f"{redirect_uri}/{place_of(form)}")
    state = hub.token()
    with hub.database.transaction() as session:
        store.add(
            session,
            state_hash=_hashed(state),
            session_id=session_id,
            sealed=hub.secrets.seal(msgspec.json.encode(left).decode()),
            expires_at=hub.clock() + LIFETIME,
        )
    return f"{url}{'&' if '?' in url else '?'}{urlencode({'state': state})}"


def place_of(form: Form) -> str:
    """Names the server that a form leads to, the same each time; nobody finds another form with the same name."""
    shown = json.dumps([form.kind, sorted((name, value.strip()) for name, value in form.values.items())])
    return hashlib.sha256(shown.encode()).hexdigest()[:32]


def come_back(hub: Hub, state: str, *, session_id: int, redirect_uri: str) -> Left | None:
    """What this session left behind under a state, once; None when it was used, or is not this session's.

    redirect_uri: the address they came back to.
    """
    with hub.database.transaction() as session:
        found = store.take(session, state_hash=_hashed(state), session_id=session_id)
    if found is None:
        return None
    sealed, expires_at = found
    try:
        left = msgspec.json.decode(hub.secrets.unseal(sealed), type=Left)
    except KeyLost:  # the key was changed meanwhile: it is begun again
        return None
    return replace(left, is_late=expires_at <= hub.clock(), is_elsewhere=left.redirect_uri != redirect_uri)


def finish(hub: Hub, connectors: Connectors, left: Left, query: Mapping[str, str]) -> dict[str, str]:
    """The complete values of the form, with what was won. Raises Misconfigured when it took too long, was declined or
    is the answer of another server, and the connector's other errors; the sign-in then begins anew."""
    if left.is_elsewhere:
        raise Misconfigured("sign_in_refused")
    if left.is_late:
        raise Misconfigured("sign_in_expired")
    account = _account(hub, left.form)
    told = {name: value[:_LONGEST_ANSWER] for name, value in query.items() if name != "state"}
    won, memory = connectors.finish_sign_in(account, left.state, told)
    _remember(hub, left.form.kind, account.memory, memory)
    known = {each.name for each in fields_of(hub.plugins.connector(left.form.kind).Settings)}
    return {**left.form.values, **{name: value for name, value in won.items() if name in known}}


def forget(session: Session, hub: Hub) -> None:
    """Drop what was left by those who never came back."""
    store.forget(session, before=hub.clock() - _KEPT_AFTER)


def _account(hub: Hub, form: Form) -> Account:
    settings = hub.plugins.connector(form.kind).Settings
    secret = {each.name for each in fields_of(settings) if each.secret}
    shown = {name: value for name, value in form.values.items() if name not in secret}
    with hub.database.reading() as session:
        kept = store.memory(session, form.kind)
    complete = read_form(settings, shown, secrets_follow=True)
    return Account(kind=form.kind, settings=complete, memory=_opened(hub, kept))


def _opened(hub: Hub, kept: Remembered) -> Remembered:
    try:
        return Remembered(text=hub.secrets.unseal(kept.text), version=kept.version) if kept.text else kept
    except KeyLost:  # it is learnt again
        return Remembered(version=kept.version)


def _remember(hub: Hub, kind: str, before: Remembered, after: Remembered) -> None:
    if after.version > before.version:
        with hub.database.transaction() as session:
            store.remember(session, kind, sealed=hub.secrets.seal(after.text), version=after.version)


def _hashed(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()
