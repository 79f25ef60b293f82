"""The quality table at the end of a run of the kit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

import pytest

from . import ConnectorContract
from .quality import Outcome, Standing, checks_of, reached, standings

_GRAVER = [Outcome.PASSED, Outcome.SKIPPED, Outcome.FAILED]
_MOST_TABLES = 2
_NAME = "hubbub's quality table"
SENT = "hubbub's quality tables"
"""Under this name a worker of pytest-xdist hands its tables to the process that prints."""


@dataclass(slots=True)
class _Run:
    """One ConnectorContract of this session and how its checks have ended so far."""

    kit: type[ConnectorContract]
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    skips: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)

    def ended(self, check: str, outcome: Outcome) -> None:
        before = self.outcomes.get(check, Outcome.PASSED)
        self.outcomes[check] = max(before, outcome, key=_GRAVER.index)


def watch(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Note how the checks of each kit end that is run as a whole; one check by itself gets no table."""
    runs: dict[type[ConnectorContract], _Run] = {}
    checks: dict[str, tuple[_Run, str]] = {}
    for item in items:
        kit = getattr(item, "cls", None)
        if isinstance(kit, type) and issubclass(kit, ConnectorContract):
            run = runs.setdefault(kit, _Run(kit))
            checks[item.nodeid] = (run, getattr(item, "originalname", item.name))
            run.left.add(item.nodeid)
    whole = [run for run in runs.values() if _is_whole(run, {name for ran, name in checks.values() if ran is run})]
    if whole and not config.pluginmanager.has_plugin(_NAME):
        config.pluginmanager.register(_Quality(whole, checks), _NAME)


def _is_whole(run: _Run, collected: set[str]) -> bool:
    # What its author took out does not come back by not looking: it is told as not run.
    return {name for name in checks_of(run.kit.connector_class) if getattr(run.kit, name, None)} <= collected


class _Quality:
    def __init__(self, runs: list[_Run], checks: dict[str, tuple[_Run, str]]) -> None:
        self._runs = runs
        self._checks = checks

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        run, check = self._checks.get(report.nodeid, (None, ""))
        if run is not None and report.when == "teardown":
            run.left.discard(report.nodeid)
        if run is None or (report.when != "call" and report.passed):
            return
        run.ended(check, Outcome.FAILED if report.failed else Outcome.SKIPPED if report.skipped else Outcome.PASSED)
        if report.skipped and isinstance(report.longrepr, tuple):
            run.skips.add(report.longrepr[2].removeprefix("Skipped: "))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        sent = getattr(session.config, "workeroutput", None)
        if sent is not None:
            # A kit whose checks went to several workers is run as a whole by none, and gets no table.
            sent[SENT] = [self._table(run) for run in self._runs if not run.left]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        _show(terminalreporter, [self._table(run) for run in self._runs])

    def _table(self, run: _Run) -> list[str]:
        return list(_told(run, short=len(self._runs) > _MOST_TABLES))


class _Received:
    """Prints the tables that workers of pytest-xdist have sent."""

    def __init__(self) -> None:
        self.tables: list[list[str]] = []

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        _show(terminalreporter, sorted(self.tables))


def receive(config: pytest.Config, tables: list[list[str]]) -> None:
    """Have what one worker found printed at the end, with what the others find."""
    received = config.pluginmanager.get_plugin(_NAME)
    if received is None:
        received = _Received()
        config.pluginmanager.register(received, _NAME)
    received.tables += tables


def _show(terminalreporter: pytest.TerminalReporter, tables: list[list[str]]) -> None:
    terminalreporter.section("Quality of connectors (docs/quality.md)")
    for line in chain.from_iterable(tables):
        terminalreporter.write_line(line)


def _told(run: _Run, *, short: bool) -> Iterator[str]:
    found = standings(run.kit.connector_class, run.outcomes)
    level = reached(found)
    label = getattr(run.kit.connector_class, "label", "No label")
    yield f"{label} ({run.kit.__name__}): {level.name if level else 'below bronze'}"
    if not short:
        yield from (f"  {each.level.name:<9}{each.passed:>3} of {each.asked:<3} {each.level.promise}" for each in found)
    yield from _missing(found, most=1 if short else 10)
    yield from (f"  Not checked: {reason}." for reason in sorted(run.skips))


def _missing(found: tuple[Standing, ...], *, most: int) -> Iterator[str]:
    lacking = next((each for each in found if each.lacks), None)
    if lacking is not None:
        yield f"  For {lacking.level.name}:"
        yield from (f"    {what}" for what in lacking.lacks[:most])
        if len(lacking.lacks) > most:
            yield f"    and {len(lacking.lacks) - most} more"
