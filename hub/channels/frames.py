"""Frames on a pipe: four bytes of length, then so many bytes of msgpack. Both ends of a plugin's process use them."""

from __future__ import annotations

import os
import struct

MOST_BYTES = 64 * 1024 * 1024
"""The largest frame; who announces a larger one is not listened to any more."""

_LENGTH = struct.Struct("!I")
_PIECE = 1024 * 1024


def read_frame(pipe: int) -> bytes | None:
    """Return the next frame, or None when the other side is gone or announces more than MOST_BYTES."""
    head = _read_exactly(pipe, _LENGTH.size)
    if head is None:
        return None
    (length,) = _LENGTH.unpack(head)
    return _read_exactly(pipe, length) if length <= MOST_BYTES else None


def write_frame(pipe: int, body: bytes) -> None:
    """Write all of a frame, however long the other side takes. Raises OSError when it is gone."""
    left = memoryview(_LENGTH.pack(len(body)) + body)
    while left:
        left = left[os.write(pipe, left[:_PIECE]) :]


def _read_exactly(pipe: int, size: int) -> bytes | None:
    read = bytearray()
    while len(read) < size:
        piece = os.read(pipe, min(size - len(read), _PIECE))
        if not piece:
            return None
        read += piece
    return bytes(read)
