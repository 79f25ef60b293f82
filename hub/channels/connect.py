"""Connecting, testing, pausing and removing a channel, for the pages and for `hub channel`."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from hub.channels import store
from hub.channels.connectors import Connectors
from hub.channels.model import Account, Channel, ChannelState, Connection, Remembered, Trouble
from hub.channels.settings import fields_of, leads_elsewhere, read_form, split
from hub.channels.told import tidied
from hub.channels.webhook import store as webhook
from hub.channels.wire import Problem, to_error
from hub.connector import Check
from hub.errors import Conflict, ConnectorError, HubError, Invalid
from hub.events import ChannelChanged
from hub.kernel import log
from hub.kernel.database import Session
from hub.kernel.hub import Hub
from hub.kernel.plaintext import one_line

LONGEST_NAME = 100


def add_channel(
    hub: Hub,
    connectors: Connectors,
    *,
    kind: str,
    name: str,
    team_id: int,
    values: Mapping[str, str],
    client_key: str | None = None,
) -> Channel:
    """Test a connection and save it. Raises Invalid at the field at fault, or the connector's own error.

    client_key: names one form; sent twice it connects once, and both times that channel is returned.
    """
    if client_key is not None:
        with hub.database.reading() as session:
            connected = store.by_client_key(session, client_key)
        if connected is not None:
            return connected
    tested = _tested(hub, connectors, kind, values)
    with hub.database.transaction() as session:
        connected = store.by_client_key(session, client_key) if client_key is not None else None
        if connected is not None:
            return connected
        _refuse_twice(session, kind, tested.check)
        connection = _connection(hub, kind, name or _own_name(kind, tested.check), team_id, tested)
        channel_id = store.add(session, connection, kind=kind, now=hub.clock(), client_key=client_key)
        if channel_id is None:
            return _connected(session, client_key)
        if hub.plugins.connector(kind).features.webhook:
            webhook.add_hook(session, hub.token(), channel_id)
        _announce(hub, session, channel_id, ChannelState.ACTIVE)
        return store.channel(session, channel_id)


def _refuse_twice(session: Session, kind: str, check: Check, *, but: int = 0) -> None:
    """One account is one channel: connected twice, everything would arrive and be answered twice. Raises Invalid."""
    found = store.with_account(session, kind, check.account.id, but=but) if check.account.id else None
    if found is not None:
        raise Invalid("", "connected_already", name=found.name, id=found.id)


def _refuse_another(hub: Hub, channel: Channel, check: Check) -> None:
    """Signing in again is for the account the conversations are with, where a network signs accounts in."""
    before, found = channel.account, check.account
    # A server that learns to tell the actor's URI gives the same account, with the same full name, another id.
    is_same = found.id == before.id or (found.handle == before.handle and "@" in found.handle.lstrip("@"))
    if hub.plugins.connector(channel.kind).features.signs_in and not is_same:
        raise Invalid("", "another_account", known=before.handle or before.name, found=found.handle or found.name)


def _connected(session: Session, client_key: str | None) -> Channel:
    """The channel that the same form connected while this one was tested."""
    found = store.by_client_key(session, client_key or "")
    if found is None:
        raise Conflict("the channel was neither added nor there", reason="already_sent")
    return found


def change_channel(
    hub: Hub,
    connectors: Connectors,
    channel_id: int,
    *,
    name: str,
    team_id: int,
    values: Mapping[str, str],
    forgotten: Collection[str] = (),
) -> Channel:
    """Change settings; a secret left empty stays as it is unless it is `forgotten`. Tested before it is saved.

    A channel that waited for this goes on; one that somebody paused stays paused.
    """
    with hub.database.reading() as session:
        channel = store.channel(session, channel_id)
    values = with_known_secrets(hub, channel, values, forgotten)
    tested = _tested(hub, connectors, channel.kind, values)
    _refuse_another(hub, channel, tested.check)
    with hub.database.transaction() as session:
        _refuse_twice(session, channel.kind, tested.check, but=channel_id)
        connection = _connection(hub, channel.kind, name, team_id, tested)
        store.update_connection(session, channel_id, connection, now=hub.clock())
        changed = store.channel(session, channel_id)
        _announce(hub, session, channel_id, changed.state)
        return changed


def with_known_secrets(
    hub: Hub, channel: Channel, values: Mapping[str, str], forgotten: Collection[str] = ()
) -> dict[str, str]:
    """What a form says of a channel that exists, completed by the secrets that it leaves as they are.

    Raises Invalid at a secret that would go to another address than the one it was entered for.
    """
    with hub.database.reading() as session:
        known = account_of(hub, session, channel).settings
    fields = fields_of(hub.plugins.connector(channel.kind).Settings)
    left = [field.name for field in fields if field.secret and not values.get(field.name)]
    kept = {name: known.get(name, "") for name in left if name not in forgotten}
    owned = next((name for name, secret in kept.items() if secret), None)
    addresses = [field.name for field in fields if field.kind == "url"]
    if owned and any(leads_elsewhere(known.get(name, ""), values.get(name, "")) for name in addresses):
        raise Invalid(owned, "enter_again")
    return {**values, **kept}


def check_channel(hub: Hub, connectors: Connectors, channel_id: int) -> Check:
    """Test a saved connection and note what was found. Raises the connector's error, noted on the channel."""
    with hub.database.reading() as session:
        channel = store.channel(session, channel_id)
        account = account_of(hub, session, channel)
    try:
        check = tidied(connectors.check(account))
    except HubError as error:
        note_failure(hub, channel, error)
        raise
    with hub.database.transaction() as session:
        store.note_check(session, channel_id, check, now=hub.clock())
        _announce(hub, session, channel_id, ChannelState.ACTIVE)
    return check


def note_failure(hub: Hub, channel: Channel, error: HubError) -> None:
    """Show on the channel why it could not be reached; whether it goes on follows from the error."""
    with hub.database.transaction() as session:
        state = state_after(channel.state, error)
        store.note_failure(
            session,
            channel.id,
            state=state,
            trouble=trouble_of(error),
            next_pull_at=hub.clock(),
            now=hub.clock(),
        )
        _announce(hub, session, channel.id, state)


def pause_channel(hub: Hub, channel_id: int) -> None:
    """Stop pulling and sending; replies wait."""
    _set_state(hub, channel_id, ChannelState.PAUSED)


def resume_channel(hub: Hub, channel_id: int) -> None:
    """Go on where it was paused; the next pull is due at once."""
    _set_state(hub, channel_id, ChannelState.ACTIVE)


def remove_channel(hub: Hub, channel_id: int) -> None:
    """Disconnect for good and forget the secrets; conversations stay readable."""
    with hub.database.transaction() as session:
        store.channel(session, channel_id)
        store.remove(session, channel_id)
        webhook.drop(session, channel_id)
        _announce(hub, session, channel_id, ChannelState.REMOVED)


def account_of(hub: Hub, session: Session, channel: Channel) -> Account:
    """Put open and sealed settings together for a call. Raises KeyLost."""
    row = store.sealed(session, channel.id)
    secret: dict[str, str] = json.loads(hub.secrets.unseal(row["sealed"]))
    return Account(
        kind=channel.kind,
        channel_id=channel.id,
        settings={**channel.settings, **secret},
        sealed=row["sealed"],
        memory=Remembered(text=_unsealed(hub, row["memory"]), version=row["memory_version"]),
    )


def keeper(hub: Hub) -> Callable[[Account, Remembered], None]:
    """Return what seals and stores a connector's memory, as long as the settings are those it was won with."""

    def keep(account: Account, memory: Remembered) -> None:
        with hub.database.transaction() as session:
            # A rotation of the key seals the same settings anew while a call is under way.
            now = store.sealed_now(session, account.channel_id)
            store.note_memory(
                session,
                account.channel_id,
                sealed=now if hub.secrets.is_same(now, account.sealed) else account.sealed,
                memory=_sealed(hub, memory.text),
                version=memory.version,
            )

    return keep


def _sealed(hub: Hub, text: str) -> str:
    return hub.secrets.seal(text, passing=True) if text else ""


def _unsealed(hub: Hub, sealed: str) -> str:
    return hub.secrets.unseal(sealed, passing=True) if sealed else ""


def read_account(hub: Hub, channel_id: int) -> Account:
    """The account of a channel, for a call outside any transaction. Raises Absent and KeyLost."""
    with hub.database.reading() as session:
        return account_of(hub, session, store.channel(session, channel_id))


def state_after(state: ChannelState, error: HubError) -> ChannelState:
    """Which state an error leads to: some wait for a person, all others only for a while. A pause stays a pause."""
    if state is ChannelState.PAUSED:
        return state
    return {
        "auth_expired": ChannelState.SIGNED_OUT,
        "misconfigured": ChannelState.MISCONFIGURED,
        "address_refused": ChannelState.MISCONFIGURED,
        "gone": ChannelState.MISCONFIGURED,
    }.get(error.code, state)


def trouble_of(error: HubError) -> Trouble:
    reason = error.reason if isinstance(error, ConnectorError) else str(error.params.get("reason", ""))
    return Trouble(code=error.code, reason=reason, detail=error.detail)


def error_of(trouble: Trouble) -> HubError:
    """The error a trouble was made of, to be worded for people."""
    return to_error(Problem(code=trouble.code, reason=trouble.reason, detail=trouble.detail))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tested:
    """Settings that work, what the test found, and what the connector wants remembered of it."""

    settings: Mapping[str, str] = field(repr=False)
    check: Check
    memory: Remembered = field(repr=False)


def _tested(hub: Hub, connectors: Connectors, kind: str, values: Mapping[str, str]) -> _Tested:
    complete = read_form(hub.plugins.connector(kind).Settings, values)
    check, memory = connectors.try_out(Account(kind=kind, settings=complete))
    return _Tested(settings=complete, check=tidied(check), memory=memory)


def _connection(hub: Hub, kind: str, name: str, team_id: int, tested: _Tested) -> Connection:
    """What of it is stored, its secrets sealed. Raises Invalid("name", …)."""
    shown, secret = split(hub.plugins.connector(kind).Settings, tested.settings)
    return Connection(
        name=checked_name(name),
        team_id=team_id,
        settings=shown,
        check=tested.check,
        sealed=hub.secrets.seal(json.dumps(secret)),
        memory=_sealed(hub, tested.memory.text),
        memory_version=tested.memory.version,
    )


def _own_name(kind: str, check: Check) -> str:
    """What a channel is called when nobody says: as the network calls it, by its full name where it has one."""
    handle = check.account.handle
    full = handle if "@" in handle.lstrip("@") else ""
    names = (full, check.title, handle, check.account.name, kind)
    return next(name for name in (one_line(name, LONGEST_NAME)[:LONGEST_NAME] for name in names) if name)


def checked_name(name: str) -> str:
    """A channel's name on one line, without characters nobody can see. Raises Invalid("name", …)."""
    name = one_line(name, LONGEST_NAME + 1)
    if not 1 <= len(name) <= LONGEST_NAME:
        raise Invalid("name", "missing" if not name else "too_long", limit=LONGEST_NAME)
    return name


def _set_state(hub: Hub, channel_id: int, state: ChannelState) -> None:
    with hub.database.transaction() as session:
        store.channel(session, channel_id)
        store.set_state(session, channel_id, state, now=hub.clock())
        _announce(hub, session, channel_id, state)


def _announce(hub: Hub, session: Session, channel_id: int, state: ChannelState) -> None:
    log.append(session, ChannelChanged(channel_id=channel_id, state=state.value), at=hub.clock())
