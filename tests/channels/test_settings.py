"""What a person filled in about a channel is checked, and what is wrong said so that they can mend it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from hub.channels.settings import read_form
from hub.connector import setting
from hub.errors import Invalid
from hub.kernel.texts import describe


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopSettings:
    tone: str = setting("Tone", kind="choice", choices={"warm": "Warm", "cool": "Cool"}, default="warm")


def test_a_word_that_is_no_choice_is_answered_with_those_there_are() -> None:
    with pytest.raises(Invalid) as refused:
        read_form(ShopSettings, {"tone": "lukewarm"})
    assert refused.value.field == "tone"
    assert describe(refused.value).sentences.endswith("Choose one of these: warm, cool")
