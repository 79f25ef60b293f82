"""What is done to agents: invited, given a role, reset, deactivated; and what they change about themselves.

Everything that changes what somebody may do ends that person's sessions in the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterable

from hub.errors import Absent, Conflict, Invalid
from hub.kernel.database import Session
from hub.kernel.hub import Hub
from hub.people import links, passwords, sessions, sign_in
from hub.people.authorize import Action, authorize, visible_teams
from hub.people.model import Actor, Agent, Purpose, Role, SignedIn
from hub.people.store import agents as store
from hub.people.store import links as link_store
from hub.people.store import teams as team_store
from hub.people.store import tokens as token_store
from hub.people.words import checked_email, checked_name, normal_email


def listed(hub: Hub, actor: Actor) -> list[Agent]:
    """Whom the actor may see, by name. Raises Absent when that is nobody at all."""
    authorize(actor, Action.READ_PEOPLE)
    with hub.database.reading() as session:
        return store.listed(session, visible_teams(actor))


def find(hub: Hub, actor: Actor, agent_id: int) -> Agent:
    """One agent the actor may see. Raises Absent."""
    with hub.database.reading() as session:
        agent = _existing(session, agent_id)
    authorize(actor, Action.READ_PEOPLE, agent)
    return agent


def find_by_email(hub: Hub, actor: Actor, email: str) -> Agent:
    """For the command line, which names people by address. Raises Absent."""
    with hub.database.reading() as session:
        agent = store.find_by_email(session, normal_email(email))
    if agent is None:
        raise Absent()
    authorize(actor, Action.READ_PEOPLE, agent)
    return agent


def add(
    hub: Hub,
    actor: Actor,
    *,
    email: str,
    name: str,
    role: Role,
    team_ids: Iterable[int] = (),
    password: str | None = None,
) -> Agent:
    """Add an agent, with a password or to be invited. Raises Absent, Invalid naming the field (email: taken)."""
    authorize(actor, Action.INVITE)
    email, name = checked_email(email), checked_name(name)
    hashed = None
    if password is not None:
        passwords.check(password, context=(email, name))
        hashed = passwords.hash_password(password)
    with hub.database.transaction() as session:
        agent_id = _insert(session, hub, email=email, name=name, role=role, team_ids=team_ids, hashed=hashed)
        if role is Role.ADMIN and hashed is not None:
            links.forget_first_admin(session)
        return _existing(session, agent_id)


def invite(
    hub: Hub, actor: Actor, *, email: str, name: str, role: Role, team_ids: Iterable[int] = ()
) -> tuple[Agent, str]:
    """Add an agent and return the link that lets them choose a password; it is shown once and works for 72 hours."""
    authorize(actor, Action.INVITE)
    email, name = checked_email(email), checked_name(name)
    with hub.database.transaction() as session:
        agent_id = _insert(session, hub, email=email, name=name, role=role, team_ids=team_ids, hashed=None)
        return _existing(session, agent_id), links.issue(session, hub, agent_id, Purpose.INVITE)


def reset(hub: Hub, actor: Actor, agent_id: int) -> str:
    """Make a link to choose a new password: an hour for a reset, 72 for an invitation not taken up yet.

    The old password goes on working until the link is used. Raises Absent, Conflict for a deactivated agent.
    """
    with hub.database.transaction() as session:
        agent = _existing(session, agent_id)
        authorize(actor, Action.RESET_SIGN_IN, agent)
        if not agent.is_active:
            raise Conflict("deactivated")
        return links.issue(session, hub, agent_id, Purpose.RESET if agent.has_password else Purpose.INVITE)


def change_role(hub: Hub, actor: Actor, agent_id: int, role: Role) -> None:
    """Give another role; sessions end. Raises Absent, Invalid("role", "last_admin")."""
    with hub.database.transaction() as session:
        agent = _existing(session, agent_id)
        authorize(actor, Action.CHANGE_ROLE, agent)
        if agent.role is role:
            return
        if role is not Role.ADMIN:
            _keep_one_admin(session, agent_id)
        store.set_role(session, agent_id, role)
        sessions.end_all(session, agent_id, now=hub.clock())


def deactivate(hub: Hub, actor: Actor, agent_id: int) -> None:
    """Shut an agent out; sessions, links and tokens end, what they wrote stays.

    Raises Absent, Invalid("role", "last_admin").
    """
    now = hub.clock()
    with hub.database.transaction() as session:
        authorize(actor, Action.DEACTIVATE, _existing(session, agent_id))
        _keep_one_admin(session, agent_id)
        store.deactivate(session, agent_id, at=now)
        sessions.end_all(session, agent_id, now=now)
        link_store.spend_all(session, agent_id, at=now)
        token_store.revoke_all(session, agent_id, at=now)


def reactivate(hub: Hub, actor: Actor, agent_id: int) -> None:
    """Let an agent in again, with the password and teams they had. Raises Absent."""
    with hub.database.transaction() as session:
        authorize(actor, Action.DEACTIVATE, _existing(session, agent_id))
        store.reactivate(session, agent_id)


def rename_self(hub: Hub, who: SignedIn, name: str) -> None:
    """Raises Invalid("name", …)."""
    with hub.database.transaction() as session:
        store.set_name(session, who.agent.id, checked_name(name))


def choose_language(hub: Hub, who: SignedIn, language: str) -> None:
    """`language` is the code of a catalogue, or empty for the browser's."""
    with hub.database.transaction() as session:
        store.set_language(session, who.agent.id, language)


def choose_time_zone(hub: Hub, who: SignedIn, time_zone: str) -> None:
    """`time_zone` is the name of one, or empty for the browser's."""
    with hub.database.transaction() as session:
        store.set_time_zone(session, who.agent.id, time_zone)


def change_password(hub: Hub, who: SignedIn, *, current: str, new: str, address: str, user_agent: str) -> str:
    """Change one's own password: every session ends, and the token of a new one is returned.

    Raises Invalid("current", "wrong_password"), Invalid("password", …) and TooMany like a sign-in.
    """
    agent = who.agent
    sign_in.count_try(hub, agent.email, address=address)
    with hub.database.reading() as session:
        hashed = store.password_hash(session, agent.id)
    if not passwords.verify(hashed, current):
        raise Invalid("current", "wrong_password")
    passwords.check(new, context=(agent.email, agent.name))
    changed = passwords.hash_password(new)
    now = hub.clock()
    with hub.database.transaction() as session:
        store.set_password(session, agent.id, changed)
        sessions.end_all(session, agent.id, now=now)
        link_store.spend_all(session, agent.id, at=now)
        return sessions.start(session, hub, agent.id, user_agent=user_agent)


def _existing(session: Session, agent_id: int) -> Agent:
    agent = store.find(session, agent_id)
    if agent is None:
        raise Absent()
    return agent


def _insert(
    session: Session, hub: Hub, *, email: str, name: str, role: Role, team_ids: Iterable[int], hashed: str | None
) -> int:
    agent_id = store.insert(session, email=email, name=name, role=role, hashed=hashed, at=hub.clock())
    if agent_id is None:
        raise Invalid("email", "taken")
    for team_id in sorted(set(team_ids)):
        if team_store.find(session, team_id) is None:
            raise Invalid("team_ids", "not_a_choice")
        team_store.add_member(session, team_id, agent_id)
    return agent_id


def _keep_one_admin(session: Session, agent_id: int) -> None:
    """Raises Invalid when nobody could let others in any more: an invitation that nobody took up does not count."""
    admins = store.active_admins(session)
    could_sign_in = admins.pop(agent_id, None)
    if could_sign_in is not None and not (any(admins.values()) if could_sign_in else admins):
        raise Invalid("role", "last_admin")
