"""A worker's parts as the composition root makes them, with the push service wherever a benchmark has it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from app.services.images import Pictures
from app.services.ports import Wallet
from app.services.worker import Parts
from app.storage.database import Database
from app.wallets.apple.certificates import CertificateStore
from app.wallets.apple.observed import Observed
from app.wallets.apple.pictures import Shelf
from app.wallets.apple.pushing import Clients
from app.wallets.apple.tokens import PassTokens
from app.wallets.apple.wallet import AppleWallet

BASE_URL = "http://127.0.0.1:8000"


def now() -> datetime:
    """This moment."""
    return datetime.now(UTC)


def apple_wallet(database: Database, apns_url: str, ca: Path, papers: CertificateStore) -> AppleWallet:
    """Apple Wallet whose pushes go to `apns_url`."""
    return AppleWallet(
        base_url=BASE_URL,
        db=database.write,
        read=database.read,
        now=now,
        store=papers,
        tokens=PassTokens(bytes(32)),
        shelf=Shelf(Pictures(database.write, database.read, BASE_URL, now).png),
        clients=Clients(apns_url, ca, papers),
        observed=Observed(database.write, now),
    )


def worker_parts(database: Database, wallet: Wallet) -> Parts:
    """The loops of a worker that serves this wallet alone."""
    return Parts(
        db=database.write,
        read=database.read,
        engine=database.engine,
        wallets={wallet.name: wallet},
        now=now,
        apply_hooks=lambda: False,
        housekeeping=lambda: False,
    )
