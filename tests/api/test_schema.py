"""The API's description against the real web process: what it says is what requests meet, however odd they are."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from hub.api.routes import OPERATIONS
from hub.kernel.hub import Hub
from hub.people.model import Role
from tests.api.client import Programs
from tests.api.serving import PATIENCE_SECONDS, served

EXAMPLES = int(os.environ.get("HUB_ROUNDS", "20"))
"""Requests made up for each operation, beside those that go through every limit of its description."""

# What is well formed may still be refused: a text the network would not take, a reply that went out already.
REFUSALS = ["2xx", "304", "401", "403", "404", "409", "410", "422"]


@dataclass(slots=True)
class Found:
    """What a run found out: failures in words, the checks that were made, and for which operations."""

    failures: set[str] = field(default_factory=set)
    checks: Counter[str] = field(default_factory=Counter)
    labels: set[str] = field(default_factory=set)

    def note(self, event: events.ScenarioFinished) -> None:
        for checks in event.recorder.checks.values():
            for check in checks:
                self.checks[check.name] += 1
                if check.failure_info is not None:
                    self.failures.add(f"{event.label}: {check.failure_info.failure}\n{check.failure_info.code_sample}")
        self.labels.add(event.label or "")


def explore(address: str, token: str, examples: int) -> Found:
    """Ask everything the description allows, and what it forbids; the same each time."""
    config = SchemathesisConfig.from_dict(settings(token, examples))
    schema = schemathesis.openapi.from_url(f"{address}/api/v1/openapi.json", config=config)
    found = Found()
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            found.note(event)
        elif isinstance(event, (events.NonFatalError, events.FatalError)):
            found.failures.add(repr(event))
    return found


def settings(token: str, examples: int) -> dict[str, Any]:
    return {
        "seed": 20260302,
        # A machine under load is slow, and that is no finding.
        "suppress-health-check": ["all"],
        "request-timeout": PATIENCE_SECONDS,
        "headers": {"Authorization": f"Bearer {token}"},
        "generation": {"max-examples": examples, "deterministic": True, "database": "none"},
        "checks": {"positive_data_acceptance": {"expected-statuses": REFUSALS}},
    }


@pytest.mark.timeout(3600)
def test_nothing_is_found_that_the_description_does_not_say(programs: Programs, hub: Hub, engine_url: str) -> None:
    for number in range(5):
        programs.fake.says(f"question {number}")
    programs.desk.pulls()
    programs.desk.answers("One moment.")
    examples = EXAMPLES if not engine_url else max(EXAMPLES // 4, 1)
    with served(hub, programs.desk.connectors) as address:
        found = explore(address, programs.start(Role.ADMIN).token, examples)
    assert not found.failures, "\n\n".join(sorted(found.failures))
    assert {f"{each.method} {each.path}" for each in OPERATIONS} <= found.labels
    assert found.checks["response_schema_conformance"] > 100
    assert found.checks["negative_data_rejection"] > 100
