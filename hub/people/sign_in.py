"""Signing in with an address and a password: the same work, words and limits for a known and an unknown address."""

from __future__ import annotations

from hub.errors import Invalid
from hub.kernel.hub import Hub
from hub.people import limits, passwords, sessions
from hub.people.limits import Limit
from hub.people.model import Agent
from hub.people.store import agents
from hub.people.words import normal_email

PER_ACCOUNT = Limit(burst=10, seconds_each=30)
PER_ADDRESS = Limit(burst=50, seconds_each=6)
"""A whole office may share one IP address, and its morning must fit."""


def sign_in(hub: Hub, *, email: str, password: str, address: str, user_agent: str) -> str:
    """Check a password and begin a session; returns its token.

    address: the peer's IP address. Raises Invalid("password", "wrong_sign_in") for whatever does not fit, and TooMany
    when this account or this IP address was tried too often; a one-time link works even then.
    """
    email = normal_email(email)
    count_try(hub, email, address=address)
    with hub.database.reading() as session:
        agent = agents.find_by_email(session, email)
        hashed = None if agent is None else agents.password_hash(session, agent.id)
    fits = passwords.verify(hashed, password)
    if not fits or agent is None or hashed is None or not agent.is_active:
        raise Invalid("password", "wrong_sign_in")
    return _begin(hub, agent, hashed, password, user_agent)


def count_try(hub: Hub, email: str, *, address: str) -> None:
    """Count one try of a password before it is looked at, so that many at once count as many. Raises TooMany."""
    now = hub.clock()
    with hub.database.transaction() as session:
        limits.take(session, limits.address_bucket("sign_in", address), PER_ADDRESS, now=now)
        limits.take(session, limits.account_bucket("sign_in", email), PER_ACCOUNT, now=now)


def _begin(hub: Hub, agent: Agent, hashed: str, password: str, user_agent: str) -> str:
    stronger = passwords.hash_password(password) if passwords.needs_rehash(hashed) else None
    with hub.database.transaction() as session:
        limits.empty(session, limits.account_bucket("sign_in", agent.email))
        if stronger is not None:
            agents.rehash(session, agent.id, old=hashed, new=stronger)
        return sessions.start(session, hub, agent.id, user_agent=user_agent)
