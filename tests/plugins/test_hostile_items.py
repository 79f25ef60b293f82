"""What a network tells as plain words stays words where a connector writes HTML around it: markup in it is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hub_plugins.bluesky import showing as bluesky
from hub_plugins.bluesky.rich_text import to_html
from hub_plugins.mastodon import showing as mastodon

from hub.kernel.html import clean
from tests.corpus.hostile import MESSAGES
from tests.kernel.test_html import Walk, assert_harmless

MARKUP = (
    "</a></blockquote></ul></p><script>x</script>\"'><b y-canary=1>bold</b> &lt;i&gt; &amp;lt; :blob<img src=x>cat:"
)
LINK = "https://x.example/"


def status(**fields: Any) -> str:
    return mastodon.shown({"content": "<p>Hello</p>", **fields}, ours=False)


def quoted(text: str, handle: str) -> str:
    return bluesky.embedded_html({"record": {"value": {"text": text}, "author": {"handle": handle}}})


def card(**fields: Any) -> str:
    return bluesky.embedded_html({"external": {"uri": LINK, **fields}})


def linked(text: str) -> str:
    index = {"byteStart": 0, "byteEnd": len(text.encode("utf-8", "surrogatepass"))}
    return to_html(text, [{"index": index, "features": [{"uri": LINK}]}])


PLACES: dict[str, Callable[[str], str]] = {
    "title of a card": lambda said: status(card={"url": LINK, "title": said}),
    "description of a card": lambda said: status(card={"url": LINK, "title": "Tea", "description": said}),
    "name of who is quoted": lambda said: status(quote={"content": "<p>x</p>", "account": {"acct": said}}),
    "words of a post": lambda said: to_html(said, None),
    "words of a link": linked,
    "title of a linked page": lambda said: card(title=said),
    "description of a linked page": lambda said: card(title="Tea", description=said),
    "words of a quoted post": lambda said: quoted(said, "lena.test"),
    "handle of who is quoted": lambda said: quoted("x", said),
}
ADDRESSES: dict[str, Callable[[str], str]] = {
    "card": lambda url: status(card={"url": url, "title": "Tea"}),
    "linked page": lambda url: card(uri=url, title="Tea"),
    "facet": lambda url: to_html(
        "Tea", [{"index": {"byteStart": 0, "byteEnd": 3}, "features": [{"uri": url}, {"did": url}, {"tag": url}]}]
    ),
    "tag": lambda url: to_html("Tea", [{"index": {"byteStart": 0, "byteEnd": 3}, "features": [{"tag": url}]}]),
    "person": lambda url: to_html("Tea", [{"index": {"byteStart": 0, "byteEnd": 3}, "features": [{"did": url}]}]),
    "post that is gone": lambda url: bluesky.embedded_html({"record": {"uri": url, "notFound": True}}),
}


@pytest.mark.parametrize("place", PLACES)
def test_markup_in_plain_words_is_shown_as_it_is(place: str) -> None:
    shown = clean(PLACES[place](MARKUP))
    assert_harmless(shown)
    assert MARKUP in Walk(shown).words
    assert "y-canary" not in {name for _, attributes in Walk(shown).tags for name in attributes}
    assert "b" not in {tag for tag, _ in Walk(shown).tags}


@pytest.mark.parametrize("place", PLACES)
def test_no_message_of_the_corpus_does_harm_from_there(place: str) -> None:
    for message in MESSAGES:
        if not message.is_large:
            assert_harmless(clean(PLACES[place](message.html)))


@pytest.mark.parametrize("place", ADDRESSES)
def test_no_address_breaks_out_or_runs(place: str) -> None:
    urls = {message.author_url for message in MESSAGES if message.theme == "links"}
    for url in (*urls, f"https://x.example/{MARKUP}", f'https://x.example/" onclick="{MARKUP}', MARKUP):
        shown = clean(ADDRESSES[place](url))
        assert_harmless(shown)
        for _, attributes in Walk(shown).tags:
            assert (attributes.get("href") or "https://").startswith("https://")
