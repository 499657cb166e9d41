"""What became of a call, and what it would do, in words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from app.domain.programme import Programme
from app.i18n import gettext as _
from app.i18n import moment
from app.services.crm.overview import Counts
from app.services.crm.silence import Quiet
from app.services.crm.trying import Tried
from app.storage.tables import HookEvent, HookSource
from app.web.fault_words import in_words
from app.web.unit_words import listed

REFUSED = "would be refused: "
Mark = tuple[str, str, str]
"""Class, picture, words."""


def standing(row: HookSource, counts: Counts, quiet: Quiet | None) -> Mark:
    """How a source is, the worst first."""
    if row.paused_at:
        return "warn", "warn", _("Paused since %(when)s", when=moment(row.paused_at))
    if row.poll_error:
        return "bad", "bad", _("Asking it fails")
    if quiet:
        return "warn", "warn", _("Quiet since %(when)s", when=moment(quiet.since))
    if counts.last_at is None:
        return "warn", "info", _("No call yet")
    return "ok", "ok", _("Works")


def state_of(event: HookEvent) -> Mark:
    """How a call is."""
    if event.state == "applied":
        return "ok", "ok", _("Applied")
    if event.state == "dead":
        return "bad", "bad", _("Put aside")
    return "warn", "info", _("Parked") if event.parked else _("Waiting")


def action_word(kind: str) -> str:
    """What is done, as a noun."""
    known = {
        "member": _("Member"),
        "purchase": _("Purchase"),
        "refund": _("Return"),
        "status": _("Status or tier"),
        "adjust": _("Adjustment"),
        "balance": _("Balance"),
        "stamps": _("Stamps"),
        "values": _("Named values"),
        "membership": _("Membership"),
        "event": _("Event"),
        "erase": _("Erasing the person"),
    }
    return known.get(kind, kind)


def done_words(done: Mapping[str, Any]) -> str:
    """What came of one action, beside its noun."""
    if done.get("created"):
        return _("a new card")
    if done.get("replayed"):
        return _("was done before")
    if done.get("unchanged"):
        return _("nothing to change")
    if done.get("skipped"):
        newer = "something newer" in str(done["skipped"])
        return _("left alone: something newer was applied") if newer else _("left alone: nobody we know")
    return ""


def results(event: HookEvent) -> Sequence[Mapping[str, Any]]:
    """What was done, an action each."""
    found = (event.result or {}).get("actions", [])
    return found if isinstance(found, list) else []


def why(event: HookEvent) -> str:
    """The reason for which it waits or was put aside; what no pattern knows stays as it is."""
    if event.last_error.startswith("invalid: "):
        said = event.last_error.removeprefix("invalid: ")
        return _("It makes no sense as it is: %(why)s", why="; ".join(map(_fault, said.split("; "))))
    for pattern, words in _reasons():
        if found := re.fullmatch(pattern, event.last_error):
            return words % found.groupdict()
    return event.last_error


def _fault(said: str) -> str:
    """One fault with its place, as errors write them: `/type: should be …`."""
    found = re.fullmatch(r"(?P<where>/\S*): (?P<words>.+)", said)
    words = in_words(found["words"] if found else said).rstrip(".")
    return f"{found['where']}: {words}" if found else words


def _reasons() -> Sequence[tuple[str, str]]:
    return (
        (r"waits behind an earlier event of the same card", _("Waits behind an earlier call of this card.")),
        (r"(not-found: )?There is no such card in this programme\.", _("Nobody is known by that.")),
        (
            r"There is no such card in this programme yet\.",
            _("Nobody is known by that yet; it waits for them."),
        ),
        (
            r"There is no receipt '(?P<receipt>.*)' yet\.",
            _("There is no receipt %(receipt)s yet; it waits for it."),
        ),
        (
            r"insufficient-balance: The card holds (?P<held>\d+) \w+, (?P<asked>\d+) were asked for\.",
            _("The card holds %(held)s, and %(asked)s were asked for."),
        ),
        (r"conflict: These name different cards\.", _("It names different cards.")),
        (r"the system could not be asked: (?P<why>.*)", _("The system could not be asked: %(why)s")),
        (
            r"cannot be opened: .*",
            _("It cannot be opened: the secret key of Tillpass was another one when it came."),
        ),
    )


def would(tried: Tried, programme: Programme) -> str:
    """What an action of a sample would do."""
    if tried.earned is not None:
        what = listed(tried.earned, programme)
        return _("Would earn %(what)s.", what=what) if what else _("Would earn nothing.")
    if tried.says.startswith(REFUSED):
        return _("Would be refused: %(why)s", why=tried.says.removeprefix(REFUSED))
    if tried.says.startswith("would do '"):
        return _("Would be done on this card.")
    known = {
        "would be refused": _("Would be put aside for these faults."),
        "would issue a new card": _("Would issue a new card."),
        "would take the receipt back, or wait for it": _("Would take the receipt back, or wait for it."),
        "would do nothing: nobody is known by that": _("Would do nothing: nobody is known by that."),
        "would be left alone: nobody is known by that": _("Would be left alone: nobody is known by that."),
        "would wait for the person: nobody is known by that": _("Would wait for the person."),
        "would issue a new card, and then do it": _("Would issue a new card, and then do it."),
        "would be put aside: nobody is known by that": _("Would be put aside: nobody is known by that."),
    }
    return known.get(tried.says, tried.says)
