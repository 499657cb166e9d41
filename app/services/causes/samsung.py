"""Causes between us and Samsung Wallet."""

from __future__ import annotations

from app.services.causes.cause import Cause, Symptom

_SAMSUNG: tuple[Symptom, ...] = ("not-on-android", "does-not-update")

CAUSES = (
    Cause(
        "samsung-keys",
        _SAMSUNG,
        "Samsung Wallet's keys cannot be used: %(said)s.",
        "Take the private key of the request and Samsung's certificate from the partner portal.",
        fine="Samsung Wallet has its keys.",
    ),
    Cause(
        "samsung-certificate-ended",
        _SAMSUNG,
        "Samsung's certificate ended on %(day)s.",
        "Download it anew in the partner portal and set TILLPASS_SAMSUNG_PUBLIC_KEYS.",
    ),
    Cause(
        "samsung-certificate-ends",
        _SAMSUNG,
        "Samsung's certificate ends on %(day)s.",
        "Download it anew in the partner portal and set TILLPASS_SAMSUNG_PUBLIC_KEYS.",
        "warning",
    ),
)
