"""A plugin that asks the network for something as soon as it is imported."""

from __future__ import annotations

import socket

from hub_plugins.sandbox.connector import SandboxConnector

ADDRESSES = socket.getaddrinfo("127.0.0.1", 80)


class AsksWhileItIsImported(SandboxConnector):
    pass
