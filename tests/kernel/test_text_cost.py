"""What strangers send costs no more than it is long: nothing that reads text goes over it again from every place."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

LENGTH = 40_000
SECONDS = 3
"""Of the processor, for one reading: it takes a tenth. One that squares its length takes more than that."""

UNITS = [
    *("[", "*", "a@a@a@", "@a.b ", "http://", "https://a.", "<", "&", "(", "@", " ", "a-", "_", "\u0301", '<a href="'),
    *("<a ", "<!--", "&amp;", "<a@b", "「", "! ", "<a>;", "token=", "://a:", 'rel="', "#a "),
    *('<meta "', '<meta "<meta" ', "<meta a='", "<title>"),
]


def main() -> None:
    from hub_plugins.bluesky import cards, rich_text
    from hub_plugins.feed import child, discovery
    from hub_plugins.mastodon import wording
    from hub_plugins.wordpress import site
    from hub_plugins.wordpress.wording import as_content

    from hub.inbox.words import ask, words_of
    from hub.kernel.html import clean, safe_link, text_of, text_to_html
    from hub.kernel.plaintext import direction, names_in_front, one_line, snippet, visible_controls
    from hub.kernel.redaction import Redaction

    readers = [
        *(clean, text_of, text_to_html, safe_link, lambda text: safe_link(f"https://{text}")),
        *(direction, names_in_front, one_line, snippet, visible_controls, words_of, ask, Redaction().text),
        *(lambda text: wording.graphemes(text, 23), lambda text: list(wording.unbreakable(text)), wording.skeleton),
        *(wording.without_leading_mentions, rich_text.find, lambda text: list(rich_text.unbreakable(text))),
        *(as_content, site._REL.findall, lambda page: discovery.feeds_of(page, "https://ok.example/")),
        lambda page: cards.read_card(page, part=0, uri="https://ok.example/", page_at="https://ok.example/"),
        *(child._MAIL_AND_NAME.fullmatch, child._NAME_AND_MAIL.fullmatch, discovery.is_comments_address),
    ]
    for number, reader in enumerate(readers):
        for unit in UNITS:
            print(number, repr(unit), flush=True)
            # Nobody handles the signal: it ends the process, also inside of an expression that never comes back.
            signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
            reader((unit * LENGTH)[:LENGTH])  # type: ignore[operator]
    print("all read")


def test_no_reader_of_text_goes_over_it_again_and_again() -> None:
    command = [sys.executable, "-c", "from tests.kernel.test_text_cost import main; main()"]
    ended = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True)
    assert ended.stdout.splitlines()[-1:] == ["all read"], ended.stderr[-2000:]
