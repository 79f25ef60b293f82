"""The quality scale: it leaves no check of the kit out, docs/quality.md says the same, and ours stand where it says."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest
from hub_plugins.sandbox.connector import SandboxConnector

from hub.connector import Connector, Features
from hub.kernel.plugins import load_plugins
from hub.testing.contract import ConnectorContract
from hub.testing.contract.needs import asks, has_many_visibilities
from hub.testing.contract.quality import LEVELS, Level, Outcome, checks_of, highest_declared, reached, standings
from tests.house import ROOT

PAGE = (ROOT / "docs" / "quality.md").read_text(encoding="utf-8")
OURS = {
    kind: connector
    for kind, connector in load_plugins().connectors.items()
    if connector.__module__.startswith("hub_plugins.")
}
ALL_PASSED = {check: Outcome.PASSED for level in LEVELS for check in level.checks}


def test_every_check_of_the_kit_belongs_to_one_level() -> None:
    placed = [check for level in LEVELS for check in level.checks]
    assert sorted(placed) == sorted(name for name in dir(ConnectorContract) if name.startswith("test_"))


def test_every_feature_is_proven_by_a_check() -> None:
    claims = {claim for level in LEVELS for check in level.checks for claim in needs_of(check)}
    told_by_functions = {"visibilities": has_many_visibilities, "only_delivered": asks}
    assert set(told_by_functions.values()) <= claims
    assert {field.name for field in fields(Features)} == (claims & set(Features.__annotations__)) | set(
        told_by_functions
    )


def needs_of(check: str) -> tuple[object, ...]:
    return getattr(getattr(ConnectorContract, check), "needs", ())


@pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.name)
def test_the_page_says_what_a_level_asks_for(level: Level) -> None:
    section = PAGE.partition(f"## {level.name.capitalize()}\n")[2].partition("\n## ")[0]
    assert f"The channel {level.promise}." in section
    assert re.findall(r"^- (.*)", section, re.MULTILINE) == [
        check.removeprefix("test_").replace("_", " ") for check in level.checks
    ]
    declared = re.findall(r"`(\w+)`", "".join(re.findall(r"^Declares .*", section, re.MULTILINE)))
    assert tuple(declared) == level.features


@pytest.mark.parametrize("kind", OURS)
def test_the_page_says_which_level_a_connector_of_ours_has(kind: str) -> None:
    # Each of them passes the whole kit in tests/plugins; what it declares decides.
    assert f"| `{kind}` | {highest_declared(OURS[kind]).name} |" in PAGE


def test_the_page_names_no_connector_that_is_not_there() -> None:
    assert set(re.findall(r"^\| `(\w+)` \| \w+ \|", PAGE, re.MULTILINE)) == set(OURS)


@pytest.mark.parametrize("kind", OURS)
def test_every_connector_of_ours_passes_a_kit_from_which_nothing_was_taken(kind: str) -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "plugins").glob("test_*.py")]
    kits = [text for text in sources if re.search(rf"\n    connector_class = {OURS[kind].__name__}\n", text)]
    assert kits
    assert not [text for text in kits if re.search(r"\n    test_\w+( *:.*)? = None", text)]


class OnlyReads(SandboxConnector):
    features = Features(threads=True, edits=True)


def test_who_passes_everything_has_the_highest_level() -> None:
    assert name_of(SandboxConnector, ALL_PASSED) == "platinum"


def test_who_only_reads_is_told_to_declare_sending() -> None:
    found = standings(OnlyReads, ALL_PASSED)
    assert name_of(OnlyReads, ALL_PASSED) == "bronze"
    assert found[1].lacks == ("declare send",)


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.SKIPPED, None])
def test_one_check_that_did_not_pass_keeps_its_level_and_all_above_away(outcome: Outcome | None) -> None:
    name = "test_a_lost_answer_is_ambiguous"
    outcomes = {check: how for check, how in ALL_PASSED.items() if check != name}
    if outcome is not None:
        outcomes[name] = outcome
    assert name_of(SandboxConnector, outcomes) == "bronze"
    assert standings(SandboxConnector, outcomes)[1].lacks == (f"{name} {outcome or Outcome.MISSING}",)


def test_nothing_passed_is_below_bronze() -> None:
    assert name_of(SandboxConnector, {}) == ""


def test_a_check_about_what_is_not_declared_is_not_asked_for() -> None:
    assert "test_a_look_finds_what_arrived_and_nothing_else" in checks_of(SandboxConnector)
    assert "test_a_look_finds_what_arrived_and_nothing_else" not in checks_of(OnlyReads)


def name_of(connector: type[Connector], outcomes: dict[str, Outcome]) -> str:
    level = reached(standings(connector, outcomes))
    return level.name if level else ""
