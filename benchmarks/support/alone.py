"""A worker in a process of its own, for `benchmarks.support.tills.worker_process`."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path

from app.services.worker import Bell, Worker, ring_after_commit
from app.storage.database import connect
from app.wallets.apple.certificates import CertificateStore
from benchmarks.support.workers import apple_wallet, worker_parts


def main() -> None:
    """Deliver until told to stop."""
    url, apns_url, ca, papers = sys.argv[1:]
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    database, bell = connect(url), Bell()
    ring_after_commit(database.write, bell)
    wallet = apple_wallet(database, apns_url, Path(ca), CertificateStore(Path(papers)))
    running = Worker(worker_parts(database, wallet), bell)
    running.start()
    print("ready", flush=True)
    stopping.wait()
    running.stop()


if __name__ == "__main__":
    main()
