"""Inbound webhooks: kept first, answered at once, applied in the background, each one once and in order.

`sources` are the systems, `inbox` what they sent. `applying` is what becomes of it: `taking` a batch,
`preparing` it (`reading` systems that only say what changed, `targets`: whom it concerns), `lanes`: what must
wait behind what, `actions` and `bulk`: the use cases, `settling`. `polling` asks for what was never told,
`trying` shows what a call would do, `silence` notices that nothing comes any more.
"""

from app.services.crm.applying import apply_due
from app.services.crm.inbox import events, replay, replay_many, shown_body, store
from app.services.crm.preparing import MOST_ATTEMPTS
from app.services.crm.sources import (
    NewSource,
    SourceChange,
    change_source,
    create_source,
    pause,
    resume,
    rotate_secret,
    source_called,
    sources,
)
from app.services.crm.taking import LEASE, is_due

__all__ = [
    "LEASE",
    "MOST_ATTEMPTS",
    "NewSource",
    "SourceChange",
    "apply_due",
    "change_source",
    "create_source",
    "events",
    "is_due",
    "pause",
    "replay",
    "replay_many",
    "resume",
    "rotate_secret",
    "shown_body",
    "source_called",
    "sources",
    "store",
]
