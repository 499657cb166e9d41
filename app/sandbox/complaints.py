"""The lines an iPhone sends to a server's log, word for word as real devices were seen to write them.

Operators search the web for these sentences, so the phone on screen must say the same ones.
"""

from app.sandbox.world import Reply


def register_failed(reply: Reply, url: str, *, dli: str, pass_type: str, serial: str) -> str:
    about = f"for device {dli}, pass type {pass_type}, serial number {serial}"
    return f"Register task ({about}; with web service url {url}) {_error(reply)}"


def unregister_failed(reply: Reply, url: str, *, dli: str, pass_type: str, serial: str) -> str:
    about = f"for device {dli}, pass type {pass_type}, serial number {serial}"
    return f"Unregister task ({about}; with web service url {url}) {_error(reply)}"


def list_failed(reply: Reply, url: str, *, dli: str, pass_type: str, tag: str | None) -> str:
    about = f"for device {dli}, pass type {pass_type}, last updated ({tag or ''})"
    return f"Get serial #s task ({about}; with web service url {url}) {_error(reply)}"


def list_unreadable(url: str, *, pass_type: str) -> str:
    wanted = "lastUpdated as text and serialNumbers as an array of text"
    return f"Web service error for {pass_type} ({url}): Response to 'What changed?' request lacks {wanted}."


def tag_unmoved(url: str, *, pass_type: str, count: int, tag: str) -> str:
    return (
        f"Web service error for {pass_type} ({url}): Response to 'What changed?' request included {count} "
        f"serial numbers but the lastUpdated tag ({tag}) remained the same."
    )


def unregistered_serial(serial: str) -> str:
    return f"Update requested for unregistered serial number {serial}"


def fetch_failed(reply: Reply, url: str, *, pass_type: str, serial: str, since: str | None) -> str:
    return f"{_get_task(url, pass_type, serial, since)} {_error(reply)}"


def fetched_invalid(reason: str, url: str, *, pass_type: str, serial: str, since: str | None) -> str:
    task = _get_task(url, pass_type, serial, since)
    return f"{task} encountered error: Received invalid pass data ({reason})"


def header_ignored(url: str, *, pass_type: str, serial: str, since: str) -> str:
    return (
        f"{_get_task(url, pass_type, serial, since)} encountered error: Server ignored the "
        f"'if-modified-since' header ({since}) and returned the full unchanged pass data."
    )


def pass_unchanged(serial: str) -> str:
    return f"Server requested update to serial number '{serial}', but the pass was unchanged."


def sign_up_failed(reason: str, url: str, *, pass_type: str, serial: str) -> str:
    about = f"pass type {pass_type}, serial number {serial}; with web service url {url}"
    return f"Personalize task ({about}) encountered error: {reason}"


def sign_up_unanswered(reply: Reply, url: str, *, pass_type: str, serial: str) -> str:
    about = f"pass type {pass_type}, serial number {serial}; with web service url {url}"
    return f"Personalize task ({about}) {_error(reply)}"


def _get_task(url: str, pass_type: str, serial: str, since: str | None) -> str:
    about = f"pass type {pass_type}, serial number {serial}, if-modified-since ({since or ''})"
    return f"Get pass task ({about}; with web service url {url})"


def _error(reply: Reply) -> str:
    if reply.status == 401:
        return "encountered error: Authentication failure"
    if reply.status == 0:
        return "encountered error: The network connection was lost."
    return f"encountered error: Unexpected response code {reply.status}"
