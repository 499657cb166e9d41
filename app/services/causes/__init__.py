"""The register of causes: everything that is known to keep a pass from opening or a phone from updating.

Whoever looks for trouble names it by a code from here and adds the facts; the words stand here once, for the
doctor, `/readyz` and the health page, and their Russian in translations/ru/health.po.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from app.services.causes import address, apple, apple_push, delivering, google, ground, samsung, systems
from app.services.causes.cause import SYMPTOMS, Cause, Level, Symptom
from app.services.explain import duration
from app.services.ports import Finding

__all__ = ["CAUSES", "SYMPTOMS", "Cause", "Symptom", "by_symptom", "fine", "found", "same", "words"]

CAUSES: Mapping[str, Cause] = {
    cause.code: cause
    for room in (ground, address, apple, apple_push, google, samsung, delivering, systems)
    for cause in room.CAUSES
}
_ORDER = {"broken": 0, "warning": 1, "ok": 2}


def found(code: str, *, level: Level | None = None, **facts: object) -> Finding:
    """The finding that this known cause is at work; raises KeyError for a code or a fact that is missing."""
    cause = CAUSES[code]
    spoken = _spoken(facts, "en")
    return Finding(level or cause.level, code, cause.message % spoken, cause.mend % spoken, facts)


def fine(code: str, **facts: object) -> Finding:
    """The finding that this was looked for, and all is well."""
    return Finding("ok", code, CAUSES[code].fine % _spoken(facts, "en"), facts=facts)


def words(finding: Finding, translate: Callable[[str], str], locale: str) -> tuple[str, str]:
    """Message and mend in a language; those of a finding that is not in the register stay English."""
    cause = CAUSES.get(finding.code)
    if cause is None:
        return finding.message, finding.mend
    spoken = _spoken(finding.facts, locale)
    try:
        if finding.level == "ok":
            return translate(cause.fine) % spoken, ""
        return translate(cause.message) % spoken, translate(cause.mend) % spoken if cause.mend else ""
    except KeyError:  # made elsewhere, by the same code and with no facts
        return finding.message, finding.mend


def by_symptom(findings: Iterable[Finding]) -> dict[Symptom, list[Finding]]:
    """The findings that are no `ok`, below the first thing that people see of them; gravest first."""
    groups: dict[Symptom, list[Finding]] = {symptom: [] for symptom in SYMPTOMS}
    for finding in sorted(findings, key=lambda each: _ORDER[each.level]):
        if finding.level != "ok":
            groups[symptoms_of(finding)[0]].append(finding)
    return {symptom: group for symptom, group in groups.items() if group}


def symptoms_of(finding: Finding) -> tuple[Symptom, ...]:
    """What people see of it."""
    cause = CAUSES.get(finding.code)
    return cause.symptoms if cause else ("good-to-know",)


def same(findings: Iterable[Finding]) -> list[Finding]:
    """Each finding once, in order: two rooms may look at the same thing."""
    seen: dict[tuple[str, str], Finding] = {}
    for finding in findings:
        seen.setdefault((finding.code, finding.message), finding)
    return list(seen.values())


def _spoken(facts: Mapping[str, object], locale: str) -> dict[str, object]:
    return {name: _said(name, value, locale) for name, value in facts.items()}


def _said(name: str, value: object, locale: str) -> object:
    if isinstance(value, datetime):
        return f"{value:%F}"
    if name.endswith("_s") and isinstance(value, int | float):
        return duration(float(value), locale)
    return value
