"""Finds the installed plugins, one by one: a broken one disables itself, is listed with its reason, harms nobody."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib import metadata
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from traceback import extract_tb
from typing import TYPE_CHECKING, Any

import pluggy

from hub import hookspecs
from hub.connector import API_VERSION, Connector
from hub.errors import Absent

if TYPE_CHECKING:
    import click

GROUP = "hubbub"
"""The entry-point group in which a distribution names its plugins."""

_MARK = f"{hookspecs.PROJECT}_impl"
"""What @hookimpl leaves on a function."""
_HOOKS = {
    name: tuple(inspect.signature(hook).parameters)
    for name, hook in vars(hookspecs).items()
    if hasattr(hook, f"{hookspecs.PROJECT}_spec")
}
_KIND = re.compile(r"[a-z][a-z0-9_]{1,30}")
_DECLARED = {
    "send": ("send", "measure"),
    "reconcile": ("reconcile",),
    "actions": ("act",),
    "webhook": ("receive",),
    "listens": ("listen",),
    "signs_in": ("begin_sign_in", "finish_sign_in"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One installed plugin: what it brought, or why it is not loaded (`problem`, a sentence for the operator)."""

    name: str
    distribution: str
    version: str
    kinds: tuple[str, ...] = ()
    observes: tuple[str, ...] = ()
    problem: str = ""
    bundled: bool = False


@dataclass(slots=True)
class Plugins:
    """The plugins of this process: connector classes by kind, modules by plugin name."""

    found: list[Found] = field(default_factory=list)
    connectors: dict[str, type[Connector]] = field(default_factory=dict)
    modules: dict[str, Any] = field(default_factory=dict)

    def connector(self, kind: str) -> type[Connector]:
        """The connector class of a kind. Raises Absent when no loaded plugin brings it."""
        try:
            return self.connectors[kind]
        except KeyError:
            raise Absent("no plugin brings this kind", reason="unknown_kind", kind=kind) from None

    def plugin_of(self, kind: str) -> str:
        """The name of the plugin that brings a kind. Raises Absent."""
        for found in self.found:
            if kind in found.kinds:
                return found.name
        raise Absent("no plugin brings this kind", reason="unknown_kind", kind=kind)

    def observers(self, hook: str) -> Iterator[str]:
        """Names of the plugins that listen to a past-tense hook."""
        return (found.name for found in self.found if hook in found.observes)

    def add_commands(self, cli: click.Group) -> dict[str, BaseException]:
        """Add what plugins contribute; a name that is taken stays whose it is. Returns what went wrong, by plugin."""
        from click import Group

        failed: dict[str, BaseException] = {}
        for name, module in self.modules.items():
            theirs = Group()
            try:
                if hasattr(module, "register_commands"):
                    module.register_commands(cli=theirs)
            except (Exception, SystemExit) as error:
                failed[name] = error
            else:
                cli.commands.update(
                    {each: theirs.commands[each] for each in theirs.commands.keys() - cli.commands.keys()}
                )
        return failed


def load_plugins(points: Iterable[EntryPoint] | None = None) -> Plugins:
    """Load every plugin of the entry-point group, or the given ones: ours first, so that nobody takes their kinds."""
    plugins = Plugins()
    wanted = entry_points(group=GROUP) if points is None else points
    for point in sorted(wanted, key=lambda point: (not _is_bundled(point), point.name)):
        plugins.found.append(_load(plugins, point))
    return plugins


def _is_bundled(point: EntryPoint) -> bool:
    return point.value.startswith("hub_plugins.")


def _load(plugins: Plugins, point: EntryPoint) -> Found:
    dist = point.dist
    found = Found(
        name=point.name,
        distribution=dist.name if dist else "",
        version=dist.version if dist else "",
        bundled=_is_bundled(point),
    )
    # A plugin is other people's code: whatever it does while loading must cost only itself.
    try:
        module = point.load()
        kinds = _register(plugins, point.name, module)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        said = str(error) if isinstance(error, ContractBroken) else f"{type(error).__name__}: {error}{_where(error)}"
        return dataclasses.replace(found, problem=said)
    observes = tuple(hook for hook in ("message_received", "reply_settled") if hasattr(module, hook))
    return dataclasses.replace(found, kinds=kinds, observes=observes)


def _where(error: BaseException) -> str:
    """The last line of the plugin's own, or of what it calls, on the way to an error; empty where there is none."""
    frames = [frame for frame in extract_tb(error.__traceback__) if not frame.filename.startswith("<")]
    if isinstance(error, SyntaxError) or frames[-1].filename in (__file__, metadata.__file__):
        return ""
    return f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})"


def _register(plugins: Plugins, name: str, module: Any) -> tuple[str, ...]:
    # A manager of its own for each plugin: with a shared one, the first misspelt hook would stop all.
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    _check_hooks(module)
    manager.register(module, name)
    manager.check_pending()
    brought: list[type[Connector]] = []
    manager.hook.register_connectors(register=brought.append)
    for connector in brought:
        check_class(connector)
        if connector.kind in plugins.connectors:
            other = plugins.plugin_of(connector.kind)
            raise ContractBroken(f"the kind {connector.kind} is brought by another plugin already: {other}")
    plugins.connectors.update({connector.kind: connector for connector in brought})
    plugins.modules[name] = module
    return tuple(connector.kind for connector in brought)


def _check_hooks(module: Any) -> None:
    """What pluggy would refuse, in words for who writes the plugin; and the missing mark, which it passes over."""
    for name, hook in vars(module).items():
        wanted = _HOOKS.get(name)
        if not inspect.isfunction(hook) or not (wanted or hasattr(hook, _MARK)):
            continue
        if wanted is None:
            raise ContractBroken(f"there is no hook {name}{_near(name)}")
        if not hasattr(hook, _MARK):
            raise ContractBroken(f"{name} is not marked with @hookimpl")
        taken = [each.name for each in inspect.signature(hook).parameters.values() if _is_asked_for(each)]
        if not set(taken) <= set(wanted):
            raise ContractBroken(f"the hook {name} takes ({', '.join(wanted)}), not ({', '.join(taken)})")


def _near(name: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, _HOOKS, n=1)
    return f"; is it {near[0]}?" if near else ": see docs/hooks.md"


def _is_asked_for(parameter: inspect.Parameter) -> bool:
    by_place = parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    return by_place and parameter.default is parameter.empty


class ContractBroken(TypeError):
    """A class that this Hubbub cannot work with; says in words for the operator why."""


def check_class(connector: type[Connector]) -> None:
    """Refuse a class that does not keep the contract, naming what is wrong. Raises ContractBroken."""
    if not (isinstance(connector, type) and issubclass(connector, Connector)):
        raise ContractBroken(f"{connector!r} is not a Connector class")
    if connector.api_version != API_VERSION:
        raise ContractBroken(f"built for contract {connector.api_version}, this Hubbub speaks {API_VERSION}")
    if not _KIND.fullmatch(kind := getattr(connector, "kind", "")):
        raise ContractBroken(f"kind must be a short lower-case word (a-z, 0-9, _), not {kind!r}")
    if not getattr(connector, "label", ""):
        raise ContractBroken(f"{connector.kind} has no label")
    if not dataclasses.is_dataclass(getattr(connector, "Settings", None)):
        raise ContractBroken(f"{connector.kind}.Settings must be a dataclass")
    if missing := sorted(connector.__abstractmethods__):
        raise ContractBroken(f"{connector.kind} has no {missing[0]}()")
    for feature, methods in _DECLARED.items():
        for method in methods:
            if getattr(connector.features, feature) and _is_inherited(connector, method):
                raise ContractBroken(f"{connector.kind} declares {feature} but has no {method}()")


def _is_inherited(connector: type[Connector], method: str) -> bool:
    inherited: bool = getattr(getattr(connector, method), "__func__", getattr(connector, method)) is getattr(
        getattr(Connector, method), "__func__", getattr(Connector, method)
    )
    return inherited
