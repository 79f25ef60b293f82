"""Who runs which tests when they are shared out over processes (`-n 2`, as tests/run does): pytest-xdist asks here.

A file stays together, for its fixtures, and so do folders that start the same heavy servers, or many processes of
which each has its time. What takes longest begins first, so that no process is left alone with it at the end.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

TOGETHER = (("tests/faults/", "tests/peers/"), ("tests/crash/",), ("tests/browser/",))
"""Folders whose tests go to one process, the longest first."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In a process of several: the folders of TOGETHER, then the files of many tests, then those of few."""
    if hasattr(config, "workerinput"):
        sizes = Counter(share(item.nodeid) for item in items)
        items.sort(key=lambda item: (_place(item.nodeid), -sizes[share(item.nodeid)]))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand out whole shares, in the order in which they were sorted."""
    from xdist.scheduler import LoadScopeScheduling

    class Shares(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return share(nodeid)

    config.option.loadscopereorder = False
    return Shares(config, log)


def share(nodeid: str) -> str:
    """The name of what a test stays together with."""
    number = _place(nodeid)
    return nodeid.partition("::")[0] if number == len(TOGETHER) else TOGETHER[number][0]


def _place(nodeid: str) -> int:
    return next((number for number, folders in enumerate(TOGETHER) if nodeid.startswith(folders)), len(TOGETHER))
