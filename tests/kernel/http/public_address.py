"""Run alone in a network namespace of its own, where a public address is this computer: `unshare --net python ...`.

Nothing of the door is exchanged or excepted here but the name server, so what holds here holds in earnest.
Prints one line for each thing that went as it should.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable

from hub.errors import AddressRefused
from hub.kernel.http import Door
from hub.testing.server import FakeServer
from tests.kernel.http.internet import PUBLIC


def main() -> None:
    for command in ("link set lo up", f"addr add {PUBLIC}/32 dev lo"):
        subprocess.run(["ip", *command.split()], check=True)
    with FakeServer(PUBLIC, 80) as public, FakeServer("127.0.0.1", 80) as canary:
        public.on("GET", "/").answers(200, "public")
        public.on("GET", "/inside").redirects("http://127.0.0.1/")
        public.on("GET", "/name").redirects("http://rebind.example/")
        report("fetched", Door().request("GET", f"http://{PUBLIC}/").text == "public")
        report("redirect refused", refused(lambda: Door().request("GET", f"http://{PUBLIC}/inside")))
        door = Door(resolve=turning_inside())
        report("first answer fetched", door.request("GET", "http://rebind.example/").text == "public")
        report("second answer refused", refused(lambda: door.request("GET", "http://rebind.example/")))
        report("redirect to it refused", refused(lambda: door.request("GET", f"http://{PUBLIC}/name")))
        report("session refused", refused(lambda: Door().session().get(f"http://{PUBLIC}/inside")))
        report("canary alone", canary.connections == 0 and public.connections > 0)
        door.close()


def turning_inside() -> Callable[..., list[object]]:
    answers = [PUBLIC]

    def resolve(host: str, port: int, *hints: int) -> list[object]:
        return [(2, 1, 6, "", (answers.pop() if answers else "127.0.0.1", port))]

    return resolve


def refused(fetch: Callable[[], object]) -> bool:
    try:
        fetch()
    except AddressRefused:
        return True
    return False


def report(what: str, as_it_should: bool) -> None:
    print(what if as_it_should else f"NOT {what}")


if __name__ == "__main__":
    main()
