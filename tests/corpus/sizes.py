"""Bodies too long, too deep or cut at the worst place."""

from __future__ import annotations

from tests.corpus.payloads import RUN

MILLION = 1_000_000
LIMITS = (65_536, 100_000)
"""Where networks and we cut: a tag or an entity lies across each."""


def _of_a_million(unit: str) -> str:
    return (unit * (MILLION // len(unit) + 1))[:MILLION]


def _across(limit: int, what: str, inside: int) -> str:
    """`what` placed so that exactly `inside` of its characters lie before the limit."""
    return "x" * (limit - inside) + what + "y" * 50


_TAG = f'<a href="https://ok.example/" title="<img src=x onerror={RUN}>">link</a>'
_CUTS = [("<", 1), (_TAG, 3), (_TAG, 12), (_TAG, 40), (_TAG, 60), (f"<script>{RUN}</script>", 9), ("&lt;script&gt;", 2)]

_REPEATED = [
    *("[", "<", ">", "&", '"', "a@a@", "http://", "*", " ", "\n", "x", "&#8238;", "&amp;", "&lt"),
    *("\u202e", "\x00", "\u0301", "👩\u200d", "\ud800"),
    *("<!--", "<![CDATA[", "</", "<a ", '<img alt="', "<a title='</b>'><b>", "<a href=https://x.example>x"),
    *("<div>", "<ul><li>", "<b>", "</b><b>", "<b></p>", "<table>", "<p>", "<br>", "<h1>", "<pre>\n", "<select>"),
    *("<svg>", "<math><mi>", "<style>", "<template>", "<font color=red>", "<span class=invisible>"),
]

ITEMS = [
    *(
        (f"cut at {limit} after {inside} of {what[:9]}", _across(limit, what, inside))
        for limit in LIMITS
        for what, inside in _CUTS
    ),
    *((f"a million of {unit!r}", _of_a_million(unit)) for unit in _REPEATED),
    ("deep and closed", "<div>" * 5_000 + "deep words" + "</div>" * 5_000),
    ("deep and never closed", "<blockquote>" * 5_000 + "deep words"),
    ("deep lists", "<ul><li>" * 3_000 + "deep words"),
    ("deep and hidden from a counter", '<b title="</b></b></b>">' * 2_000 + "deep words"),
    ("one attribute of a million", '<a href="https://ok.example/' + "a" * MILLION + '">x</a>'),
    ("ten thousand attributes", "<a " + " ".join(f"a{number}=1" for number in range(10_000)) + ">x</a>"),
    ("ten thousand links", "".join(f'<a href="https://ok.example/{number}">x</a>' for number in range(3_000))),
    ("one word of a million", "w" * MILLION),
    ("encoded seven times", "&" + "amp;" * 7 + "lt;script&gt;"),
]
