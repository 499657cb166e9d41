"""What a stamp card says, in English and Russian."""

from __future__ import annotations

from app.domain.text import LocalText, count_text, in_locale

STAMPS = (("stamp", "stamps"), ("штамп", "штампа", "штампов"))


def short(to_go: int, ready: bool) -> LocalText:
    """A few words for the front of the card, where a wallet cuts long ones."""
    if ready:
        return {"en": "waiting for you", "ru": "ждёт вас"}
    words = count_text(to_go, *STAMPS)
    return {"en": f"{words['en']} to go", "ru": f"ещё {words['ru']}"}


def way(to_go: int, ready: LocalText | None, coming: LocalText) -> LocalText:
    """What waits, or else how far it is to what comes next."""
    if ready is not None:
        return {
            "en": f"{in_locale(ready, 'en')} is waiting for you",
            "ru": f"Вас ждёт: {in_locale(ready, 'ru')}",
        }
    words = count_text(to_go, *STAMPS)
    return {
        "en": f"{words['en']} to go: {in_locale(coming, 'en')}",
        "ru": f"Ещё {words['ru']}: {in_locale(coming, 'ru')}",
    }


def not_given(stamps: int, cap: int) -> LocalText:
    """What the day's limit kept back."""
    words = count_text(stamps, *STAMPS)
    return {
        "en": f"Not given: {words['en']} (a day gives {cap} at most)",
        "ru": f"Не начислено: {words['ru']} (за день не больше {cap})",
    }
