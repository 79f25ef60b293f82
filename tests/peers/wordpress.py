"""A real WordPress for the tests: its people post, comment and moderate over HTTP, as they would without us.

Start one by hand: `.venv/bin/python -m tests.peers.wordpress` prints its address and passwords and runs until Ctrl-C.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.processes import NotInstalled, end_group, free_port, passable_folder, start_program, wait_until

SCRIPT = Path(__file__).with_name("wordpress.sh")
NEEDED = {
    "php": "php-cli php-mysql php-xml php-mbstring php-gd php-curl",
    "mariadbd": "mariadb-server",
    "/usr/share/wordpress/wp-load.php": "wordpress wordpress-theme-twentytwentythree",
}
STATUSES = ("approve", "hold", "spam", "trash")
TIMEOUT = 30.0


class Refused(Exception):
    """WordPress said no: `status` is HTTP's, `code` WordPress's own word (empty outside its REST API)."""

    def __init__(self, answer: requests.Response) -> None:
        super().__init__(f"{answer.status_code} {answer.text[:300]}")
        self.status = answer.status_code
        is_json = "json" in answer.headers.get("Content-Type", "")
        self.code = str(answer.json().get("code", "")) if is_json else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """A post of the site."""

    id: int
    title: str
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A comment as its moderator sees it: `content` is what was written, `status` approved, hold, spam or trash."""

    id: int
    article_id: int
    parent: int
    author: str
    content: str
    status: str
    link: str


class WordPress:
    """One running site. Users: admin, editor, author, and the readers alice and bob; `app_passwords` has theirs.

    Comments of one reader come as quickly as the test writes them: the rule against floods is off but inside
    `with site.flood_rule():`. The rule against a comment said twice is always on (409).
    """

    def __init__(self, folder: Path) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.folder = folder
        self.app_passwords: dict[str, str] = {}
        self._environment = {"HUB_TESTS_URL": self.url}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._user_ids: dict[str, int] = {}
        self._revocable: dict[str, tuple[str, str]] = {}
        self._session = requests.Session()
        self._session.trust_env = False

    @property
    def host(self) -> str:
        """host:port, as HUB_ALLOW_HOSTS takes it."""
        return urlsplit(self.url).netloc

    # --- its people -------------------------------------------------------------------------------------------------

    def publish(self, title: str, content: str, *, as_user: str = "author") -> Article:
        fields = {"title": title, "content": content, "status": "publish"}
        post = self.call("POST", "posts", as_user=as_user, json=fields)
        return Article(id=post["id"], title=post["title"]["raw"], link=post["link"])

    def close_comments(self, article: Article) -> None:
        self.call("POST", f"posts/{article.id}", json={"comment_status": "closed"})

    def remove_article(self, article: Article) -> None:
        self.call("DELETE", f"posts/{article.id}", params={"force": "true"})

    def comment(self, article: Article, text: str, *, as_user: str = "alice", parent: int | None = None) -> Comment:
        """A signed-in reader's comment. Raises Refused."""
        fields = {"post": article.id, "content": text, "parent": parent or 0}
        return self.read(self.call("POST", "comments", as_user=as_user, json=fields)["id"])

    def form_comment(self, article: Article, text: str, *, name: str = "Xavier", parent: int | None = None) -> Comment:
        """A comment of a visitor without an account, through the form under the article. Raises Refused."""
        fields = {
            "comment_post_ID": article.id,
            "comment_parent": parent or 0,
            "comment": text,
            "author": name,
            "email": f"{name.lower()}@test.invalid",
        }
        answer = self._session.post(
            f"{self.url}/wp-comments-post.php", data=fields, allow_redirects=False, timeout=TIMEOUT
        )
        if answer.status_code != 302:
            raise Refused(answer)
        return max(self.comments(article), key=lambda comment: comment.id)

    def set_status(self, comment_id: int, status: str) -> None:
        """Moderate: approved, hold, spam or trash."""
        self.call("POST", f"comments/{comment_id}", json={"status": status})

    def edit(self, comment_id: int, text: str) -> None:
        self.call("POST", f"comments/{comment_id}", json={"content": text})

    def delete(self, comment_id: int) -> None:
        """Remove for good, past the trash."""
        self.call("DELETE", f"comments/{comment_id}", params={"force": "true"})

    # --- what is there ----------------------------------------------------------------------------------------------

    def comments(self, article: Article) -> list[Comment]:
        """Every comment under an article, in whatever state, oldest first: the judge of what arrived, and how often."""
        found: list[Comment] = []
        for status in STATUSES:
            params: dict[str, str | int] = {"post": article.id, "context": "edit", "per_page": 100, "status": status}
            found += map(_comment, self.call("GET", "comments", params=params))
        return sorted(found, key=lambda comment: comment.id)

    def read(self, comment_id: int) -> Comment:
        return _comment(self.call("GET", f"comments/{comment_id}", params={"context": "edit"}))

    def call(
        self,
        method: str,
        path: str,
        *,
        as_user: str | None = "admin",
        json: object = None,
        params: Mapping[str, str | int] | None = None,
    ) -> Any:
        """One request to the REST API as one of the users, or as nobody (None). Raises Refused."""
        answer = self._session.request(
            method,
            f"{self.url}/wp-json/wp/v2/{path}",
            auth=(as_user, self.app_passwords[as_user]) if as_user else None,
            json=json,
            params=params,
            timeout=TIMEOUT,
        )
        if not answer.ok:
            raise Refused(answer)
        return answer.json()

    # --- how it is set up -------------------------------------------------------------------------------------------

    def new_app_password(self, user: str = "editor") -> str:
        """A further application password, for a test that will revoke it."""
        path = f"users/{self._user_ids[user]}/application-passwords"
        made = self.call("POST", path, json={"name": f"hub {time.time_ns()}"})
        password = str(made["password"])
        self._revocable[password] = (path, made["uuid"])
        return password

    def revoke_app_password(self, password: str) -> None:
        """Take back one that `new_app_password` made."""
        path, uuid = self._revocable.pop(password)
        self.call("DELETE", f"{path}/{uuid}")

    @contextlib.contextmanager
    def flood_rule(self) -> Iterator[None]:
        """WordPress as installed: a second comment of one author or address within 15 seconds is refused."""
        self._set(hub_tests_flood_rule="on")
        try:
            yield
        finally:
            self._set(hub_tests_flood_rule="off")

    def _set(self, **settings: str) -> None:
        self.call("POST", "settings", json=settings)

    # --- its processes ----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Install everything anew and start it."""
        self._script("prepare")
        self._start("db")
        wait_until(self._database_answers, "MariaDB", alive=self._running["db"])
        installed = json.loads(self._script("install").splitlines()[-1])
        self.app_passwords = {name: user["app_password"] for name, user in installed["users"].items()}
        self._user_ids = {name: user["id"] for name, user in installed["users"].items()}
        self.start_web()
        self._set(hub_tests_flood_rule="off")

    def start_web(self) -> None:
        self._start("web")
        wait_until(self._web_answers, "WordPress", alive=self._running["web"])

    def kill_web(self) -> None:
        """The site dies at once, with what it was just doing; its data stays."""
        end_group(self._running.pop("web"), signal.SIGKILL)

    def restart(self) -> None:
        self.kill_web()
        self.start_web()

    def stop(self) -> None:
        self._session.close()
        for name in ("web", "db"):
            if name in self._running:
                end_group(self._running.pop(name))

    def _start(self, name: str) -> None:
        log = self.folder / f"{name}.log"
        self._running[name] = start_program([SCRIPT, name, self.folder], log=log, env=self._environment)

    def _script(self, command: str) -> str:
        done = subprocess.run(
            [SCRIPT, command, self.folder], env={**os.environ, **self._environment}, capture_output=True, text=True
        )
        if done.returncode != 0:
            raise RuntimeError(f"wordpress.sh {command} ended with {done.returncode}: {done.stderr[-2000:]}")
        return done.stdout

    def _database_answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self.folder / "db" / "socket")) == 0

    def _web_answers(self) -> bool:
        with contextlib.suppress(requests.ConnectionError):
            return self._session.get(f"{self.url}/wp-json/", timeout=TIMEOUT).ok
        return False


def _comment(raw: dict[str, Any]) -> Comment:
    return Comment(
        id=raw["id"],
        article_id=raw["post"],
        parent=raw["parent"],
        author=raw["author_name"],
        content=raw["content"]["raw"],
        status=raw["status"],
        link=raw["link"],
    )


def _is_there(program: str) -> bool:
    # mariadbd lies in a folder that is not on everybody's PATH.
    return bool(shutil.which(program) or shutil.which(program, path="/usr/sbin")) or Path(program).is_file()


@contextlib.contextmanager
def running_wordpress() -> Iterator[WordPress]:
    """A freshly installed site, ended and removed afterwards. Raises NotInstalled."""
    missing = [packages for program, packages in NEEDED.items() if not _is_there(program)]
    if missing:
        raise NotInstalled(f"WordPress is missing: install Debian's {' '.join(missing)}")
    with passable_folder("hubbub-wordpress-") as folder:
        site = WordPress(folder)
        try:
            site.start()
            yield site
        finally:
            site.stop()


@pytest.fixture(scope="session")
def wordpress() -> Iterator[WordPress]:
    """One WordPress for the whole session, started by the first test that asks; each test publishes its own article."""
    with contextlib.ExitStack() as running:
        try:
            site = running.enter_context(running_wordpress())
        except NotInstalled as missing:
            pytest.skip(str(missing))
        yield site


if __name__ == "__main__":
    with running_wordpress() as by_hand, contextlib.suppress(KeyboardInterrupt):
        json.dump({"url": by_hand.url, "app_passwords": by_hand.app_passwords}, sys.stdout, indent=2)
        print(flush=True)
        signal.pause()
