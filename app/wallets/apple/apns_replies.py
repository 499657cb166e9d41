"""What an answer from Apple's push service means for the token it was about.

The one costly mistake here is to forget the push token of a phone that is alive: nothing but removing the
card and adding it again would bring it back. So a token is dropped only on the few answers that name the
token itself, every answer we do not know keeps it, and all of this is a pure function that can be read
beside Apple's table.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

BODY_MAX_BYTES = 4096
MALFORMED_TOKEN = "MalformedToken"
EXPIRED_TOKEN, TOO_MANY_TOKENS = "ExpiredProviderToken", "TooManyProviderTokenUpdates"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Verdict(StrEnum):
    """What to do with one push after its answer."""

    SENT = "sent"  # Apple took it; no proof that the phone asked for the card
    DROP = "drop"  # forget the token: it will never work again
    OURS = "ours"  # our certificate, topic or request is wrong: stop the queue, alarm, keep every token
    THROTTLED = "throttled"  # this token was pushed too often: keep it, wait
    RETRY = "retry"  # no answer, or Apple is unwell: keep it, try again with growing waits


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer; `status` 0 stands for none at all, with a `reason` of our own and the `detail` in
    words.
    """

    status: int
    reason: str = ""
    invalid_at_ms: int | None = None
    retry_after_s: int | None = None
    detail: str = ""


class Push(NamedTuple):
    """A token to knock at. `registered_at`: when the phone registered it last; `tag`: the caller's own
    row."""

    token: str
    registered_at: datetime | None = None
    tag: object = None


class PushResult(NamedTuple):
    """What came of one push."""

    push: Push
    verdict: Verdict
    reply: Reply


_REJECTIONS = frozenset({(400, "BadDeviceToken"), (400, "DeviceTokenNotForTopic"), (0, MALFORMED_TOKEN)})
_GONE = frozenset({(410, "Unregistered"), (410, "ExpiredToken")})
_OURS = frozenset(
    {
        (0, reason)
        for reason in ("CertificateUnusable", "CertificateRefused", "ServerNotTrusted", "MassRejection")
    }
    | {(400, f"Bad{what}") for what in ("CollapseId", "ExpirationDate", "MessageId", "Priority", "Topic")}
    | {(400, f"Missing{what}") for what in ("DeviceToken", "Topic")}
    | {(400, reason) for reason in ("DuplicateHeaders", "InvalidPushType", "PayloadEmpty", "TopicDisallowed")}
    | {(403, f"{what}ProviderToken") for what in ("Expired", "Invalid", "Missing")}
    | {(403, reason) for reason in ("BadCertificate", "BadCertificateEnvironment", "Forbidden")}
    | {(403, reason) for reason in ("UnrelatedKeyIdInToken", "BadEnvironmentKeyIdInToken")}
    | {(404, "BadPath"), (405, "MethodNotAllowed"), (413, "PayloadTooLarge")}
)


def read_reply(status: int, body: bytes = b"", retry_after_s: int | None = None) -> Reply:
    """Parse Apple's JSON error body; nonsense gives a reply without a reason and never raises."""
    if status == 200:
        return Reply(200)
    fields = _json_object(body)
    reason, at = fields.get("reason"), fields.get("timestamp")
    return Reply(
        status,
        reason=reason[:64] if isinstance(reason, str) else "",
        invalid_at_ms=at if isinstance(at, int) and not isinstance(at, bool) and 0 < at < 1 << 53 else None,
        retry_after_s=retry_after_s or None,
    )


def _json_object(body: bytes) -> dict[str, object]:
    try:
        parsed = json.loads(body[:BODY_MAX_BYTES])
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


def judge(reply: Reply, registered_at: datetime | None) -> Verdict:
    """Decide what an answer means for a token that the phone registered last at `registered_at` (aware).

    Follows developer.apple.com/documentation/usernotifications/handling-notification-responses-from-apns
    (last checked November 2026). An answer that is not in that table keeps the token.
    """
    case = (reply.status, reply.reason)
    if reply.status == 200:
        return Verdict.SENT
    if case in _REJECTIONS:
        return Verdict.DROP
    if case in _GONE:
        return _gone(reply.invalid_at_ms, registered_at)
    if case in _OURS:
        return Verdict.OURS
    return Verdict.THROTTLED if reply.status == 429 else Verdict.RETRY


def _gone(invalid_at_ms: int | None, registered_at: datetime | None) -> Verdict:
    """A phone that registered again after Apple gave its token up is alive; without a time we cannot
    know.
    """
    if invalid_at_ms is None:
        return Verdict.RETRY
    if registered_at is None:
        return Verdict.DROP
    registered_ms = (registered_at - _EPOCH) / timedelta(milliseconds=1)
    return Verdict.RETRY if registered_ms >= invalid_at_ms else Verdict.DROP


_KEY = "The push key (.p8) is refused: the key's team must own the pass type, and its id must be right."
_MENDS = {
    "InvalidProviderToken": _KEY,
    "BadTopic": _KEY,
    "UnrelatedKeyIdInToken": _KEY,
    "BadEnvironmentKeyIdInToken": "The push key (.p8) is for the sandbox only: make one for production.",
    EXPIRED_TOKEN: "Apple finds our tokens too old: look at this machine's clock.",
    "MissingProviderToken": "Neither a certificate nor a key reached Apple: look at the pass type's folder.",
    "TopicDisallowed": "The certificate or key is not that of this pass type: look at its folder.",
    "BadCertificate": "Apple refuses the certificate: look whether it was revoked, and import a new one.",
    "BadCertificateEnvironment": "The certificate is not for production: take a Pass Type ID certificate.",
    "CertificateUnusable": "The files in the pass type's folder cannot be used: tillpass certs show.",
    "CertificateRefused": "Apple refuses the certificate: look whether it ended or was revoked.",
    "ServerNotTrusted": "The push service's certificate is not trusted: TILLPASS_APNS_CA, ca-certificates.",
}


def said(reply: Reply) -> str:
    """An answer in a few words."""
    return reply.detail or reply.reason or f"status {reply.status}"


def mend(reason: str) -> str:
    """What an operator should do about a refusal that is our fault, in a sentence."""
    return _MENDS.get(reason, "Check TILLPASS_APNS_URL and the certificate.")


def is_rejection(reply: Reply) -> bool:
    """True where the token alone is blamed, though a wrong topic, certificate or host gives the same
    answer."""
    return (reply.status, reply.reason) in _REJECTIONS


_WAITS_S = {  # verdict: (first wait, longest wait)
    Verdict.RETRY: (2.0, 900.0),  # Apple asks for 15 minutes at most between tries after a 5xx
    Verdict.THROTTLED: (30.0, 3600.0),
    Verdict.OURS: (60.0, 3600.0),
}


def wait_s(verdict: Verdict, attempts: int, *, chance: float, retry_after_s: int | None = None) -> float:
    """Seconds until the next try: doubles with `attempts`, spread by `chance` in [0, 1); the server's wish
    wins.

    0 for a push that is over (sent or dropped).
    """
    if verdict not in _WAITS_S:
        return 0.0
    first, longest = _WAITS_S[verdict]
    grown = min(longest, first * 2.0 ** min(max(attempts, 0), 20))
    return max(grown * (0.5 + chance / 2), float(retry_after_s or 0))
