"""What a server tells of an account, made fit to be shown: names on one line, addresses that may be followed."""

from __future__ import annotations

from dataclasses import replace

from hub.connector import Author, Check
from hub.kernel.html import one_line, safe_link

LONGEST_NAME = 200


def tidied(check: Check) -> Check:
    """What a connection test found, of characters one can see."""
    return replace(check, account=tidied_author(check.account), title=one_line(check.title, LONGEST_NAME))


def tidied_author(account: Author) -> Author:
    """The same for an account. Its id stays exactly as it is: it is compared, never shown. Its emoji stay words."""
    return replace(
        account,
        handle=one_line(account.handle, LONGEST_NAME),
        name=one_line(account.name, LONGEST_NAME),
        emoji=(),
        url=safe_link(account.url),
        avatar=safe_link(account.avatar),
    )
