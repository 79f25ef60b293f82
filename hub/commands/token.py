"""Tokens for programs that use the API: hub token create, list, revoke."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from hub.commands.installation import opened
from hub.commands.output import json_option, print_json, print_table

if TYPE_CHECKING:
    from hub.people.model import Agent, ApiToken

SCOPES = ("read", "reply", "note", "outbox", "channels")


@click.group()
def token() -> None:
    """Let programs use the API on somebody's behalf."""


@token.command()
@click.option("--user", "email", required=True, help="The e-mail address of the person it acts for.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(SCOPES),
    help="What it may be used for; may be given again. Only read when left out.",
)
@click.option("--name", default="API", show_default=True, help="What it is for, to tell it from others.")
@click.option("--days", type=click.IntRange(1, 3650), help="How long it works; until it is revoked when left out.")
@json_option
def create(email: str, scopes: tuple[str, ...], name: str, days: int | None, as_json: bool) -> None:
    """Print a new token; it is shown this once and kept nowhere."""
    from datetime import timedelta

    from hub.commands.user import find_user
    from hub.kernel.texts import gettext as _
    from hub.people import tokens
    from hub.people.model import OPERATOR, TokenScope

    with opened() as hub:
        agent = find_user(hub, email)
        made, text = tokens.create(
            hub,
            OPERATOR,
            agent.id,
            name=name,
            scopes=[TokenScope(word) for word in scopes or ("read",)],
            lifetime=None if days is None else timedelta(days=days),
        )
    if as_json:
        print_json({**_facts(made, agent), "token": text})
        return
    click.echo(text)
    click.echo(_("Keep it safe: it is shown only now. It acts for %(email)s.", email=agent.email), err=True)
    click.echo(_("What it may be used for: %(scopes)s.", scopes=", ".join(sorted(made.scopes))), err=True)


@token.command(name="list")
@json_option
def list_tokens(as_json: bool) -> None:
    """Show every token that works, or worked until it ran out, and when it was last used."""
    from hub.people import tokens
    from hub.people.model import OPERATOR

    with opened() as hub:
        found = tokens.listed(hub, OPERATOR)
    if as_json:
        print_json([_facts(made, agent) for made, agent in found])
        return
    titles = ("id", "name", "user", "scopes", "starts with", "created", "expires", "last used")
    print_table(
        titles,
        [
            (
                made.id,
                made.name,
                agent.email,
                " ".join(sorted(made.scopes)),
                made.starts_with,
                made.created_at,
                made.expires_at,
                made.used_at,
            )
            for made, agent in found
        ],
    )


@token.command()
@click.argument("token_id", metavar="ID", type=click.IntRange(1, 2**62))
def revoke(token_id: int) -> None:
    """End a token at once; `hub token list` shows its number."""
    from hub.errors import Absent, Invalid
    from hub.kernel.texts import gettext as _
    from hub.people import tokens
    from hub.people.model import OPERATOR

    with opened() as hub:
        try:
            ended = tokens.revoke(hub, OPERATOR, token_id)
        except Absent:
            raise Invalid("token", "unknown_token", number=token_id) from None
    click.echo(_("The token %(name)s works no more.", name=ended.name))


def _facts(made: ApiToken, agent: Agent) -> dict[str, Any]:
    return {
        "id": made.id,
        "name": made.name,
        "user": agent.email,
        "scopes": made.scopes,
        "starts_with": made.starts_with,
        "created_at": made.created_at,
        "expires_at": made.expires_at,
        "used_at": made.used_at,
    }
