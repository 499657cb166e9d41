"""Money is whole minor units everywhere; only the last step before a screen makes a decimal of it."""

from __future__ import annotations

from decimal import Decimal

from app.domain.text import LocalText

_NO_MINOR = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"
EXPONENTS = {**dict.fromkeys(_NO_MINOR.split(), 0), **dict.fromkeys(_THREE.split(), 3), "CLF": 4, "UYW": 4}
"""Digits behind the point by ISO 4217, where they are not two (last checked 2026-08)."""


def major(amount_minor: int, currency: str) -> Decimal:
    """Minor units as the currency's own: 1234 EUR are 12.34, 1234 JPY are 1234."""
    return Decimal(amount_minor).scaleb(-EXPONENTS.get(currency, 2))


_SIGNS = {
    "EUR": "€",
    "USD": "$",
    "GBP": "£",
    "RUB": "₽",
    "JPY": "¥",
    "INR": "₹",
    "KZT": "₸",
    "UAH": "₴",
    "TRY": "₺",
    "GEL": "₾",
    "AMD": "֏",
    "ILS": "₪",
    "NGN": "₦",
    "VND": "₫",
}


def money_text(amount_minor: int, currency: str) -> LocalText:
    """`€1,240.50` and `1 240,50 €`; cents only where there are any."""
    digits = EXPONENTS.get(currency, 2) if amount_minor % 10 ** EXPONENTS.get(currency, 2) else 0
    figures = f"{major(amount_minor, currency):,.{digits}f}"
    sign = _SIGNS.get(currency, currency)
    before = sign if currency in _SIGNS else f"{sign}\u00a0"
    russian = figures.replace(",", "\u00a0").replace(".", ",")
    return {"en": f"{before}{figures}", "ru": f"{russian}\u00a0{sign}"}
