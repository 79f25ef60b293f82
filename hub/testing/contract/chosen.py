"""`pytest --hub-connector=PACKAGE:CLASS`: the kit on one connector, and on nothing else.

CLASS is a ConnectorContract, which brings its fake network along, or a Connector. Of a Connector the tests that pytest
finds here are run, when there is a ConnectorContract for it among them; else what can be checked without any network,
and the rest is skipped with a word on what to bring.
"""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from hub.channels.settings import Field, build, fields_of
from hub.connector import Connector
from hub.errors import HubError
from hub.kernel.plugins import ContractBroken, check_class

from . import ConnectorContract
from .network import FakeNetwork

NODE = "--hub-connector"
_SAMPLES = {"url": "https://network.invalid/", "number": "1", "channel": "1"}


class Chosen:
    """Replaces what was collected by the kit on one connector."""

    def __init__(self, config: pytest.Config, spec: str) -> None:
        sys.path.insert(0, str(config.invocation_params.dir))
        self._chosen = load(spec)
        if issubclass(self._chosen, ConnectorContract) and config.args_source is not config.ArgsSource.ARGS:
            config.args = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(
        self, session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        if issubclass(self._chosen, ConnectorContract):
            kept = list(_items(session, self._chosen))
        else:
            kept = [item for item in items if _is_kit_of(item, self._chosen)]
            kept = kept or list(_items(session, without_network(self._chosen)))
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept


def load(spec: str) -> type[Connector] | type[ConnectorContract]:
    """The class that PACKAGE:CLASS names. Raises pytest.UsageError saying what is wrong with it."""
    module, _, name = spec.partition(":")
    if not (module and name):
        raise pytest.UsageError(f"{NODE}={spec}: it is PACKAGE.MODULE:CLASS, the class behind a colon")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise pytest.UsageError(f"{NODE}={spec}: {error}; it is PACKAGE.MODULE:CLASS") from error
    if not (isinstance(found, type) and issubclass(found, Connector | ConnectorContract)):
        raise pytest.UsageError(f"{NODE}={spec}: that is neither a Connector nor a ConnectorContract")
    if issubclass(found, Connector):
        try:
            check_class(found)
        except ContractBroken as error:
            raise pytest.UsageError(f"{NODE}={spec}: {error}") from error
    return found


def without_network(connector: type[Connector]) -> type[ConnectorContract]:
    """A kit for a connector whose network nobody has imitated yet."""
    return type(f"Test{connector.__name__}", (NoNetwork,), {"connector_class": connector})


class NoNetwork(ConnectorContract):
    """Skips, with a word on what to bring, whatever needs more than the class itself."""

    connector_class: ClassVar[type[Connector]]

    def __init_subclass__(cls, **rest: Any) -> None:
        super().__init_subclass__(**rest)

    @pytest.fixture
    def network(self) -> FakeNetwork:
        pytest.skip("it needs a FakeNetwork: write a ConnectorContract with one, and name that one")

    @pytest.fixture
    def second_network(self) -> FakeNetwork:
        pytest.skip("it needs two accounts on a FakeNetwork: write a ConnectorContract with them")

    @pytest.fixture
    def settings(self) -> Any:
        return sample_settings(self.connector_class)

    @pytest.fixture
    def second_settings(self) -> Any:
        return sample_settings(self.connector_class)


def sample_settings(connector: type[Connector]) -> Any:
    """Settings that look right and lead nowhere; skips where the class refuses them."""
    values = {field.name: field.default or _sample(field) for field in fields_of(connector.Settings)}
    try:
        return build(connector.Settings, values)
    except HubError as error:
        pytest.skip(f"it needs settings that the class takes ({error}): write a ConnectorContract with them")


def _sample(field: Field) -> str:
    return next(iter(field.choices), "") or _SAMPLES.get(field.kind, "sample-value")


def _is_kit_of(item: pytest.Item, connector: type[Connector]) -> bool:
    kit = getattr(item, "cls", None)
    return isinstance(kit, type) and issubclass(kit, ConnectorContract) and kit.connector_class is connector


def _items(session: pytest.Session, kit: type[ConnectorContract]) -> Iterator[pytest.Item]:
    module = _KitModule.from_parent(session, path=Path(__file__), nodeid=NODE)
    module.obj = types.ModuleType(kit.__module__)
    setattr(module.obj, kit.__name__, kit)
    module.kit = kit
    return session.genitems(module)


class _KitModule(pytest.Module):
    """Stands for the test module that nobody had to write."""

    kit: type[ConnectorContract]

    def collect(self) -> list[pytest.Item | pytest.Collector]:
        found: pytest.Class = pytest.Class.from_parent(self, name=self.kit.__name__, obj=self.kit)
        return [found]
