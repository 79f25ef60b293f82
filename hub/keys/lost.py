"""Goes on after a key is lost for good: what only it opened is forgotten, and channels wait for somebody to sign in."""

from __future__ import annotations

from hub.kernel.database import Session
from hub.kernel.hub import set_fact
from hub.kernel.secrets import Secrets
from hub.keys import store

_NOTHING = "{}"


def forget_secrets(session: Session, secrets: Secrets) -> int:
    """Take out every secret and sign every channel out; messages stay. Returns how many channels that were."""
    set_fact(session, "key_id", secrets.key_id)
    return store.forget(session, sealed=secrets.seal(_NOTHING))
