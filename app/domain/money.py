"""Money is whole minor units everywhere; only the last step before a screen makes a decimal of it."""

from __future__ import annotations

from decimal import Decimal

_NO_MINOR = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"
EXPONENTS = {**dict.fromkeys(_NO_MINOR.split(), 0), **dict.fromkeys(_THREE.split(), 3), "CLF": 4, "UYW": 4}
"""Digits behind the point by ISO 4217, where they are not two (last checked 2026-08)."""


def major(amount_minor: int, currency: str) -> Decimal:
    """Minor units as the currency's own: 1234 EUR are 12.34, 1234 JPY are 1234."""
    return Decimal(amount_minor).scaleb(-EXPONENTS.get(currency, 2))
