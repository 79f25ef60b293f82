"""Who may sign in: hub user add, invite, reset, deactivate, list."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from hub.commands.installation import find_teams, opened
from hub.commands.output import json_option, print_json, print_table

if TYPE_CHECKING:
    from hub.kernel.hub import Hub
    from hub.people.model import Agent

role_option = click.option(
    "--role",
    type=click.Choice(["admin", "supervisor", "agent", "writer"]),
    default="agent",
    show_default=True,
    help="What this person may do.",
)
team_option = click.option("--team", "teams", multiple=True, help="A team to belong to; may be given again.")


@click.group()
def user() -> None:
    """Add people and let them sign in."""


@user.command()
@click.argument("email")
@click.option("--name", required=True, help="As colleagues see it.")
@role_option
@team_option
@click.option("--password-stdin", is_flag=True, help="Read the password from stdin instead of printing a link.")
@json_option
def add(email: str, name: str, role: str, teams: tuple[str, ...], password_stdin: bool, as_json: bool) -> None:
    """Add somebody, with a password or with a link to choose one."""
    from hub.kernel.texts import gettext as _
    from hub.people import agents
    from hub.people.model import OPERATOR, Role

    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else None
    with opened() as hub:
        team_ids = find_teams(hub, teams)
        if password is None:
            _tell(
                *agents.invite(hub, OPERATOR, email=email, name=name, role=Role(role), team_ids=team_ids),
                as_json=as_json,
            )
            return
        agent = agents.add(hub, OPERATOR, email=email, name=name, role=Role(role), team_ids=team_ids, password=password)
    if as_json:
        print_json(_facts(agent))
    else:
        click.echo(_("%(email)s can sign in.", email=agent.email))


@user.command()
@click.argument("email")
@json_option
def invite(email: str, as_json: bool) -> None:
    """Print a new link for somebody who has not signed in yet."""
    _new_link(email, as_json=as_json)


@user.command()
@click.argument("email")
@json_option
def reset(email: str, as_json: bool) -> None:
    """Print a link to choose a new password; the old one works until then."""
    _new_link(email, as_json=as_json)


@user.command()
@click.argument("email")
def deactivate(email: str) -> None:
    """Shut somebody out at once; what they wrote stays."""
    from hub.kernel.texts import gettext as _
    from hub.people import agents
    from hub.people.model import OPERATOR

    with opened() as hub:
        agents.deactivate(hub, OPERATOR, find_user(hub, email).id)
    click.echo(_("%(email)s cannot sign in any more.", email=email))


@user.command(name="list")
@json_option
def list_users(as_json: bool) -> None:
    """Show everybody with role and teams."""
    from hub.people import agents, teams
    from hub.people.model import OPERATOR

    with opened() as hub:
        found = agents.listed(hub, OPERATOR)
        names = {team.id: team.name for team in teams.listed(hub, OPERATOR)}
    if as_json:
        print_json([_facts(agent) for agent in found])
        return
    titles = ("id", "email", "name", "role", "teams", "state")
    print_table(
        titles,
        [
            (
                agent.id,
                agent.email,
                agent.name,
                agent.role,
                ", ".join(sorted(names[team_id] for team_id in agent.team_ids)),
                _state(agent),
            )
            for agent in found
        ],
    )


def _new_link(email: str, *, as_json: bool) -> None:
    from hub.people import agents
    from hub.people.model import OPERATOR

    with opened() as hub:
        agent = find_user(hub, email)
        _tell(agent, agents.reset(hub, OPERATOR, agent.id), as_json=as_json)


def find_user(hub: Hub, email: str) -> Agent:
    """Whom the command names. Raises Invalid("email", "unknown_person")."""
    from hub.errors import Absent, Invalid
    from hub.people import agents
    from hub.people.model import OPERATOR

    try:
        return agents.find_by_email(hub, OPERATOR, email)
    except Absent:
        raise Invalid("email", "unknown_person") from None


def _tell(agent: Agent, link: str, *, as_json: bool) -> None:
    from hub.kernel.texts import gettext as _

    if as_json:
        print_json({**_facts(agent), "link": link})
    else:
        click.echo(_("For %(email)s (works once): %(link)s", email=agent.email, link=link))


def _state(agent: Agent) -> str:
    if not agent.is_active:
        return "deactivated"
    return "active" if agent.has_password else "invited"


def _facts(agent: Agent) -> dict[str, Any]:
    return {
        "id": agent.id,
        "email": agent.email,
        "name": agent.name,
        "role": agent.role,
        "team_ids": agent.team_ids,
        "state": _state(agent),
    }
