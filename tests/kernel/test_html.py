from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from hub.kernel import html, plaintext
from hub.kernel.html import (
    clean,
    direction,
    names_in_front,
    one_line,
    render,
    safe_link,
    snippet,
    text_of,
    text_to_html,
    visible_controls,
)
from tests.corpus.hostile import MESSAGES, HostileMessage
from tests.corpus.links import ITEMS as LINKS

# Written out a second time on purpose: who widens the sanitiser has to say it here as well.
ALLOWED = {
    *("a", "abbr", "b", "bdi", "blockquote", "br", "caption", "cite", "code", "dd", "del", "dfn", "div", "dl", "dt"),
    *("em", "hr", "i", "ins", "kbd", "li", "mark", "ol", "p", "pre", "q", "rp", "rt", "ruby", "s", "samp", "small"),
    *("strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul", "var", "wbr"),
}
VALUES = {
    "dir": "ltr|rtl|auto",
    "lang": "[A-Za-z0-9-]{1,35}",
    "rel": "nofollow noopener noreferrer ugc",
    "href": r"(https?://[^/\s@\\]+.*|mailto:[^\s?]+@[^\s?]+)",
    "start": "-?[0-9]{1,6}",
    "value": "-?[0-9]{1,6}",
    "reversed": "",
    "colspan": "[1-9][0-9]?",
    "rowspan": "[1-9][0-9]?",
}
OF_TAG = {"a": {"href", "rel"}, "ol": {"start", "reversed"}, "li": {"value"}, "td": {"colspan", "rowspan"}}
OF_TAG["th"] = OF_TAG["td"]
CONTROLS = re.compile("[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
PIECES = [
    *("<b>", "</b>", "<i>", "<p>", "</p>", "<div>", "</div>", "<br>", "<h1>", "<section>", "<button>", "<ul>", "<li>"),
    *("<table>", "<tr>", "<td>", "<pre>", "\n", "</pre>", "<a href='https://x.example'>", "</a>", "<img alt='<b>'>"),
    *("<svg>", "</svg>", "<math>", "<mi>", "<style>", "<title>", "<!--", "-->", "<select>", "<form>", "<template>"),
    *("<noscript>", "</noscript>", "&", "&lt;", "&#8238;", "<", ">", '"', "'", " "),
]
HTMLISH = st.lists(st.sampled_from(PIECES) | st.text(max_size=8)).map("".join)

every_message = pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.name)


class Walk(HTMLParser):
    """Every tag, attribute and character of a piece of HTML, in the order a browser meets them."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.strangers: list[str] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        assert len(dict(attrs)) == len(attrs), "an attribute stands twice"

    def handle_data(self, data: str) -> None:
        self.words += data

    def handle_comment(self, data: str) -> None:
        self.strangers.append(data)

    def handle_decl(self, decl: str) -> None:
        self.strangers.append(decl)

    def unknown_decl(self, data: str) -> None:
        self.strangers.append(data)

    def handle_pi(self, data: str) -> None:
        self.strangers.append(data)


def assert_harmless(markup: str) -> None:
    walk = Walk(markup)
    assert not walk.strangers
    assert not CONTROLS.search(markup)
    for tag, attributes in walk.tags:
        assert tag in ALLOWED
        assert attributes.keys() <= OF_TAG.get(tag, set()) | {"dir", "lang"}
        for name, value in attributes.items():
            assert re.fullmatch(VALUES[name], value or ""), (tag, name, value)
        assert tag != "a" or attributes["rel"] == VALUES["rel"]


def visible(text: str) -> bool:
    """Whether a person would see anything of it."""
    return bool(regex.search(r"[\p{L}\p{N}\p{P}\p{S}]", text))


@every_message
def test_a_hostile_message_is_harmless_once_it_is_clean(message: HostileMessage) -> None:
    assert_harmless(clean(message.html))


@every_message
def test_a_clean_message_is_the_same_when_it_is_parsed_again(message: HostileMessage) -> None:
    cleaned = clean(message.html)
    assert len(cleaned) > html.MAX_HTML or clean(cleaned) == cleaned


@every_message
def test_a_hostile_message_has_a_text_wherever_its_clean_form_has_words(message: HostileMessage) -> None:
    words = Walk(clean(message.html)).words
    assert visible(text_of(message.html)) == visible(words)


@every_message
def test_a_hostile_text_stays_the_text_it_is(message: HostileMessage) -> None:
    shown = text_to_html(message.text)
    assert_harmless(shown)
    assert {tag for tag, _ in Walk(shown).tags} <= {"p", "br", "a"}


@every_message
def test_a_hostile_name_is_one_short_line_of_visible_characters(message: HostileMessage) -> None:
    for name in (message.author_name, message.post_title, message.attachment_name):
        line = one_line(name, 80)
        assert len(regex.findall(r"\X", line)) <= 80
        assert not regex.search(r"[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]", line)
        line.encode()


@every_message
def test_a_snippet_is_a_line_of_the_words_and_never_of_the_markup(message: HostileMessage) -> None:
    text = text_of(message.html)
    line = snippet(text)
    assert "\n" not in line
    assert line.removesuffix("…") in " ".join(visible_controls(text).split())


@pytest.mark.parametrize(("name", "_", "url"), LINKS, ids=[name for name, _, _ in LINKS])
def test_a_nasty_address_is_never_a_link(name: str, _: str, url: str) -> None:
    assert safe_link(url) is None


@pytest.mark.parametrize("message", [m for m in MESSAGES if m.theme == "links"], ids=lambda message: message.name)
def test_a_nasty_link_in_a_message_keeps_its_words_and_loses_its_address(message: HostileMessage) -> None:
    assert clean(message.html) == '<a rel="nofollow noopener noreferrer ugc">click me</a>'


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://ok.example", "https://ok.example"),
        ("HTTPS://Ok.example/A?b=c&d=%20#e", "https://Ok.example/A?b=c&d=%20#e"),
        ("  https://ok.example/a b \n", "https://ok.example/a%20b"),
        ("http://ok.example:8080/@anna", "http://ok.example:8080/@anna"),
        ("https://müller.example/straße", "https://müller.example/straße"),
        ("https://[2001:db8::1]/x", "https://[2001:db8::1]/x"),
        ("https://ok.example/?next=https://other.example", "https://ok.example/?next=https://other.example"),
        ("MAILTO:anna@ok.example", "mailto:anna@ok.example"),
        (None, None),
    ],
)
def test_an_honest_address_stays_a_link(url: str | None, link: str | None) -> None:
    assert safe_link(url) == link


def test_a_message_keeps_what_its_author_meant() -> None:
    sent = '<p>Hello <b>you</b>, <a href="https://ok.example/">look</a></p>'
    sent += "<ul><li>one</li></ul><pre><code>x\n y</code></pre>"
    assert clean(sent) == (
        '<p dir="auto">Hello <b>you</b>, '
        '<a href="https://ok.example/" rel="nofollow noopener noreferrer ugc">look</a></p>'
        '<ul><li dir="auto">one</li></ul><pre dir="auto"><code>x\n y</code></pre>'
    )


def test_headings_of_a_message_do_not_stand_among_the_headings_of_the_page() -> None:
    assert clean("<h1>News</h1>") == '<p dir="auto"><strong>News</strong></p>'


def test_foreign_blocks_stay_apart() -> None:
    assert clean("<section>a</section><figure>b</figure>") == '<div dir="auto">a</div><div dir="auto">b</div>'


def test_an_emoji_picture_leaves_its_emoji() -> None:
    assert clean('Well done<img class="emoji" alt="🎉" src="https://tracker.example/1.svg">!') == "Well done🎉!"


def test_two_described_pictures_leave_two_descriptions() -> None:
    assert text_of('<img alt="A dog"><img alt="A cat">') == "A dog A cat"


def test_words_in_drawings_and_formulas_stay() -> None:
    assert text_of("<svg><title>t</title><text>in a drawing</text></svg><math><mi>x</mi></math>") == "in a drawingx"


def test_what_lies_behind_the_limit_is_cut_before_it_is_cleaned() -> None:
    cleaned = clean("x" * (html.MAX_HTML - 5) + "<script>window.__xss=1</script>")
    assert cleaned == "x" * (html.MAX_HTML - 5)


def test_what_is_nested_deeper_than_people_write_is_shown_as_its_text() -> None:
    assert Walk(clean("<div>" * 5_000 + "deep words")).words.strip() == "deep words"


def test_the_allow_list_is_the_one_agreed_on() -> None:
    assert html.TAGS == ALLOWED


def test_a_listing_may_begin_with_any_number_of_empty_lines() -> None:
    assert clean("<pre>" + "\n" * 50 + "x</pre>") == '<pre dir="auto">x</pre>'


def test_html_that_never_comes_to_rest_is_shown_as_its_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html, "_MAX_PASSES", 0)
    assert clean("<p>two <b>words</b>") == '<p dir="auto">two words</p>'


def test_the_text_of_a_message_has_its_paragraphs_lines_and_lists() -> None:
    sent = "<p>One<br>two</p>\n<p> three   <b> four</b></p><ul><li>a</li><li>b</li></ul>"
    sent += "<table><tr><td>1<td>2<tr><td>3</table>"
    assert re.sub(r" +\n", "\n", text_of(sent)) == "One\ntwo\n\nthree four\n\n- a\n- b\n\n1 2\n3"


def test_the_text_of_a_listing_keeps_its_indents() -> None:
    assert text_of("<pre>if x:\n    y\n\n    z</pre>") == "if x:\n    y\n\n    z"


@pytest.mark.parametrize(
    "words",
    [
        '<span class="invisible">https://www.</span><span class="ellipsis">shop.example/a/long</span>'
        '<span class="invisible">/way?x=1</span>',
        "shop.example/a/lo…",
        "www.shop.example/a/l...",
    ],
)
def test_a_link_shortened_for_the_eye_is_whole_in_the_text(words: str) -> None:
    address = "https://www.shop.example/a/long/way?x=1"
    assert text_of(f'see <a href="{address}">{words}</a>, please') == f"see {address}, please"


def test_a_mention_keeps_its_handle_in_the_text() -> None:
    sent = (
        '<span class="h-card"><a href="https://m.example/@anna" class="u-url mention">@<span>anna</span></a></span> hi'
    )
    assert text_of(sent) == "@anna hi"


def test_a_rendered_link_opens_beside_the_inbox_and_runs_in_its_own_direction() -> None:
    page = str(render(clean('<a href="https://ok.example/" target="_top">x</a>')))
    told = Walk(page).tags[0][1]
    assert (told["target"], told["dir"]) == ("_blank", "auto")


@pytest.mark.parametrize(
    ("text", "way"),
    [
        ("@brightwater متى سيصل طلبي", "rtl"),
        ("@lena@chaos.example https://ok.example/ שלום", "rtl"),
        ("#مرحبا hello", "rtl"),
        ("@brightwater Hello שלום", "ltr"),
        ("12 (!) عربي", "rtl"),
        ("@brightwater 12 🌻", "auto"),
        ("", "auto"),
    ],
)
def test_a_text_runs_as_its_words_do_and_not_as_the_names_in_front(text: str, way: str) -> None:
    assert direction(text) == way


@pytest.mark.parametrize(
    ("text", "names", "rest"),
    [
        ("@brightwater @lena@chaos.example  hello @tom", "@brightwater @lena@chaos.example", "hello @tom"),
        ("hello @tom", "", "hello @tom"),
        ("@tom", "", "@tom"),
    ],
)
def test_names_in_front_are_told_from_what_is_said(text: str, names: str, rest: str) -> None:
    assert names_in_front(text) == (names, rest)


@pytest.mark.parametrize(
    ("href", "words", "host"),
    [
        ("https://evil.example/", "https://bank.example/login", "evil.example"),
        ("https://evil.example/bank.example", "<b>bank</b>.example", "evil.example"),
        ("https://bank.example.evil.example/", "bank.example", "bank.example.evil.example"),
        ("https://bаnk.com/", "bank.com", "xn--bnk-6cd.com"),
        ("https://bаnk.com/", "bаnk.com", "xn--bnk-6cd.com"),
    ],
)
def test_a_link_that_names_another_host_shows_its_real_one(href: str, words: str, host: str) -> None:
    assert f"({host})</span>" in render(clean(f'<a href="{href}">{words}</a>'))


@pytest.mark.parametrize(
    ("href", "words"),
    [
        ("https://bank.example/login", "https://bank.example/login"),
        ("https://www.bank.example/", "Bank.example"),
        ("https://bank.example/", "our bank"),
        ("https://bank.example/", "Read this... and that."),
        ("https://пример.рф/", "пример.рф"),
        ("mailto:anna@bank.example", "anna@bank.example"),
    ],
)
def test_an_honest_link_shows_nothing_more(href: str, words: str) -> None:
    assert "link-host" not in render(clean(f'<a href="{href}">{words}</a>'))


@pytest.mark.parametrize(
    ("href", "words", "is_told"),
    [
        ("https://bsky.example/profile/did:plc:lena", "@lena.example", False),
        ("https://bsky.example/profile/did:plc:lena", "<b>@lena.example</b>", False),
        ("https://bsky.example/profile/did:plc:lena", "lena.example", True),
        ("https://bsky.example/profile/did:plc:lena", "@lena.example bank.example", True),
        ("https://evil.example/@bank.example", "@bank.example", True),
        ("https://bsky.example.evil.example/", "@bank.example", True),
        ("https://evil.example/bsky.example", "@bank.example", True),
    ],
)
def test_a_person_named_like_a_host_is_no_disguise_where_nobody_chooses_the_server(
    href: str, words: str, is_told: bool
) -> None:
    link = clean(f'<a href="{href}">{words}</a>')
    assert ("link-host" in render(link, people_at="bsky.example")) is is_told
    assert "link-host" in render(link)


@pytest.mark.parametrize(
    ("href", "words", "is_told"),
    [
        ("https://chaos.example/@lena", "@lena", False),
        ("https://chaos.example/@lena", "@<span>lena</span>", False),
        ("https://chaos.example/@lena", "@lena@chaos.example", False),
        ("https://evil.example/@lena", "@lena@chaos.example", True),
        ("https://evil.example/@bank.example", "@bank.example", True),
        ("https://evil.example/@bank.example", "@<span>bank.example</span>", True),
        ("https://evil.example/", "@bank.example@evil.example", True),
        ("https://evil.example/", "@bank.example/login", True),
        ("https://evil.example/", "\uff20bank.example", True),
        ("https://evil.example/", "@bank\u3002example", True),
        ("https://evil.example/", "@bank\uff0eexample", True),
        ("https://evil.example/", "@bank\u2024example", True),
    ],
)
def test_on_a_server_that_its_author_chose_a_name_is_no_disguise(href: str, words: str, is_told: bool) -> None:
    assert ("link-host" in render(clean(f'<a href="{href}">{words}</a>'))) is is_told


def test_a_text_becomes_paragraphs_lines_and_links() -> None:
    shown = text_to_html('One <b> & "two"\r\nthree\n\n\nfour (https://ok.example/a_(b)), https://ok.example?x=1&y.')
    rel = 'rel="nofollow noopener noreferrer ugc"'
    assert shown == (
        '<p dir="auto">One &lt;b&gt; &amp; "two"<br>three</p><p dir="auto">four ('
        f'<a href="https://ok.example/a_(b)" {rel}>https://ok.example/a_(b)</a>), '
        f'<a href="https://ok.example?x=1&amp;y" {rel}>https://ok.example?x=1&amp;y</a>.</p>'
    )


def test_a_hidden_direction_is_shown_in_a_body_and_gone_from_a_name() -> None:
    assert visible_controls("invoice\u202efdp.exe\u202c\x00") == "invoice⟨RLO⟩fdp.exe␀"
    assert clean("invoice&#8238;fdp.exe") == "invoice⟨RLO⟩fdp.exe"
    assert one_line("invoice\u202efdp.exe\u202c\x00") == "invoicefdp.exe"


@pytest.mark.parametrize(
    "name", ["Zoë 👨‍👩‍👧‍👦", "🏴󠁧󠁢󠁥󠁮󠁧󠁿 England", "می‌خواهم", "क्‍ष", "❤️ 1️⃣ 👍🏽", "O’Neill-Müller", "Nguyễn"]
)
def test_a_name_in_any_script_stays_as_it_is(name: str) -> None:
    assert one_line(name) == name


@pytest.mark.parametrize("name", ["", " \n", "\u200b\u200d\ufeff", "\u3164\u115f", "\u2800", "\U000e0041"])
def test_a_name_nobody_can_see_is_empty(name: str) -> None:
    assert one_line(name) == ""


def test_a_tower_of_marks_is_cut_to_eight() -> None:
    assert visible_controls("Z" + "\u0301" * 2_000) == "Z" + "\u0301" * 8


@given(HTMLISH)
def test_any_html_is_harmless_and_at_rest_once_clean(sent: str) -> None:
    cleaned = clean(sent)
    assert_harmless(cleaned)
    assert clean(cleaned) == cleaned


@given(HTMLISH)
def test_any_html_has_a_text_where_people_see_words(sent: str) -> None:
    assert visible(text_of(sent)) == visible(Walk(clean(sent)).words)


@given(st.text(st.characters(codec=None, exclude_categories=[])))
def test_any_text_can_be_shown_and_stored(text: str) -> None:
    for shown in (
        clean(text),
        text_of(text),
        text_to_html(text),
        one_line(text),
        snippet(text),
        visible_controls(text),
    ):
        shown.encode()
        assert "\x00" not in shown


@given(st.text())
def test_the_words_of_a_text_survive_becoming_html(text: str) -> None:
    shown = Walk(text_to_html(text)).words
    assert "".join(shown.split()) == "".join(visible_controls(text).split())


GRAPHEMES = ["a", " ", "\n", "e\u0301", "👨\u200d👩\u200d👧", "🇩🇪", "👍🏽", "한", "❤️", "क्ष"]


@given(st.lists(st.sampled_from(GRAPHEMES), min_size=20).map("".join), st.integers(1, 15))
def test_a_snippet_never_ends_inside_a_grapheme(text: str, length: int) -> None:
    line = snippet(text, length)
    clusters = regex.findall(r"\X", " ".join(visible_controls(text).split()))
    kept = regex.findall(r"\X", line.removesuffix("…"))
    assert len(regex.findall(r"\X", line)) <= length
    assert kept == clusters[: len(kept)]


@given(
    st.text()
    | st.sampled_from([url for _, _, url in LINKS]).flatmap(lambda url: st.text(max_size=3).map(lambda t: t + url))
)
def test_a_safe_link_is_one_for_every_reader(url: str) -> None:
    link = safe_link(url)
    if link is not None:
        assert urlsplit(link).scheme in ("https", "http", "mailto")
        assert safe_link(link) == link


def test_whatever_is_marked_in_a_text_is_not_printable() -> None:
    # A text that is printable as a whole is given back as it is, without looking for any of them.
    marked = [character for character in map(chr, range(sys.maxunicode + 1)) if plaintext._UNSEEN.match(character)]
    assert len(marked) > 2000
    assert not any(character.isprintable() for character in marked)


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("<p>a  b\t c\u00a0d \u00a0e</p>", "a b c d e"),
        ("<p>a\nb</p>\n\n<p>\u00a0c</p>", "a b\n\nc"),
        ("<pre>a  b\tc</pre>", "a  b\tc"),
        ("<SVG><Text>drawn</Text></SVG><mAtH><mi>x</mi></mAtH>", "drawnx"),
    ],
)
def test_spaces_become_one_and_drawings_keep_their_words_in_any_case(html: str, words: str) -> None:
    assert text_of(html) == words
