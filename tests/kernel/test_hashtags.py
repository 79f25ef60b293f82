"""Hashtags to be watched, from the settings of Mastodon's and Bluesky's channels."""

from __future__ import annotations

import pytest

from hub.kernel.hashtags import tags_of


@pytest.mark.parametrize(
    ("written", "tags"),
    [
        ("", ()),
        ("kettles", ("kettles",)),
        ("#Brightwater, kettles #brightwater", ("brightwater", "kettles")),
        ("#Kettles, #tea; ＃急須 #kettles", ("kettles", "tea", "急須")),
        ("＃水 straße", ("水", "straße")),
        ("a b c d e f", ("a", "b", "c", "d", "e")),
    ],
)
def test_hashtags_are_entered_as_people_write_them(written: str, tags: tuple[str, ...]) -> None:
    assert tags_of(written) == tags
