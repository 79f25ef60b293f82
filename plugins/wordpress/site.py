"""One WordPress site through the door: where its REST API is, and calls to it as the account we sign in with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from hub.errors import Unavailable
from hub.kernel.clock import Clock
from hub.kernel.http import FetchLimits

from .refusals import Refusal, instruction, read_refusal

if TYPE_CHECKING:
    from hub.kernel.http import Door, Response

READ = FetchLimits(seconds=8.0)
"""A reply takes at most two reads and one write: they have to end before the engine's patience does."""

WRITE = FetchLimits(seconds=12.0, redirects=0)
_REL = re.compile(r'<([^<>]{1,2000})>\s{0,9};[^,<]{0,500}rel="?https://api\.w\.org/"?')
_NOT_THE_HOME = re.compile(
    r"/(?:wp-admin|wp-json|wp-login\.php|xmlrpc\.php|index\.php)(?:[/?#].*)?$|[?#].*$", re.DOTALL
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One answer of a collection: its items, and how many there are in all where the server tells."""

    items: tuple[Any, ...]
    total: int | None


class Site:
    """Reads and writes as one user. Raises the errors of hub.errors; finds the API once and remembers it."""

    def __init__(self, door: Door, clock: Clock, *, address: str, user: str, password: str) -> None:
        self.home = home_of(address)
        self._door = door
        self._clock = clock
        self._auth = (user, password)
        self._root: str | None = None

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """Read one thing as JSON. A page of HTML with status 200 is Unavailable("not_json")."""
        return self._answer(self.ask("GET", path, params=params)).json()

    def list(self, path: str, params: Mapping[str, Any]) -> Listing:
        """Read one page of a collection."""
        answer = self._answer(self.ask("GET", path, params=params))
        items = answer.json()
        if not isinstance(items, list):
            raise Unavailable("not_json")
        total = answer.headers.get("X-WP-Total", "")
        return Listing(items=tuple(items), total=int(total) if total.isascii() and total.isdecimal() else None)

    def post(self, path: str, content: Mapping[str, Any]) -> Any:
        """Write. Raises Ambiguous where it may have been done: the server broke down, or answered with a page."""
        return self._answer(self.ask("POST", path, json=content), writing=True).json()

    def ask(self, method: str, path: str, **parts: Any) -> Response:
        """One signed-in request, whatever its answer."""
        limits = READ if method == "GET" else WRITE
        return self._door.request(method, self.root() + path, auth=self._auth, limits=limits, **parts)

    def anonymous(self, method: str, url: str, **parts: Any) -> Response:
        """One request without our password."""
        return self._door.request(method, url, limits=READ, **parts)

    def now(self) -> datetime:
        return self._clock()

    def root(self) -> str:
        """The address of the REST API. Raises Unavailable when there is none just now."""
        if self._root is None:
            self._root = self._find_root()
        return self._root

    def use(self, root: str) -> None:
        """Remember an API that was found otherwise."""
        self._root = root

    def candidates(self, home: Response) -> tuple[str, ...]:
        """Where the API may be: where the home page says, else at its two usual places.

        A page that names another host is not followed there: our password, and what an operator lets this site's
        channel reach, are for this site.
        """
        told = _REL.search(home.headers.get("Link", ""))
        if told and _is_same_host(home.url, urljoin(home.url, told[1])):
            return (_as_safe_as(self.home, urljoin(home.url, told[1])),)
        base = home_of(home.url)
        return urljoin(base, "wp-json/"), urljoin(base, "?rest_route=/")

    def _find_root(self) -> str:
        home = self.anonymous("HEAD", self.home)
        if home.status >= 500:
            raise instruction(read_refusal(home), writing=False, now=self._clock())
        places = self.candidates(home)
        if len(places) == 1:
            return places[0]
        for place in places:
            if is_index(self.anonymous("GET", place)):
                return place
        raise Unavailable("not_json")

    def _answer(self, response: Response, *, writing: bool = False) -> Response:
        if 200 <= response.status < 300:
            return response
        refusal = read_refusal(response)
        if not refusal.code:
            self._root = None  # something else answered: the API may have moved
        raise instruction(refusal, writing=writing, now=self._clock())


def _is_same_host(first: str, second: str) -> bool:
    return urlsplit(first).netloc.lower() == urlsplit(second).netloc.lower()


def is_index(response: Response) -> bool:
    """Tell whether an answer is the index of a REST API with comments, or its refusal to show it to strangers."""
    try:
        told = response.json()
    except Unavailable:
        return False
    if not isinstance(told, dict):
        return False
    return "wp/v2" in told.get("namespaces", ()) or (response.status in (401, 403) and is_told(read_refusal(response)))


def is_told(refusal: Refusal) -> bool:
    """Whether the REST API itself refused, rather than something in front of it."""
    return bool(refusal.code)


def home_of(address: str) -> str:
    """The site's address with a final slash, also from one of its inner pages people copy."""
    address = address.strip()
    if "://" not in address:
        address = f"https://{address}"
    return _NOT_THE_HOME.sub("", address).rstrip("/") + "/"


def _as_safe_as(home: str, root: str) -> str:
    """A site behind a proxy may call itself http: the password never goes where the address given is safer."""
    if urlsplit(home).scheme == "https" and root.startswith("http://"):
        return "https://" + root.removeprefix("http://")
    return root
