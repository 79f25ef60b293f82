"""What a connection test tells of the account, made fit to be shown: it is the word of a server nobody knows yet."""

from __future__ import annotations

from dataclasses import replace

from hub.connector import Author, Check
from hub.kernel.html import one_line, safe_link

LONGEST_NAME = 200


def tidied(check: Check) -> Check:
    """The same with names on one line, of characters one can see, and with addresses that may be followed.

    The account's id stays exactly as it is: it is compared, never shown.
    """
    return replace(check, account=_tidied_author(check.account), title=one_line(check.title, LONGEST_NAME))


def _tidied_author(account: Author) -> Author:
    return replace(
        account,
        handle=one_line(account.handle, LONGEST_NAME),
        name=one_line(account.name, LONGEST_NAME),
        url=safe_link(account.url),
        avatar=safe_link(account.avatar),
    )
