"""Nothing but hub/kernel/http can speak to the network: no other module may even import what could."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NETWORK = {
    "requests",
    "httpx",
    "urllib3",
    "aiohttp",
    "socket",
    "urllib.request",
    "http.client",
    "httpcore",
    "websockets",
    "websocket",
    "pycurl",
    "ftplib",
    "imaplib",
    "poplib",
    "nntplib",
    "telnetlib",
    "xmlrpc",
    "requests_oauthlib",
    "authlib",
    "dns",
    "asyncio.open_connection",
    "asyncio.open_unix_connection",
}
SDKS = {"mastodon", "atproto", "atproto_client"}
DOORS = ("hub/kernel/http/", "hub/testing/")
# These take connections in: they may know sockets, as long as they connect none.
LISTENERS = {"hub/app.py", "hub/commands/run.py", "hub/supervisor.py", "hub/web/protocol.py", "hub/web/server.py"}
CONNECTING = {"connect", "connect_ex", "create_connection", "open_connection", "sock_connect", "sendto"}


def modules() -> list[Path]:
    found = [path for folder in ("hub", "plugins") for path in sorted((ROOT / folder).rglob("*.py"))]
    return [path for path in found if not path.relative_to(ROOT).as_posix().startswith(DOORS)]


def forbidden_imports(source: str) -> list[str]:
    """Name what could open a connection, wherever it is imported, and SDKs imported outside a function."""
    return sorted(_imports_of(ast.parse(source), in_function=False))


def _imports_of(node: ast.AST, *, in_function: bool) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            continue
        for name in _names(child):
            if _is_one_of(name, NETWORK) or (_is_one_of(name, SDKS) and not in_function):
                yield name
        inside = in_function or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
        yield from _imports_of(child, in_function=inside)


def _names(node: ast.AST) -> list[str]:
    match node:
        case ast.Import():
            return [alias.name for alias in node.names]
        case ast.ImportFrom(level=0, module=str(module)):
            return [f"{module}.{alias.name}" for alias in node.names]
        case ast.Call(
            func=ast.Name(id="__import__") | ast.Attribute(attr="import_module"),
            args=[ast.Constant(value=str(name)), *_],
        ):
            return [name]
    return []


def _is_one_of(name: str, packages: set[str]) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


@pytest.mark.parametrize("module", modules(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_module_opens_a_second_door(module: Path) -> None:
    source = module.read_text("utf-8")
    found = forbidden_imports(source)
    if module.relative_to(ROOT).as_posix() in LISTENERS and not connects(source):
        found = [name for name in found if name != "socket"]
    assert found == []


def connects(source: str) -> bool:
    """Tell whether a module calls, or only names, what opens a connection."""
    return any(isinstance(node, ast.Attribute) and node.attr in CONNECTING for node in ast.walk(ast.parse(source)))


@pytest.mark.parametrize("module", modules(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_event_loop_is_a_second_door(module: Path) -> None:
    dialling = CONNECTING - {"connect"}
    names = {node.attr for node in ast.walk(ast.parse(module.read_text("utf-8"))) if isinstance(node, ast.Attribute)}
    assert not names & dialling


def test_a_listener_that_connects_is_noticed() -> None:
    assert connects("import socket\nsocket.create_connection(('a', 1))")
    assert not connects("import socket\nsocket.create_server(('a', 1))")


@pytest.mark.parametrize(
    "source",
    [
        "import requests",
        "import requests.adapters as r",
        "from httpx import Client",
        "from urllib import request",
        "import urllib.request",
        "from http import client",
        "from http.client import HTTPConnection",
        "import os, socket",
        "def fetch():\n    import socket",
        "class A:\n    import aiohttp",
        "try:\n    import urllib3\nexcept ImportError:\n    pass",
        "import atproto",
        "from mastodon import Mastodon",
        "from requests_oauthlib import OAuth2Session",
        "from asyncio import open_connection",
        "import dns.resolver",
        "__import__('socket')",
        "import importlib\nimportlib.import_module('requests')",
    ],
)
def test_a_second_door_is_noticed(source: str) -> None:
    assert forbidden_imports(source)


@pytest.mark.parametrize(
    "source",
    [
        "from urllib.parse import urlsplit",
        "from http import HTTPStatus",
        "def client():\n    from atproto import Client",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import requests",
        "from . import socket",
        "from hub.kernel.http import Door",
        "import mastodonish",
    ],
)
def test_what_opens_nothing_is_let_pass(source: str) -> None:
    assert not forbidden_imports(source)
