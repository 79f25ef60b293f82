"""The reference application: what the pages cost with nothing but the work itself (raw sqlite3, Jinja2).

No sign-in, rights, translation, filters or hooks. `python -m benchmarks.floor.refapp DATABASE PORT` serves it exactly
as the hub is served: uvicorn, and as many page threads.
"""

from __future__ import annotations

import os
import sys
import threading
import time

import uvicorn
from a2wsgi import WSGIMiddleware
from flask import Flask, redirect, request
from jinja2 import Environment
from werkzeug.wrappers import Response

from benchmarks.floor.intake import add_intake
from hub.kernel.sqlite import sqlite3
from hub.web.server import PAGE_THREADS

_INBOX = """<!doctype html><html><head><title>Inbox</title><link rel=stylesheet href=/s.css></head><body>
<nav>{% for t in range(8) %}<a href="/t/{{t}}">Team {{t}}</a>{% endfor %}</nav><ul>
{% for r in rows %}<li id="c{{r[0]}}" class="row{% if r[3] %} unread{% endif %}"><a href="/c/{{r[0]}}"><b>{{r[6]}}</b>
<i>{{r[7]}}</i><span class=ch>{{r[4]}}</span><time datetime="{{r[1]}}">{{r[1]}}</time><p>{{r[2]}}</p></a></li>
{% endfor %}</ul></body></html>"""
_CONVERSATION = """<!doctype html><html><body><h1>{{c[1]}}</h1><ol>
{% for m in ms %}<li id="m{{m[0]}}" class="{{m[1]}}"><header><time>{{m[3]}}</time></header><div>{{m[2]}}</div></li>
{% endfor %}</ol><form method=post action="/reply/{{c[0]}}"><textarea name=body></textarea></form></body></html>"""

_LIST = """
    SELECT v.id, v.last_at, v.snippet, v.unread, v.channel, c.id, c.name, c.handle
    FROM conversation v JOIN contact c ON c.id=v.contact_id
    WHERE v.team_id=? AND v.status='open' ORDER BY v.last_at DESC, v.id DESC LIMIT 50"""
_ONE = "SELECT v.id, c.name FROM conversation v JOIN contact c ON c.id=v.contact_id WHERE v.id=?"
_MESSAGES = "SELECT id, direction, body, created_at FROM message WHERE conversation_id=? ORDER BY id DESC LIMIT 100"
_SEARCH = """
    SELECT v.id, v.last_at, substr(m.body, 1, 120), v.unread, v.channel, c.id, c.name, c.handle
    FROM message_fts f JOIN message m ON m.id=f.rowid JOIN conversation v ON v.id=m.conversation_id
    JOIN contact c ON c.id=v.contact_id
    WHERE message_fts MATCH ? ORDER BY f.rowid DESC LIMIT 50"""
_REPLY = """
    INSERT INTO message(conversation_id,contact_id,channel,ext_id,direction,body,created_at)
    VALUES(?,NULL,'out',?,'out',?,?) RETURNING id"""


def create_app(database: str) -> Flask:
    app = Flask("reference")
    pages = Environment(autoescape=True, trim_blocks=True)
    inbox_page, conversation_page = pages.from_string(_INBOX), pages.from_string(_CONVERSATION)
    local = threading.local()

    def connection() -> sqlite3.Connection:
        if not hasattr(local, "connection"):
            local.connection = sqlite3.connect(database, isolation_level=None, timeout=20)
            for pragma in ("synchronous=FULL", "cache_size=-65536", "mmap_size=4000000000", "busy_timeout=20000"):
                local.connection.execute("PRAGMA " + pragma)
        found: sqlite3.Connection = local.connection
        return found

    @app.get("/inbox/<int:team>")
    def inbox(team: int) -> str:
        return inbox_page.render(rows=connection().execute(_LIST, (team,)).fetchall())

    @app.get("/c/<int:number>")
    def conversation(number: int) -> str:
        found = connection().execute(_ONE, (number,)).fetchone()
        return conversation_page.render(c=found, ms=connection().execute(_MESSAGES, (number,)).fetchall())

    @app.get("/search")
    def search() -> str:
        return inbox_page.render(rows=connection().execute(_SEARCH, (request.args["q"],)).fetchall())

    @app.post("/reply/<int:number>")
    def reply(number: int) -> Response:
        text, now, execute = request.form["text"], int(time.time()), connection().execute
        execute("BEGIN IMMEDIATE")
        message = execute(_REPLY, (number, os.urandom(8).hex(), text, now)).fetchone()[0]
        execute("UPDATE conversation SET last_at=?, snippet=?, unread=0 WHERE id=?", (now, text[:120], number))
        execute("INSERT INTO outbox(message_id,at) VALUES(?,?)", (message, now))
        execute("COMMIT")
        return redirect(f"/c/{number}", 303)

    add_intake(app, connection)
    return app


if __name__ == "__main__":
    served = WSGIMiddleware(create_app(sys.argv[1]), workers=PAGE_THREADS)  # type: ignore[arg-type]
    uvicorn.run(
        served,  # type: ignore[arg-type]
        host="127.0.0.1",
        port=int(sys.argv[2]),
        http="httptools",
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
    )
