"""The words on the lock screen after a card changed.

Apple: a notice appears only when a field's value changed and that field carries a `changeMessage`; its `%@`
becomes the new value. Several such fields give one generic text. Google writes its own words, which an issuer
cannot choose; the ones here say the same in the same length, since Google publishes no fixed wording.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_time
from babel.numbers import format_currency, format_decimal, format_percent, format_scientific

from app.sandbox.bundle import Bundle

_Style = Literal["short", "medium", "long", "full"]
_STYLES: Mapping[str, _Style] = {
    "PKDateStyleShort": "short",
    "PKDateStyleMedium": "medium",
    "PKDateStyleLong": "long",
    "PKDateStyleFull": "full",
}
_GENERIC = {"en": "“{name}” was changed", "ru": "Карта «{name}» изменена"}
_GOOGLE_POINTS = {"en": "Your points balance was updated", "ru": "Баланс баллов обновлён"}
_GOOGLE_TIER = {"en": "Your membership level was updated", "ru": "Уровень участия обновлён"}
_GOOGLE_MESSAGE = {"en": "New message. Tap to view", "ru": "Новое сообщение. Нажмите, чтобы посмотреть"}


def apple_notice(old: Bundle, new: Bundle, locale: str) -> str | None:
    """What an iPhone set to `locale` shows when `new` replaces `old`; None where it stays silent."""
    before = {field["key"]: field.get("value") for field in old.fields()}
    changed = [
        field
        for field in new.fields()
        if field.get("changeMessage") and field["key"] in before and before[field["key"]] != field["value"]
    ]
    if not changed:
        return None
    if len(changed) > 1:
        return _localised(_GENERIC, locale).format(name=new.pass_["organizationName"])
    strings = new.strings(locale)
    message = strings.get(changed[0]["changeMessage"], changed[0]["changeMessage"])
    return str(message).replace("%@", shown_value(changed[0], strings, locale))


def google_notice(kind: str, locale: str) -> str:
    """Google's text for `points`, `tier` or `message`."""
    texts = {"points": _GOOGLE_POINTS, "tier": _GOOGLE_TIER}.get(kind, _GOOGLE_MESSAGE)
    return _localised(texts, locale)


def shown_value(field: Mapping[str, Any], strings: Mapping[str, str], locale: str) -> str:
    """A field's value as the phone writes it: translated, or formatted in the phone's language."""
    value = field["value"]
    if isinstance(value, str):
        return _date(field, value, locale) or strings.get(value, value)
    if code := field.get("currencyCode"):
        return format_currency(value, code, locale=_babel(locale))
    if field.get("numberStyle") == "PKNumberStylePercent":
        return format_percent(value, locale=_babel(locale))
    if field.get("numberStyle") == "PKNumberStyleScientific":
        return format_scientific(value, locale=_babel(locale))
    return format_decimal(value, locale=_babel(locale))


def _date(field: Mapping[str, Any], value: str, locale: str) -> str | None:
    if "dateStyle" not in field and "timeStyle" not in field:
        return None
    at, day, hour = datetime.fromisoformat(value), _style(field, "dateStyle"), _style(field, "timeStyle")
    if hour is None:
        return format_date(at, format=day or "medium", locale=_babel(locale))
    if day is None:
        return format_time(at, format=hour, locale=_babel(locale))
    return format_datetime(at, format=day, locale=_babel(locale))


def _style(field: Mapping[str, Any], name: str) -> _Style | None:
    return _STYLES.get(field.get(name, ""))


def _babel(locale: str) -> Locale:
    try:
        return Locale.parse(locale, sep="-" if "-" in locale else "_")
    except (ValueError, UnknownLocaleError):
        return Locale("en")


def _localised(texts: Mapping[str, str], locale: str) -> str:
    return texts["ru" if locale.lower().startswith("ru") else "en"]
