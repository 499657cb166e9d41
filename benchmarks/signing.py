"""How close does a whole signed pass come to the bare RSA signature inside it?

Run: python -m benchmarks.signing [--rounds 25] [--passes 120]

Bare `key.sign` and whole passes alternate on one core, in CPU time, so that a busy machine slows both
alike. Every pass differs (serial, token, barcodes, points, words) and is built from its dictionary on:
JSON, strings, manifest, signature, ZIP.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any

import orjson
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from app.sandbox.certificates import DevelopmentAuthority
from app.wallets.apple import bundle
from app.wallets.apple.certificates import FILES
from app.wallets.apple.signing import Signer
from tests.support.apple_passes import card, members, openssl_accepts, pictures, strings

PASS_TYPE = "pass.example.bench"
RAW, PLAIN, CHECKED = "bare RSA signature", "pass", "pass, checked again"
TARGETS = {PLAIN: 0.75, CHECKED: 0.60}

Work = Callable[[int], Any]


def main() -> int:
    """Measure and print medians and ratios; 0 where the targets are met."""
    arguments = _arguments()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    now = datetime.now(UTC)
    with TemporaryDirectory() as folder:
        papers = DevelopmentAuthority(Path(folder), now=lambda: now).issue(PASS_TYPE, Path(folder))
        work = _work({name: (papers / f"{name}.pem").read_bytes() for name in FILES}, now)
        _require_true_pass(work[CHECKED](0), (papers / "wwdr.pem").read_bytes())
    return 0 if _report(_measure(work, arguments.rounds, arguments.passes)) else 1


def _arguments() -> argparse.Namespace:
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=plain)
    parser.add_argument("--rounds", type=int, default=25, help="alternations; the median ratio is told")
    parser.add_argument("--passes", type=int, default=120, help="passes a round")
    return parser.parse_args()


def _work(papers: dict[str, bytes], now: datetime) -> dict[str, Work]:
    signer = Signer(**papers)
    key = serialization.load_pem_private_key(papers["key"], password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    prepared = bundle.prepare(pictures())
    manifest, pkcs1, sha256 = bytes(900), padding.PKCS1v15(), hashes.SHA256()
    return {
        RAW: lambda number: key.sign(manifest, pkcs1, sha256),
        PLAIN: lambda number: bundle.assemble(prepared, _dynamic(number), signer, now),
        CHECKED: lambda number: bundle.build(prepared, _dynamic(number), signer, now),
    }


_TEMPLATE = card() | {"passTypeIdentifier": PASS_TYPE, "teamIdentifier": "TILLPASSDEV"}


def _dynamic(number: int) -> dict[str, bytes]:
    serial = f"{number:08}"
    codes = [{**code, "message": f"48{serial}", "altText": serial} for code in _TEMPLATE["barcodes"]]
    points = {**_TEMPLATE["storeCard"]["headerFields"][0], "value": number}
    face = _TEMPLATE | {"serialNumber": serial, "authenticationToken": f"token-of-{serial}-long-enough"}
    face |= {"barcodes": codes, "barcode": codes[0]}
    face |= {"storeCard": {**_TEMPLATE["storeCard"], "headerFields": [points]}}
    return {
        "pass.json": orjson.dumps(face),
        "en.lproj/pass.strings": strings(Points="Points", Website="Website", Name=f"Name {number}"),
        "ru.lproj/pass.strings": strings(Points="Баллы", Website="Сайт", Name=f"Имя {number}"),
    }


def _require_true_pass(data: bytes, wwdr: bytes) -> None:
    files = members(data)
    assert openssl_accepts(files["signature"], files["manifest.json"], wwdr), "OpenSSL refuses the pass"
    face = len(files["pass.json"])
    print(f"{len(data):,} bytes, {len(files)} members, pass.json {face:,}; OpenSSL verifies it")


def _measure(work: dict[str, Work], rounds: int, passes: int) -> dict[str, list[float]]:
    """CPU seconds for one piece of each kind of work, a figure a round."""
    costs: dict[str, list[float]] = {name: [] for name in work}
    for turn in range(rounds + 1):
        for name, once in work.items():
            began = time.process_time()
            for number in range(turn * passes, (turn + 1) * passes):
                once(number)
            costs[name].append((time.process_time() - began) / passes)
    return {name: each[1:] for name, each in costs.items()}  # the first round warms up


def _report(costs: dict[str, list[float]]) -> bool:
    met = True
    print(f"{'':22} {'per CPU s':>10} {'us':>7} {'ratio':>7} {'p25-p75':>13} {'target':>7}")
    for name, each in costs.items():
        ratios = [raw / cost for raw, cost in zip(costs[RAW], each, strict=True)]
        low, _, high = quantiles(ratios, n=4)
        met = met and median(ratios) >= TARGETS.get(name, 0)
        target = f">={TARGETS[name]:.2f}" if name in TARGETS else ""
        cost, spread = median(each), f"{low:.3f}-{high:.3f}"
        print(f"{name:22} {1 / cost:10,.0f} {cost * 1e6:7.0f} {median(ratios):7.3f} {spread:>13} {target:>7}")
    return met


if __name__ == "__main__":
    raise SystemExit(main())
