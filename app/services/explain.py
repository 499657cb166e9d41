"""Why does this phone not show it? One sentence for a person at the counter, and the facts behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.services.ports import DeviceNews, Wallet
from app.storage.tables import Card, Delivery

_SENTENCES: Mapping[str, tuple[str, str]] = {
    "nowhere": (
        "The card is not in a wallet yet: nobody has added it on a phone.",
        "Карты ещё нет в кошельке: её не добавили ни на один телефон.",
    ),
    "in-step": (
        "Every phone shows the current card (version {version}).",
        "На всех телефонах текущая карта (версия {version}).",
    ),
    "queued": (
        "Version {version} is waiting to be sent to {wallet}, for {age} so far.",
        "Версия {version} ждёт отправки в {wallet}, прошло {age}.",
    ),
    "retrying": (
        "{wallet} could not be told yet ({error}); next try in {wait}.",
        "{wallet} пока не принял изменение ({error}); следующая попытка через {wait}.",
    ),
    "given-up": (
        "We stopped trying to tell {wallet}: {error}. "
        "It starts again with the next change, or when you ask for it.",
        "Мы перестали отправлять в {wallet}: {error}. "
        "Отправка начнётся снова при следующем изменении или по вашей просьбе.",
    ),
    "not-asked": (
        "A push for version {version} left {age} ago, but the phone has not asked for news: "
        "it may be off or offline, or automatic updates are switched off for this card.",
        "Уведомление о версии {version} ушло {age} назад, но телефон за ней не обратился: "
        "он выключен, без сети, или для карты отключено автообновление.",
    ),
    "not-fetched": (
        "The phone was told of version {version} {age} ago, but has not fetched the card yet.",
        "Телефон узнал о версии {version} {age} назад, но карту ещё не скачал.",
    ),
}


def explain(
    session: Session, wallets: Mapping[str, Wallet], card: Card, now: datetime, locale: str = "en"
) -> dict[str, Any]:
    """`{sentence, code, version, queues, devices}` of one card; the sentence is about the worst of its
    phones.
    """
    queues = session.scalars(
        select(Delivery).where(Delivery.card_id == card.id).order_by(Delivery.wallet)
    ).all()
    devices = [news for wallet in wallets.values() for news in wallet.devices(card.id)]
    code, facts = _worst(card, queues, devices, now)
    words = _SENTENCES[code][1 if locale.startswith("ru") else 0]
    return {
        "code": code,
        "sentence": words.format(version=card.version, **_spoken(facts, locale)),
        "version": card.version,
        "queues": [_queue(row, card) for row in queues],
        "devices": [asdict(news) for news in devices],
    }


def _worst(
    card: Card, queues: Sequence[Delivery], devices: Sequence[DeviceNews], now: datetime
) -> tuple[str, dict[str, Any]]:
    for row in queues:
        name = {"apple": "Apple", "google": "Google", "samsung": "Samsung"}.get(row.wallet, row.wallet)
        if row.due_at is None and row.last_error and row.delivered_version < card.version:
            return "given-up", {"wallet": name, "error": row.last_error}
        if row.due_at is not None and row.last_error:
            return "retrying", {
                "wallet": name,
                "error": row.last_error,
                "wait": (row.due_at - now).total_seconds(),
            }
        if row.due_at is not None:
            return "queued", {"wallet": name, "age": (now - (row.queued_at or now)).total_seconds()}
    for news in devices:
        if news.wallet == "apple" and news.fetched_version < card.version:
            told = news.asked_version >= card.version
            since = (news.asked_at if told else news.pushed_at) or now
            return ("not-fetched" if told else "not-asked"), {"age": (now - since).total_seconds()}
    return ("in-step" if devices else "nowhere"), {}


def _queue(row: Delivery, card: Card) -> dict[str, Any]:
    state = (
        "queued"
        if row.due_at
        else "given-up"
        if row.delivered_version < card.version and row.last_error
        else "in-step"
    )
    return {
        "wallet": row.wallet,
        "state": state,
        "delivered_version": row.delivered_version,
        "due_at": row.due_at,
        "queued_at": row.queued_at,
        "delivered_at": row.delivered_at,
        "attempts": row.attempts,
        "last_error": row.last_error,
    }


def _spoken(facts: Mapping[str, Any], locale: str) -> dict[str, Any]:
    return {
        key: duration(value, locale) if isinstance(value, float) else value for key, value in facts.items()
    }


def duration(seconds: float, locale: str) -> str:
    """`0.2 s`, `3 min`, `2 h`, `5 days` in few letters."""
    units = {"en": ("s", "min", "h", "days"), "ru": ("с", "мин", "ч", "дн.")}[
        "ru" if locale.startswith("ru") else "en"
    ]
    seconds = max(0.0, seconds)
    if seconds < 10:
        return f"{seconds:.1f}\u00a0{units[0]}"
    for size, unit in ((60, units[0]), (3600, units[1]), (86_400, units[2])):
        if seconds < size:
            return f"{int(seconds * {units[0]: 1, units[1]: 1 / 60, units[2]: 1 / 3600}[unit])}\u00a0{unit}"
    return f"{int(seconds // 86_400)}\u00a0{units[3]}"
