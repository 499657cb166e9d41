"""Certificates that were read once in this test process are not read for each test again."""

from functools import cache
from pathlib import Path

from app.wallets.apple.certificates import CertificateStore


@cache
def store_of(folder: Path) -> CertificateStore:
    """The store of a folder; it notices by itself when a file there changes."""
    return CertificateStore(folder)
