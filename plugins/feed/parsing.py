"""Bytes to entries: JSON Feed here, all XML in a child process that may die."""

from __future__ import annotations

import re
import subprocess
import sys
from math import ceil
from typing import Protocol

import msgspec

from .child import TOO_COSTLY
from .document import MAX_BYTES, MAX_ENTRIES, Feed, Unreadable
from .json_feed import looks_like_json, read_json

MAX_LISTED = 20 * MAX_ENTRIES
"""A longer list is not read at all: a hundred thousand items cost seconds and are nobody's comments."""

_ITEM = re.compile(rb"<(?:\w{1,20}:)?(?:item|entry)[\s/>]")
_PAGE = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--.{0,2000}?-->\s*){0,5}<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)


class Parse(Protocol):
    """Reads a feed; the connector is given `parse`, tests count the calls."""

    def __call__(self, body: bytes, content_type: str, url: str, seconds: float) -> Feed: ...


def parse(body: bytes, content_type: str, url: str, seconds: float) -> Feed:
    """Read a feed of any format within so many seconds. Raises Unreadable with the reason.

    url: what relative links and ids in it are relative to.
    """
    if not body.strip():
        raise Unreadable("feed_empty")
    if len(body) > MAX_BYTES:
        raise Unreadable("feed_too_large")
    if is_page(body):
        raise Unreadable("page_not_feed")
    if looks_like_json(body, content_type):
        return read_json(body)
    if sum(1 for _ in _ITEM.finditer(body)) > MAX_LISTED:
        raise Unreadable("too_many_entries")
    feed = _in_child(body, content_type, url, seconds)
    if not feed.version and not feed.entries:
        raise Unreadable("not_a_feed", feed.complaint)
    return feed


def is_page(body: bytes) -> bool:
    """Whether it begins as an HTML page does: a wrong address, a login or consent page, an error with status 200."""
    return _PAGE.match(body[:20_000]) is not None


def _in_child(body: bytes, content_type: str, url: str, seconds: float) -> Feed:
    # -I: neither the working folder nor PYTHON* variables decide what the child imports.
    command = [sys.executable, "-I", "-m", "hub_plugins.feed.child", content_type[:200], url, str(ceil(seconds))]
    try:
        done = subprocess.run(command, input=body, capture_output=True, timeout=seconds)
    except subprocess.TimeoutExpired as error:
        raise Unreadable("feed_too_costly") from error
    if done.returncode < 0 or done.returncode == TOO_COSTLY:
        raise Unreadable("feed_too_costly")
    if done.returncode:
        raise Unreadable("not_a_feed", done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2][:200])
    return msgspec.msgpack.decode(done.stdout, type=Feed)
