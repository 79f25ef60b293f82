"""What a person filled in about a channel is checked, and what is wrong said so that they can mend it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from hub.channels.settings import leads_elsewhere, read_form
from hub.connector import setting
from hub.errors import Invalid
from hub.kernel.texts import describe


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopSettings:
    address: str = setting("Address", kind="url", default="")
    tone: str = setting("Tone", kind="choice", choices={"warm": "Warm", "cool": "Cool"}, default="warm")


def test_a_word_that_is_no_choice_is_answered_with_those_there_are() -> None:
    with pytest.raises(Invalid) as refused:
        read_form(ShopSettings, {"tone": "lukewarm"})
    assert refused.value.field == "tone"
    assert describe(refused.value).sentences.endswith("Choose one of these: warm, cool")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("mastodon.example", "https://mastodon.example"),
        (" mastodon.example/@us ", "https://mastodon.example/@us"),
        ("@us@mastodon.example", "https://mastodon.example"),
        ("us@mastodon.example", "https://mastodon.example"),
        ("10.0.0.5:8080/feed", "https://10.0.0.5:8080/feed"),
        ("http://mastodon.example", "http://mastodon.example"),
    ],
)
def test_an_address_may_be_typed_without_its_beginning(typed: str, kept: str) -> None:
    assert read_form(ShopSettings, {"address": typed})["address"] == kept
    assert not leads_elsewhere(kept, typed)


@pytest.mark.parametrize(
    "typed", ["shop", "our shop.example", "ftp://shop.example", "javascript:alert(1)", "a@b@c", "//x.example"]
)
def test_what_names_no_site_is_no_address(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_form(ShopSettings, {"address": typed})
    assert (refused.value.field, refused.value.reason) == ("address", "not_an_address")


def test_another_site_without_its_beginning_is_another_site() -> None:
    assert leads_elsewhere("https://shop.example", "other.example")
    assert leads_elsewhere("http://shop.example:8080", "shop.example:8080")
