"""Checking anybody's pass: upload a .pkpass or .pkpasses, and read what a phone would refuse in silence.

The file lives as long as the request: nothing of it is stored or logged, and its picture travels inside the
answer. It comes from strangers, so size, pace and how many are looked at together are limited.
"""

from __future__ import annotations

import base64
import threading
from dataclasses import dataclass
from typing import Any

from babel import Locale, UnknownLocaleError
from flask import Blueprint, render_template, request
from werkzeug.exceptions import RequestEntityTooLarge

from app.audience import audience
from app.deps import deps
from app.i18n import LANGUAGES, chosen, language, use
from app.i18n import gettext as _
from app.services.verifying import PassDrawing, PassFault, Verified, VerifiedPass
from app.web.security import csrf, limiter

bp = Blueprint("verify", __name__)
MOST_BYTES = 20_000_000
_MOST_BODY_BYTES = MOST_BYTES + 100_000
_AT_ONCE = 2
_places = threading.BoundedSemaphore(_AT_ONCE)
GRAVITIES = ("error", "warning", "note")


@dataclass(frozen=True, slots=True)
class Said:
    """A fault in the page's language; `foreign` when only the original English words are there."""

    where: str
    code: str
    message: str
    mend: str
    foreign: bool
    original: str


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture of the pass with the name of its language."""

    title: str
    address: str
    poster: bool


@dataclass(frozen=True, slots=True)
class Report:
    """One pass as the page shows it; faults by gravity, the gravest first."""

    about: VerifiedPass
    groups: tuple[tuple[str, tuple[Said, ...]], ...]
    shots: tuple[Shot, ...]


@bp.get("/verify")
@audience("public")
def page() -> Any:
    """The form."""
    use(chosen(LANGUAGES))
    return _answer()


@bp.post("/verify")
@audience("public")
@limiter.limit("10 per minute; 100 per hour")
def check() -> Any:
    """The faults of an uploaded file, and its picture; nothing is kept."""
    use(chosen(LANGUAGES))
    request.max_content_length = _MOST_BODY_BYTES
    try:
        csrf.protect()
        file = request.files.get("pass")
        data = file.stream.read(MOST_BYTES + 1) if file and file.filename else b""
    except RequestEntityTooLarge:
        return _answer(
            error=_("The file is larger than 20 MB. Passes are small; look at its pictures."), status=413
        )
    if not data:
        return _answer(error=_("Choose a file that ends in .pkpass or .pkpasses."), status=422)
    if len(data) > MOST_BYTES:
        return _answer(
            error=_("The file is larger than 20 MB. Passes are small; look at its pictures."), status=413
        )
    return _judged(data, file.filename or "" if file else "")


csrf.exempt("app.web.verify.check")  # it asks for the token itself, once the body may be as large as a pass


def _judged(data: bytes, name: str) -> Any:
    verify = deps().verify_pass
    if verify is None or not _places.acquire(blocking=False):
        return _answer(error=_("Others are being checked just now. Try again in a moment."), status=503)
    try:
        found = verify(data)
    finally:
        _places.release()
    return _answer(found, name=name)


def _answer(found: Verified | None = None, *, name: str = "", error: str = "", status: int = 200) -> Any:
    reports = [_report(each) for each in found.passes] if found else []
    values = {"found": found, "reports": reports, "around": _groups(found.faults) if found else ()}
    shown = name.rsplit("/", 1)[-1].rsplit("\\", 1)[-1][:80]
    return render_template("verify.html", error=error, name=shown, languages=LANGUAGES, **values), status


def _report(seen: VerifiedPass) -> Report:
    mine_first = sorted(seen.drawings, key=lambda each: each.locale.split("-")[0] != language())
    return Report(seen, _groups(seen.faults), tuple(_shot(each) for each in mine_first))


def _groups(faults: tuple[PassFault, ...]) -> tuple[tuple[str, tuple[Said, ...]], ...]:
    parts = ((gravity, [each for each in faults if each.gravity == gravity]) for gravity in GRAVITIES)
    return tuple((gravity, tuple(_said(each) for each in part)) for gravity, part in parts if part)


def _said(fault: PassFault) -> Said:
    """In the page's language by the fault's code; the precise English words stay at hand."""
    original = f"{fault.message} {fault.mend}"
    if language() == "en":
        return Said(fault.where, fault.code, fault.message, fault.mend, False, "")
    key = f"fault:{fault.code}"
    if (told := _(key)) == key:
        return Said(fault.where, fault.code, fault.message, fault.mend, True, "")
    message, _bar, mend = told.partition(" | ")
    return Said(fault.where, fault.code, message, mend, False, original)


def _shot(drawing: PassDrawing) -> Shot:
    address = "data:image/png;base64," + base64.b64encode(drawing.png).decode()
    title = _language_name(drawing.locale)
    return Shot(
        _("%(language)s, poster", language=title) if drawing.poster else title, address, drawing.poster
    )


def _language_name(code: str) -> str:
    """As its own speakers write it; what is no language keeps its code."""
    try:
        name = Locale.parse(code.replace("_", "-"), sep="-").get_display_name()
    except (UnknownLocaleError, ValueError, TypeError):
        name = None
    return name[:1].upper() + name[1:] if name else code
