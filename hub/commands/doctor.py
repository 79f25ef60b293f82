"""What is wrong and how to mend it: hub doctor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from hub.commands.exits import Exit
from hub.commands.installation import config, demo_option
from hub.commands.output import json_option, print_json

if TYPE_CHECKING:
    from hub.doctor.model import Finding

_MARKS = {"ok": "ok", "warning": "!", "broken": "BROKEN"}


@click.command()
@demo_option
@json_option
@click.pass_context
def doctor(ctx: click.Context, demo: bool, as_json: bool) -> None:
    """Check folder, database, key, plugins, clock, worker and channels, and say how to mend each."""
    from hub.doctor.checks import examine
    from hub.kernel.clock import system_clock
    from hub.kernel.plugins import load_plugins

    findings = list(examine(config(demo=demo), load_plugins(), system_clock))
    if as_json:
        print_json({"ok": _exit(findings) is Exit.OK, "findings": findings})
    else:
        for finding in findings:
            click.echo(f"{_MARKS[finding.level]:>6}  {finding.part}: {finding.text}")
            if finding.advice:
                click.echo(f"        {finding.advice}")
    ctx.exit(_exit(findings))


def _exit(findings: Sequence[Finding]) -> Exit:
    """The gravest of what is broken: the installation, then a channel's settings, then the rest."""
    from hub.doctor.model import Level, Part

    broken = {finding.part for finding in findings if finding.level is Level.BROKEN}
    if broken & {Part.FOLDER, Part.DATABASE, Part.KEY}:
        return Exit.OUT_OF_ORDER
    if Part.CHANNELS in broken:
        return Exit.NOT_CONFIGURED
    if Part.WORKER in broken:
        return Exit.TEMPORARY
    return Exit.FAILED if broken else Exit.OK
