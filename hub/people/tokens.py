"""Tokens for programs: 256 random bits, shown once, only their SHA-256 is kept (OWASP ASVS 5.0, 7.2.2; RFC 6750).

A token does what its scopes say and never more than its agent may at that moment; it dies with the agent's
deactivation. A new password does not end it: it is made on the machine, never with a password, and a script that
answers customers must not stop because somebody's password grew old.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from hub.errors import Absent, Conflict
from hub.kernel.hub import Hub
from hub.people import limits, sessions
from hub.people.authorize import Action, authorize
from hub.people.limits import Limit
from hub.people.model import Actor, Agent, ApiToken, Bearer, TokenScope
from hub.people.store import agents
from hub.people.store import tokens as store
from hub.people.words import checked_name

PREFIX = "hub_"
"""Before every token, so that a person, or a scanner of a repository, sees what it is."""

WRONG_TOKENS = Limit(burst=30, seconds_each=10)
_SHOWN = len(PREFIX) + 4
_USED_EVERY = timedelta(minutes=1)
"""Calls write down that a token was used no more often than this."""


def create(
    hub: Hub,
    actor: Actor,
    agent_id: int,
    *,
    name: str,
    scopes: Iterable[TokenScope],
    lifetime: timedelta | None = None,
) -> tuple[ApiToken, str]:
    """Make a token for an agent; its text is nowhere else. `lifetime` None: until it is revoked.

    Raises Absent, Conflict for a deactivated agent, Invalid("name", …).
    """
    name, text, now = checked_name(name), PREFIX + hub.token(), hub.clock()
    with hub.database.transaction() as session:
        agent = agents.find(session, agent_id)
        if agent is None:
            raise Absent()
        authorize(actor, Action.MANAGE_TOKENS, agent)
        if not agent.is_active:
            raise Conflict("deactivated")
        token_id = store.insert(
            session,
            agent_id=agent_id,
            name=name,
            token_hash=sessions.token_hash(text),
            starts_with=text[:_SHOWN],
            scopes=scopes,
            at=now,
            expires_at=None if lifetime is None else now + lifetime,
        )
        made = store.find(session, token_id)
    assert made is not None
    return made, text


def listed(hub: Hub, actor: Actor) -> list[tuple[ApiToken, Agent]]:
    """Every token that was not revoked, with whose it is. Raises Absent."""
    authorize(actor, Action.MANAGE_TOKENS)
    with hub.database.reading() as session:
        owners = {agent.id: agent for agent in agents.listed(session, None)}
        return [(token, owners[token.agent_id]) for token in store.listed(session)]


def revoke(hub: Hub, actor: Actor, token_id: int) -> ApiToken:
    """End a token at once. Raises Absent, also for one that was revoked already."""
    with hub.database.transaction() as session:
        token = store.find(session, token_id)
        owner = None if token is None else agents.find(session, token.agent_id)
        if token is None or owner is None:
            raise Absent("no such token", token_id=token_id)
        authorize(actor, Action.MANAGE_TOKENS, owner)
        if not store.revoke(session, token_id, at=hub.clock()):
            raise Absent("no such token", token_id=token_id)
    return token


def find(hub: Hub, text: str) -> Bearer | None:
    """Whose token this is, or None when it was revoked, ran out, lost its agent or never was."""
    now = hub.clock()
    with hub.database.reading() as session:
        token = store.living(session, sessions.token_hash(text), at=now)
        agent = None if token is None else agents.find(session, token.agent_id)
    if token is None or agent is None or not agent.is_active:
        return None
    if token.used_at is None or now - token.used_at >= _USED_EVERY:
        with hub.database.transaction() as session:
            store.mark_used(session, token.id, at=now)
    return Bearer(token=token, agent=agent)


def count_wrong(hub: Hub, *, address: str) -> None:
    """Count a token that fits nobody against an IP address; good ones go on working. Raises TooMany."""
    with hub.database.transaction() as session:
        limits.take(session, limits.address_bucket("token", address), WRONG_TOKENS, now=hub.clock())
