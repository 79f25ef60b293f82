"""Names that look alike, as Unicode tells it."""

from __future__ import annotations

import pytest

from hub.kernel.lookalikes import looks_of, skeleton


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Brightwater", "Brightwаter"),  # a Cyrillic а
        ("Brightwater", "Вrightwater"),  # a Cyrillic В
        ("Brightwater", "𝐁𝐫𝐢𝐠𝐡𝐭𝐰𝐚𝐭𝐞𝐫"),
        ("Brightwater", "BRIGHTWATER"),
        ("Brightwater", "Bright water"),
        ("Brightwater", "Bright\u200bwater"),
        ("Brightwater", "@brightwater@other.example"),
        ("Milan Horvat", "Mi1an Horvat"),
        ("Ema Kern", "Erna Kern"),  # rn is read as m: that is what it looks like in many fonts
        ("Ana Kovač", "Ana Kovac\u030c"),
        ("Ana Kovač", "Ana Kovač"),
        ("Огурец", "Oгypeц"),
    ],
)
def test_a_name_looks_like_another(name: str, other: str) -> None:
    assert not looks_of(name).isdisjoint(looks_of(other))


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Brightwater", "Brightwaters"),
        ("Ana Kovač", "Ana Kovac"),
        ("Ana", "Anna"),
        ("", ""),
        ("@", "@"),
        ("Al", "Al"),
        ("\u200b\u200b\u200b\u200b", "\u2060\u2060\u2060"),
    ],
)
def test_a_name_does_not_look_like_another_or_is_too_short_to_tell(name: str, other: str) -> None:
    assert looks_of(name).isdisjoint(looks_of(other))


def test_the_skeleton_of_a_skeleton_is_the_same() -> None:
    for text in ("Brightwаter", "ﷺ", "½ rn ㎏", "Ελλάδα", "日本語", "مرحبا"):
        assert skeleton(skeleton(text)) == skeleton(text)
