"""Systems that call us, and that we call: what they sent and nobody applied, and those that say nothing."""

from __future__ import annotations

from app.services.causes.cause import Cause

_WORKER = "Is a worker running? `tillpass serve` has one inside; elsewhere start `tillpass worker`."

CAUSES = (
    Cause(
        "events-late",
        ("good-to-know", "does-not-update"),
        "%(count)s webhook events wait; the oldest is overdue by %(late_s)s.",
        _WORKER,
    ),
    Cause(
        "events-dead",
        ("good-to-know", "does-not-update"),
        "Put aside: %(count)s webhook events that could not be applied.",
        "GET /api/v1/sources/{id}/events?state=dead says why; mend it and replay them.",
        "warning",
    ),
    Cause(
        "source-quiet",
        ("good-to-know", "does-not-update"),
        "%(source)s has sent nothing for %(quiet_s)s; usually it calls within %(usual_s)s.",
        "Look there whether its webhook is still switched on, or pause the source in /staff/systems.",
        "warning",
    ),
    Cause(
        "source-unasked",
        ("good-to-know", "does-not-update"),
        "%(source)s could not be asked for what it did not tell: %(said)s",
        "Look at its address and token in /staff/systems; asking goes on by itself.",
        "warning",
    ),
)
