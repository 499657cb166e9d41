"""How the Google stand-in misbehaves on demand, and how Google words its refusals."""

from dataclasses import asdict, dataclass, fields
from typing import Any

Json = dict[str, Any]


@dataclass(slots=True)
class Modes:
    """Switches; every one may be turned while requests run. Rates are 0 to 1, `rate_per_s` 0 is no limit.

    `callback_outage` loses all callbacks, `callbacks_out_of_order` holds each back until the next one went.
    `holders_lag`: who saves or removes a card now is not in `hasUsers` yet. `empty_messages_…`: PATCH with an
    empty list of messages is refused, or taken and ignored; PUT always works. `schema_moved`: the published
    description is of another day.
    """

    error_rate: float = 0.0
    latency_s: float = 0.0
    nonsense: bool = False
    permission_denied: bool = False
    quota_exhausted: bool = False
    rate_per_s: float = 20.0
    check_images: bool = True
    approve_at_once: bool = True
    reject_classes: bool = False
    demo: bool = False
    callback_outage: bool = False
    callbacks_duplicated: bool = False
    callbacks_expired: bool = False
    callbacks_for_another_issuer: bool = False
    callbacks_out_of_order: bool = False
    holders_lag: bool = False
    empty_messages_refused: bool = False
    empty_messages_unheard: bool = False
    schema_moved: bool = False

    def as_json(self) -> Json:
        return asdict(self)

    def change(self, wanted: Json) -> None:
        """Turn some switches; raises ValueError for an unknown one or a wrong type, and turns none then."""
        kinds = {one.name: type(getattr(self, one.name)) for one in fields(self)}
        for name, value in wanted.items():
            number = (
                kinds.get(name) is float and isinstance(value, int | float) and not isinstance(value, bool)
            )
            if name not in kinds or not (number or type(value) is kinds[name]):
                raise ValueError(f"no such switch: {name} = {value!r}")
        for name, value in wanted.items():
            setattr(self, name, kinds[name](value))


class Refusal(Exception):
    """A request that Google refuses: the status and the body of its answer."""

    def __init__(self, status: int, error: Json) -> None:
        super().__init__(error["message"])
        self.status = status
        self.body = {"error": {"code": status, **error}}

    @property
    def message(self) -> str:
        return str(self.body["error"]["message"])


def backend(status: int, message: str, reason: str) -> Refusal:
    """The dialect of the Wallet back end: a `reason`, no `status`."""
    one = {"message": message, "domain": "walletobjects", "reason": reason}
    return Refusal(status, {"message": message, "errors": [one]})


def front_end(status: int, message: str, word: str, details: list[Json] | None = None) -> Refusal:
    """The dialect of Google's API front end: a `status`, no `reason`."""
    return Refusal(status, {"message": message, "status": word, **({"details": details} if details else {})})


def malformed(found: list[tuple[str, str]]) -> Refusal:
    """Fields that the front end's parser does not know or cannot read."""
    violations = [{"field": field, "description": description} for field, description in found]
    details = [{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": violations}]
    return front_end(400, "\n".join(text for _, text in found), "INVALID_ARGUMENT", details)


def invalid_id(resource_id: str) -> Refusal:
    return backend(400, f"Invalid resource ID: {resource_id}.", "invalidResource")


def invalid(message: str) -> Refusal:
    return backend(400, message, "invalid")


def not_found(kind: str, resource_id: str) -> Refusal:
    what = "Wallet Object Class" if kind.endswith("Class") else "Wallet Object"
    return backend(404, f"{what} {resource_id} not found.", "resourceNotFound")


def exists(kind: str, resource_id: str) -> Refusal:
    what = "Wallet Object Class" if kind.endswith("Class") else "Wallet Object"
    return backend(409, f"{what} {resource_id} already exists.", "resourceAlreadyExists")


def permission_denied() -> Refusal:
    return backend(403, "Permission denied.", "permissionDenied")


def quota_exceeded(issuer: str, what: str, resource_id: str) -> Refusal:
    words = f"Quota exceeded for issuer {issuer} when adding TEXT_AND_NOTIFY message to {what} {resource_id}."
    return backend(403, words, "quotaExceeded")


def unauthenticated() -> Refusal:
    words = "Request had invalid authentication credentials. Expected OAuth 2 access token."
    return front_end(401, words, "UNAUTHENTICATED")


def too_fast() -> Refusal:
    one = {"message": "Rate Limit Exceeded", "domain": "usageLimits", "reason": "rateLimitExceeded"}
    return Refusal(429, {"message": "Rate Limit Exceeded", "errors": [one], "status": "RESOURCE_EXHAUSTED"})
