"""What is installed: hub plugins."""

from __future__ import annotations

import click

from hub.commands.output import json_option, print_json, print_table


@click.command()
@json_option
def plugins(as_json: bool) -> None:
    """Show every installed plugin, what it brings, and why one is not loaded."""
    from hub.kernel.plugins import load_plugins

    found = load_plugins().found
    if as_json:
        print_json(found)
        return
    titles = ("name", "version", "distribution", "kinds", "problem")
    print_table(
        titles, [(each.name, each.version, each.distribution, ", ".join(each.kinds), each.problem) for each in found]
    )
