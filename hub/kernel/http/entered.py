"""What a person enters for a server, made into its address. The door looks closer at it before it goes there."""

from __future__ import annotations

from urllib.parse import urlsplit


def server_of(entered: str) -> str:
    """The server of an address for a connector: scheme and host without path or final slash, `https` where none is.

    What is no address comes back as it is: the door says what is wrong with it.
    """
    address = entered.strip()
    if "://" not in address:
        address = f"https://{address}"
    try:
        parts = urlsplit(address)
    except ValueError:
        return address
    return f"{parts.scheme}://{parts.netloc}"
