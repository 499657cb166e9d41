"""The switches of the page: one plain name for each way in which Apple or Google can fail a shop."""

from typing import Any

from app.sandbox.apns import ApnsServer
from app.sandbox.apns_faults import Faults as ApnsFaults
from app.sandbox.apns_rules import Answer
from app.sandbox.google_modes import Modes

SLOWEST_MS = 60_000
GOAWAY_AFTER = 2
_ALWAYS = {"throttle": Answer(429, "TooManyRequests"), "bad_token": Answer(400, "BadDeviceToken")}
_GOOGLE = {
    "quota": "quota_exhausted",
    "callback_outage": "callback_outage",
    "callback_duplicates": "callbacks_duplicated",
}


class StandingFaults(ApnsFaults):
    """APNs faults that last until they are switched off, beside those of the next requests."""

    always: Answer | None = None

    def answer(self, token: str) -> Answer | None:
        return super().answer(token) or self.always


class Faults:
    """Reads and turns the switches `{apns: {…}, google: {…}}`. `apns` must use `StandingFaults`."""

    def __init__(self, apns: ApnsServer, google: Modes) -> None:
        faults = StandingFaults()
        apns.faults = faults
        self._apns, self._google = faults, google

    def as_json(self) -> dict[str, dict[str, Any]]:
        apns, google = self._apns, self._google
        always = {name: apns.always == answer for name, answer in _ALWAYS.items()}
        rest = {"down": apns.outage, "goaway": apns.goaway_every > 0}
        theirs = {name: bool(getattr(google, mode)) for name, mode in _GOOGLE.items()}
        return {
            "apns": always | rest | {"latency_ms": round(apns.latency_s * 1000)},
            "google": theirs | {"down": google.error_rate >= 1, "latency_ms": round(google.latency_s * 1000)},
        }

    def change(self, wanted: dict[str, dict[str, Any]]) -> None:
        """Turn the switches that are named. Raises ValueError for an unknown one; then nothing changed."""
        known = self.as_json()
        for group, switches in wanted.items():
            for name, value in switches.items():
                _check(known.get(group, {}), name, value)
        for name, value in wanted.get("apns", {}).items():
            self._turn_apns(name, value)
        for name, value in wanted.get("google", {}).items():
            self._turn_google(name, value)

    def _turn_apns(self, name: str, value: Any) -> None:
        if name in _ALWAYS:
            kept = None if self._apns.always == _ALWAYS[name] else self._apns.always
            self._apns.always = _ALWAYS[name] if value else kept
        elif name == "down":
            self._apns.outage = value
        elif name == "goaway":
            self._apns.goaway_every = GOAWAY_AFTER if value else 0
        else:
            self._apns.latency_s = value / 1000

    def _turn_google(self, name: str, value: Any) -> None:
        if name == "down":
            self._google.change({"error_rate": 1.0 if value else 0.0})
        elif name == "latency_ms":
            self._google.change({"latency_s": value / 1000})
        else:
            self._google.change({_GOOGLE[name]: value})


def _check(known: dict[str, Any], name: str, value: Any) -> None:
    if name not in known or type(value) is not type(known[name]):
        raise ValueError(f"no such switch, or not a value for it: {name} = {value!r:.40}")
    if isinstance(value, int) and not 0 <= value <= SLOWEST_MS:
        raise ValueError(f"{name} goes from 0 to {SLOWEST_MS}")
