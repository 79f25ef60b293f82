"""What pytest learns from an installed Hubbub: `--hub-connector`, and the quality table after a run of the kit.

It is loaded in every run of pytest beside an installed Hubbub, so it imports nothing and does nothing until somebody
names a connector or collects a test of the kit.
"""

from __future__ import annotations

import sys
from typing import Any

import pytest

_KIT = "hub.testing.contract"

# Before anything imports it: then its asserts explain themselves like those of a test.
pytest.register_assert_rewrite(_KIT)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("hubbub").addoption(
        "--hub-connector",
        metavar="PACKAGE:CLASS",
        help="run Hubbub's contract kit on this connector class, or as this ConnectorContract says",
    )


def pytest_configure(config: pytest.Config) -> None:
    if chosen := config.getoption("--hub-connector"):
        from hub.testing.contract.chosen import Chosen

        config.pluginmanager.register(Chosen(config, chosen), "hubbub's chosen connector")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if _KIT in sys.modules:
        from hub.testing.contract.report import watch

        watch(config, items)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over the tables of a worker of pytest-xdist: this process has run no test itself."""
    if tables := getattr(node, "workeroutput", {}).get("hubbub's quality tables"):
        from hub.testing.contract.report import receive

        receive(node.config, tables)
