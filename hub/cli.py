"""The `hub` command: parses, calls, prints. Commands are in hub/commands; plugins add theirs."""

from __future__ import annotations

from typing import Any

import click

from hub.commands.archive import backup, export, import_, restore
from hub.commands.channel import channel
from hub.commands.doctor import doctor
from hub.commands.exits import exit_for
from hub.commands.key import key
from hub.commands.new_connector import new_connector
from hub.commands.now import pull, send
from hub.commands.output import print_error, print_plugin_trouble, speak_the_users_language
from hub.commands.plugins import plugins
from hub.commands.run import init, migrate, serve, up, work
from hub.commands.token import token
from hub.commands.user import user
from hub.errors import HubError


class _Hub(click.Group):
    """Asks plugins for their commands only when ours do not answer, so that ours start quickly."""

    _has_plugins = False

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        found = super().get_command(ctx, cmd_name)
        if found is None:
            self._add_plugins()
            found = super().get_command(ctx, cmd_name)
        return found

    def list_commands(self, ctx: click.Context) -> list[str]:
        self._add_plugins()
        return super().list_commands(ctx)

    def invoke(self, ctx: click.Context) -> Any:
        speak_the_users_language()
        try:
            return super().invoke(ctx)
        except HubError as error:
            print_error(error)
            ctx.exit(exit_for(error))

    def _add_plugins(self) -> None:
        if not self._has_plugins:
            from hub.kernel.plugins import load_plugins

            self._has_plugins = True
            for name, error in load_plugins().add_commands(self).items():
                print_plugin_trouble(name, error)


@click.group(cls=_Hub, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="hubbub", prog_name="hub")
def main() -> None:
    """One shared inbox for comments and mentions, answered where they came from."""


for _command in (
    up,
    init,
    migrate,
    serve,
    work,
    pull,
    send,
    channel,
    user,
    token,
    backup,
    restore,
    export,
    import_,
    key,
    plugins,
    new_connector,
    doctor,
):
    main.add_command(_command)
