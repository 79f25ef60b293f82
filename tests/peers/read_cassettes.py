"""Reads vcr's YAML cassettes into one JSON file. Runs in the emulator's environment, which has a reader of YAML.

python read_cassettes.py FOLDER FILE.json
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

import yaml


class Loader(yaml.CSafeLoader):
    """Takes the few values that were written with Python's own tags for what they are."""


def _untagged(loader: Any, _tag: str, node: Any) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    return loader.construct_sequence(node) if isinstance(node, yaml.SequenceNode) else loader.construct_mapping(node)


Loader.add_multi_constructor("tag:yaml.org,2002:python/", _untagged)


def exchanges(cassette: Path) -> list[dict[str, Any]]:
    told = yaml.load(cassette.read_bytes(), Loader) or {}
    return [_exchange(cassette, each) for each in told.get("interactions", [])]


def _exchange(cassette: Path, told: dict[str, Any]) -> dict[str, Any]:
    request, response = told["request"], told["response"]
    return {
        "cassette": f"{cassette.parent.name}/{cassette.stem}",
        "method": request["method"],
        "url": request["uri"],
        "status": response["status"]["code"],
        "headers": {name: str(values[0]) for name, values in response["headers"].items() if values},
        "body": _body(response["body"].get("string") or b""),
    }


def _body(body: bytes | str) -> str:
    raw = body.encode() if isinstance(body, str) else body
    return (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode(errors="replace")


if __name__ == "__main__":
    cassettes = [path for path in sorted(Path(sys.argv[1]).rglob("*.yaml")) if ".ws." not in path.name]
    found = [exchange for cassette in cassettes for exchange in exchanges(cassette)]
    Path(sys.argv[2]).write_text(json.dumps(found))
