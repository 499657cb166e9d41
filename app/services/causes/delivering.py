"""Causes on the way from a change to a phone, as our own database shows them."""

from __future__ import annotations

from app.services.causes.cause import Cause, Symptom

_UPDATES: tuple[Symptom, ...] = ("does-not-update",)
_BOTH: tuple[Symptom, ...] = ("does-not-update", "not-on-android")
_WORKER = "Is a worker running? `tillpass serve` has one inside; elsewhere start `tillpass worker`."

CAUSES = (
    Cause(
        "worker-absent",
        _BOTH,
        "%(count)s cards wait for %(wallet)s, and nobody takes them; the oldest is overdue by %(late_s)s.",
        _WORKER,
    ),
    Cause(
        "queue-late",
        _BOTH,
        "%(count)s cards wait for %(wallet)s; the oldest is overdue by %(late_s)s.",
        "The worker cannot keep up, or it was just started: look again in a minute; start a second one.",
        "warning",
    ),
    Cause(
        "rollout-stuck",
        _BOTH,
        "A change of the whole programme %(programme)s is not carried on; it is overdue by %(late_s)s.",
        _WORKER,
    ),
    Cause(
        "rollout-failing",
        _BOTH,
        "A change of the whole programme %(programme)s failed %(attempts)s times: %(said)s",
        "Mend what it names; it goes on by itself.",
        "warning",
    ),
    Cause(
        "webhooks-late",
        ("good-to-know",),
        "%(count)s outbound webhooks wait to be sent; the oldest is overdue by %(late_s)s.",
        _WORKER,
    ),
    Cause(
        "webhooks-failing",
        ("good-to-know",),
        "Endpoint %(id)s of %(programme)s has taken no webhook for %(for_s)s.",
        "Its tries in /staff/webhooks say what it answers; after 3 days it is disabled.",
        "warning",
    ),
    Cause(
        "webhooks-disabled",
        ("good-to-know",),
        "Endpoint %(id)s of %(programme)s gets no webhooks any more: it failed for days, or asked for that.",
        "Mend or delete it. In /staff/webhooks it is enabled again, and what it missed is sent.",
        "warning",
    ),
    Cause(
        "deliveries-given-up",
        _BOTH,
        "Given up until the next change: %(count)s cards for %(wallet)s; one says: %(said)s",
        "Mend what it names, then send them again on their pages in /staff.",
        "warning",
    ),
    Cause(
        "deliveries-failing",
        _BOTH,
        "%(count)s cards for %(wallet)s were tried in vain and are tried again; one says: %(said)s",
        "It heals by itself where the vendor is down; where it is ours, it stands beside this one.",
        "warning",
    ),
    Cause(
        "phones-not-fetching",
        _UPDATES,
        "%(count)s of %(total)s phones were pushed more than an hour ago and did not come to fetch.",
        "Many: look at the public address and the proxy. Few: the phone is off, or Automatic Updates are off"
        " on the card's back.",
        "warning",
    ),
    Cause(
        "no-registrations",
        _UPDATES,
        "%(count)s cards were downloaded for Apple Wallet, and no phone registered: they will never update.",
        "Phones must reach %(url)s/apple/v1 by https. Passes with an earlier address must be added anew.",
    ),
    Cause(
        "complaints-authentication",
        _UPDATES,
        "Phones complain: authentication failed (%(count)s times in a day).",
        "Was TILLPASS_SECRET_KEY changed, or does the proxy take the Authorization header away?",
    ),
    Cause(
        "complaints-signature",
        ("does-not-open", "does-not-update"),
        "Phones complain of the signature or the certificate (%(count)s times in a day): %(said)s",
        "tillpass certs show, and tillpass doctor with the card's number.",
    ),
    Cause(
        "complaints-register",
        _UPDATES,
        "Phones complain that they cannot register (%(count)s times in a day): %(said)s",
        "Look at the public address: certificate, redirects, POST below /apple/v1.",
    ),
    Cause(
        "complaints-fetch",
        _UPDATES,
        "Phones complain that they cannot fetch a card (%(count)s times in a day): %(said)s",
        "tillpass doctor with the card's number makes the pass and checks it; look for 5xx in the log.",
    ),
    Cause(
        "complaints-unchanged",
        _UPDATES,
        "Phones complain that a card was unchanged when they came (%(count)s times in a day).",
        "Does the proxy take If-Modified-Since away, or keep answers? Else it is harmless.",
        "warning",
    ),
    Cause(
        "complaints-tag",
        _UPDATES,
        "Phones complain that the update tag did not move (%(count)s times in a day).",
        "Does the proxy keep answers of /apple/v1/devices/? Switch caching off there.",
        "warning",
    ),
    Cause(
        "complaints-unregistered",
        _UPDATES,
        "Phones complain of an update for a card that they do not hold (%(count)s times in a day).",
        "Harmless: the card was just removed. Many: was a database copied to a second server?",
        "warning",
    ),
    Cause(
        "complaints-other",
        ("good-to-know", "does-not-update"),
        "Phones complain (%(count)s times in a day): %(said)s",
        "The words are the phone's own; the card's page in /staff has them all.",
        "warning",
    ),
    Cause(
        "round-late",
        _BOTH,
        "The round '%(name)s' should have been made %(late_s)s ago.",
        _WORKER,
        "warning",
    ),
    Cause("queues", (), level="ok", fine="Nothing waits, and nothing was given up."),
)
