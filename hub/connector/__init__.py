"""The contract between Hubbub and a connector, and its words.

A connector is one account on one network. Hubbub makes an instance per channel in a child process, asks it to
`check` itself and to `pull` pages, and hands it replies to `send`. Everything that crosses the contract is frozen,
typed and validated on the way. All instants are aware UTC; all ids are the network's own stable ones.
docs/write-a-connector.md builds one step by step.
"""

from __future__ import annotations

from hub.connector.contract import (
    API_VERSION,
    Check,
    Connector,
    Context,
    Features,
    Memory,
    NoUploads,
    SignIn,
    Uploads,
    setting,
)
from hub.connector.incoming import (
    Attachment,
    Author,
    Choice,
    Deleted,
    Emoji,
    Incoming,
    Page,
    Poll,
    Post,
    ReplyRules,
    Skipped,
)
from hub.connector.outgoing import Action, Measure, Outgoing, Part, Plan, Receipt, Target, Upload
from hub.connector.webhook import Accepted, Delivery
from hub.connector.words import DeletedBy, Instant, Kind, Limits, Moderation, Trust, Visibility

__all__ = [
    "API_VERSION",
    "Accepted",
    "Action",
    "Attachment",
    "Author",
    "Check",
    "Choice",
    "Connector",
    "Context",
    "Deleted",
    "DeletedBy",
    "Delivery",
    "Emoji",
    "Features",
    "Incoming",
    "Instant",
    "Kind",
    "Limits",
    "Measure",
    "Memory",
    "Moderation",
    "NoUploads",
    "Outgoing",
    "Page",
    "Part",
    "Plan",
    "Poll",
    "Post",
    "Receipt",
    "ReplyRules",
    "SignIn",
    "Skipped",
    "Target",
    "Trust",
    "Upload",
    "Uploads",
    "Visibility",
    "setting",
]
