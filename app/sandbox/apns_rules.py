"""What Apple's push service answers to a request, as a pure function of the request and of who is asking.

Follows developer.apple.com/documentation/usernotifications: "Sending notification requests to APNs" and
"Handling notification responses from APNs" (last checked November 2026). Where Apple is lenient (a
certificate with one topic needs no `apns-topic`) this stand-in is strict, so that our own slips show here
and not at Apple's.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

BODY_MAX_BYTES = 4096
PUSH_TYPES = frozenset(
    {"alert", "background", "complication", "controls", "fileprovider", "liveactivity", "location", "mdm"}
    | {"pushtotalk", "voip", "widgets"}
)
_PATH = re.compile(r"/3/device/([^/?#]*)")
_TOKEN = re.compile(r"(?:[0-9a-fA-F]{2}){4,100}")
_TOPIC = re.compile(r"[A-Za-z0-9.\-]{1,255}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True, slots=True)
class Client:
    """Who is on the other end: whether a certificate came, and the topic that its UID allows ("" for
    none). `tokens`: the provider tokens of this connection, and when each came first.
    """

    has_certificate: bool = False
    topic: str = ""
    tokens: list[tuple[str, float]] = field(default_factory=list, compare=False)


@dataclass(slots=True)
class Request:
    """One request as far as it has arrived; of the body only the size matters."""

    method: str = ""
    path: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    repeated: frozenset[str] = frozenset()
    body_bytes: int = 0

    @property
    def token(self) -> str:
        found = _PATH.fullmatch(self.path)
        return found[1].lower() if found else ""

    @property
    def topic(self) -> str:
        return self.headers.get("apns-topic", "")


@dataclass(frozen=True, slots=True)
class Answer:
    """A status with Apple's reason; `invalid_at_ms` only with 410."""

    status: int = 200
    reason: str = ""
    invalid_at_ms: int | None = None
    retry_after_s: int | None = None


def read_request(fields: Iterable[tuple[bytes, bytes]]) -> Request:
    """Take a request's header fields; any bytes are accepted, and never raise."""
    pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in fields]
    headers = dict(pairs)
    counted = Counter(name for name, _ in pairs if name.startswith("apns-"))
    return Request(
        headers.pop(":method", ""),
        headers.pop(":path", ""),
        headers,
        frozenset(name for name, times in counted.items() if times > 1),
    )


class Keys(Protocol):
    """Who judges provider tokens."""

    def refuse(self, request: Request, client: Client, now: float) -> Answer | None: ...


def refuse(request: Request, client: Client, keys: Keys, now: float) -> Answer | None:
    """What is wrong with a request before its push token is looked at; None for a well-formed one.

    Whoever sends a provider token is known by that alone, whatever certificate the connection has.
    """
    by_token = "authorization" in request.headers
    return (
        (None if by_token else _refuse_client(client))
        or _refuse_address(request)
        or _refuse_topic(request)
        or (keys.refuse(request, client, now) if by_token else _refuse_foreign_topic(request, client))
        or _refuse_headers(request.headers, request.repeated)
        or _refuse_body(request.body_bytes)
    )


def _refuse_client(client: Client) -> Answer | None:
    if not client.has_certificate:
        return Answer(403, "MissingProviderToken")
    return None if client.topic else Answer(403, "BadCertificate")


def _refuse_address(request: Request) -> Answer | None:
    found = _PATH.fullmatch(request.path)
    if not found:
        return Answer(404, "BadPath")
    if request.method != "POST":
        return Answer(405, "MethodNotAllowed")
    if not found[1]:
        return Answer(400, "MissingDeviceToken")
    return None if _TOKEN.fullmatch(found[1]) else Answer(400, "BadDeviceToken")


def _refuse_topic(request: Request) -> Answer | None:
    if "apns-topic" in request.repeated:
        return Answer(400, "DuplicateHeaders")
    if not request.topic:
        return Answer(400, "MissingTopic")
    return None if _TOPIC.fullmatch(request.topic) else Answer(400, "BadTopic")


def _refuse_foreign_topic(request: Request, client: Client) -> Answer | None:
    return None if request.topic == client.topic else Answer(400, "TopicDisallowed")


def _refuse_headers(headers: Mapping[str, str], repeated: frozenset[str]) -> Answer | None:
    if repeated:
        return Answer(400, "DuplicateHeaders")
    faults = {
        "BadMessageId": not _UUID.fullmatch(headers.get("apns-id", "00000000-0000-0000-0000-000000000000")),
        "BadPriority": headers.get("apns-priority", "10") not in ("1", "5", "10"),
        "BadExpirationDate": not re.fullmatch(r"[0-9]{1,12}", headers.get("apns-expiration", "0")),
        "InvalidPushType": headers.get("apns-push-type", "alert") not in PUSH_TYPES,
        "BadCollapseId": len(headers.get("apns-collapse-id", "")) > 64,
    }
    return next((Answer(400, reason) for reason, wrong in faults.items() if wrong), None)


def _refuse_body(size: int) -> Answer | None:
    if size > BODY_MAX_BYTES:
        return Answer(413, "PayloadTooLarge")
    return None if size else Answer(400, "PayloadEmpty")
