"""One-time links: the first admin's, an invitation's, a reset's.

Each works once and for a limited time; only the SHA-256 is kept; a new one and a new password use up the old ones.
The address is made from the configured HUB_BASE_URL, never from a request.
"""

from __future__ import annotations

from datetime import timedelta

from hub.errors import Absent, Invalid
from hub.kernel.database import Session
from hub.kernel.hub import Hub
from hub.people import passwords, sessions
from hub.people.model import Agent, Link, Purpose, Role
from hub.people.store import agents
from hub.people.store import links as store
from hub.people.words import checked_email, checked_name

LIFETIME = {
    Purpose.FIRST: timedelta(hours=24),
    Purpose.INVITE: timedelta(hours=72),
    Purpose.RESET: timedelta(hours=1),
}

_FIRST_EMAIL = "first-admin@hub.invalid"


def first_admin(hub: Hub) -> str | None:
    """A link for whoever sets this installation up; None once an admin can sign in. Each call replaces the last."""
    with hub.database.transaction() as session:
        if agents.an_admin_has_a_password(session):
            return None
        agent_id = agents.admin_without_password(session) or agents.insert(
            session, email=_FIRST_EMAIL, name="Admin", role=Role.ADMIN, hashed=None, at=hub.clock()
        )
        if agent_id is None:
            return None
        return issue(session, hub, agent_id, Purpose.FIRST)


def forget_first_admin(session: Session) -> None:
    """Somebody else can let people in now: the place kept for whoever sets this up goes, and its link with it."""
    agents.forget_unused(session, _FIRST_EMAIL)


def issue(session: Session, hub: Hub, agent_id: int, purpose: Purpose) -> str:
    """Make a link in a transaction of the caller's, use up this agent's older ones, and return its address."""
    token, now = hub.token(), hub.clock()
    store.spend_all(session, agent_id, at=now)
    store.insert(
        session,
        agent_id=agent_id,
        token_hash=sessions.token_hash(token),
        purpose=purpose,
        at=now,
        expires_at=now + LIFETIME[purpose],
    )
    return f"{hub.config.base_url}/link/{token}"


def find(hub: Hub, token: str) -> tuple[Link, Agent]:
    """The link and whose it is. Raises Absent when it was used, ran out, or never was: all look the same."""
    with hub.database.reading() as session:
        link = store.valid(session, sessions.token_hash(token), at=hub.clock())
        agent = None if link is None else agents.find(session, link.agent_id)
    if link is None or agent is None or not agent.is_active:
        raise Absent()
    return link, agent


def redeem(
    hub: Hub, token: str, *, password: str, user_agent: str, email: str | None = None, name: str | None = None
) -> str:
    """Set the password with a link and sign in: returns the session's token; every older session ends.

    email, name: who the first admin is; taken for that link only. Raises Absent as `find`, Invalid naming the field,
    TooMany when the machine is busy hashing.
    """
    link, agent = find(hub, token)
    first = link.purpose is Purpose.FIRST
    chosen_email = checked_email(email or "") if first else agent.email
    chosen_name = checked_name(name or "") if first else agent.name
    passwords.check(password, context=(chosen_email, chosen_name))
    hashed = passwords.hash_password(password)
    now = hub.clock()
    with hub.database.transaction() as session:
        if not store.spend(session, link.id, at=now):
            raise Absent()
        store.spend_all(session, agent.id, at=now)
        sessions.end_all(session, agent.id, now=now)
        agents.set_password(session, agent.id, hashed)
        if first:
            known = agents.find_by_email(session, chosen_email)
            if known is not None and known.id != agent.id:
                raise Invalid("email", "taken")
            agents.set_email(session, agent.id, chosen_email)
            agents.set_name(session, agent.id, chosen_name)
        elif agent.role is Role.ADMIN:
            forget_first_admin(session)
        return sessions.start(session, hub, agent.id, user_agent=user_agent)
