from __future__ import annotations
from hub.errors import HubError
from hub.kernel.texts import Wording
def wording_of(error: HubError) -> Wording:
    return Wording(title=error.code)
