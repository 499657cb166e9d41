"""Somebody's pass file, judged and drawn for people: what the page and the command of checking stand on."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime

from app.rendering.pass_picture import has_poster, pass_picture
from app.services.verifying import PassDrawing, PassFault, PassPapers, Verified, VerifiedPass
from app.wallets.apple.strings import BadStrings, read_strings
from app.wallets.apple.validate import Fault, Inspection, inspect
from app.wallets.apple.validate.certificates import CertificateFacts

MOST_DRAWINGS = 6
"""Of one file: a picture costs a fifth of a second, and a stranger chooses how many languages there are."""
_MOST_STRINGS = 2 << 20
_ENDING = ".lproj/pass.strings"


def verified(data: bytes, *, trusted: Collection[str] = frozenset(), now: datetime) -> Verified:
    """Judge and draw a `.pkpass` or `.pkpasses`; never raises for any input."""
    seen = inspect(data, trusted=trusted, now=now)
    if not seen.passes:
        return Verified((_pass("", seen, now, MOST_DRAWINGS),))
    share = max(1, MOST_DRAWINGS // len(seen.passes))
    inside = tuple(_pass(name, each, now, share) for name, each in seen.passes.items())
    own = [fault for fault in seen.faults if not _belongs(fault, seen.passes)]
    return Verified(inside, tuple(_fault(each) for each in own), bundle=True)


def _belongs(fault: Fault, passes: Mapping[str, Inspection]) -> bool:
    return any(fault.where.startswith(f"{name}: ") for name in passes)


def _pass(name: str, seen: Inspection, now: datetime, drawings: int) -> VerifiedPass:
    card = seen.card or {}
    title = card.get("organizationName")
    return VerifiedPass(
        name=name,
        title=title[:120] if isinstance(title, str) else "",
        faults=tuple(_fault(each) for each in seen.faults),
        papers=_papers(seen.certificate, now) if seen.certificate else None,
        drawings=tuple(_drawings(seen, drawings)) if seen.card is not None else (),
    )


def _drawings(seen: Inspection, most: int) -> Iterator[PassDrawing]:
    posters = (False, True) if seen.card is not None and has_poster(seen.card) else (False,)
    wanted = [(locale, poster) for locale in languages(seen) for poster in posters]
    for locale, poster in wanted[:most]:
        yield PassDrawing(locale, poster, drawn(seen, locale, poster=poster))


def languages(seen: Inspection) -> list[str]:
    """The languages of a pass; one that has none is drawn in English."""
    found = [name.removesuffix(_ENDING) for name in seen.members if name.endswith(_ENDING)]
    return sorted(name for name in found if "/" not in name and len(name) <= 20) or ["en"]


def drawn(seen: Inspection, locale: str, *, poster: bool = False) -> bytes:
    """The front of a pass as PNG in one of its languages; its own words where it lacks that language."""
    return pass_picture(seen.card or {}, seen.members, _strings(seen, locale), locale=locale, poster=poster)


def _strings(seen: Inspection, locale: str) -> Mapping[str, str]:
    for name in (locale, locale.split("-")[0]):
        data = seen.members.get(f"{name}{_ENDING}", b"")
        if data and len(data) <= _MOST_STRINGS:
            try:
                return dict(read_strings(data))
            except BadStrings:
                return {}
    return {}


def _fault(fault: Fault) -> PassFault:
    return PassFault(fault.severity, fault.code, fault.where, fault.message, fault.mend)


def _papers(facts: CertificateFacts, now: datetime) -> PassPapers:
    return PassPapers(
        pass_type=facts.pass_type_identifier,
        team=facts.team_identifier,
        organisation=facts.organisation,
        issuer=facts.issuer,
        nfc=facts.nfc,
        ends=facts.ends,
        days_left=facts.days_left(now),
        signed_at=facts.signed_at,
    )
