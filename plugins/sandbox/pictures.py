"""The pictures people of the sandbox show: the network has no web server, so whoever shows them brings the files."""

from __future__ import annotations

from pathlib import Path

ADDRESS = "https://sandbox.example/media/"
_FOLDER = Path(__file__).with_name("static")


def pictures() -> dict[str, bytes]:
    """Address and content of every picture."""
    return {f"{ADDRESS}{file.name}": file.read_bytes() for file in sorted(_FOLDER.glob("*.jpg"))}
