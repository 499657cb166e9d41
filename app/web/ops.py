"""For whoever runs the service: alive, ready, and numbers."""

from __future__ import annotations

import hmac
import re
import secrets
from datetime import datetime
from ipaddress import ip_address

from flask import Blueprint, Request, Response, current_app, jsonify, request
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.audience import audience
from app.deps import deps
from app.metrics import Metrics
from app.services.delivery import LANE_NAMES
from app.storage.tables import Delivery
from app.web.security import csrf

bp = Blueprint("ops", __name__)


NONCE = re.compile(r"[0-9a-zA-Z]{8,64}")
_NEVER_KEPT = {"Cache-Control": "private, no-cache"}
ROBOTS = """\
User-agent: Googlebot
User-agent: Googlebot-Image
User-agent: Google-Wallet
Allow: /media/
Allow: /google/callback
Disallow: /c/
Disallow: /l/
Disallow: /apple/
Disallow: /api/
Disallow: /staff
Disallow: /studio
Disallow: /till

User-agent: *
Disallow: /c/
Disallow: /l/
Disallow: /apple/
Disallow: /api/
Disallow: /staff
Disallow: /studio
Disallow: /till
"""
"""Google asks robots.txt before it fetches a picture or calls back; a card's page is its customer's alone."""


@bp.get("/healthz")
@audience("operator")
def alive() -> Response:
    """200 while this process answers at all; asks nobody else. A `nonce` is answered with our proof of it, so
    that the doctor knows who answers at the public address.
    """
    proof = _proof(request.args.get("nonce", ""))
    return jsonify(status="alive", **({"proof": proof} if proof else {}))


def _proof(nonce: str) -> str:
    health = deps().health
    return health.prove(nonce) if health and NONCE.fullmatch(nonce) else ""


@bp.route("/apple/v1/probe/<nonce>", methods=["GET", "HEAD", "POST", "DELETE"])
@audience("operator")
def probe(nonce: str) -> Response:
    """What has arrived of a call below Apple's web service, for the doctor that calls through the proxy."""
    answer = jsonify(
        proof=_proof(nonce),
        authorization=request.headers.get("Authorization", "") == f"ApplePass {nonce}",
        since="If-Modified-Since" in request.headers,
        forwarded="X-Forwarded-For" in request.headers or "Via" in request.headers,
        tick=secrets.token_hex(8),
    )
    answer.headers.update(_NEVER_KEPT)
    return answer


csrf.exempt("app.web.ops.probe")


@bp.get("/robots.txt")
@audience("public")
def robots() -> Response:
    """What search engines may see, and what Google's wallet must be able to fetch."""
    return Response(ROBOTS, content_type="text/plain; charset=utf-8")


@bp.get("/readyz")
@audience("operator")
def ready() -> tuple[Response, int]:
    """What is wrong, as a list; 503 when something is broken."""
    found = deps().findings()
    broken = any(finding.level == "broken" for finding in found)
    rows = [{"level": f.level, "code": f.code, "message": f.message, "mend": f.mend} for f in found]
    return jsonify(status="broken" if broken else "ready", findings=rows), 503 if broken else 200


@bp.get("/metrics")
@audience("operator")
def metrics() -> Response:
    """Prometheus text; queue depths are read at this moment. With TILLPASS_METRICS_TOKEN only for its bearer;
    without, for callers of this machine and of private networks.
    """
    if not _may_measure():
        return Response(status=401, headers={"WWW-Authenticate": "Bearer"})
    numbers: Metrics = current_app.extensions["tillpass-metrics"]
    with deps().read() as session:
        measure_queues(session, numbers, deps().now())
    body, content_type = numbers.exposition()
    return Response(body, content_type=content_type)


def _may_measure() -> bool:
    token = str(current_app.config.get("TILLPASS_METRICS_TOKEN") or "")
    if token:
        shown = request.headers.get("Authorization", "")
        return hmac.compare_digest(shown.encode(), f"Bearer {token}".encode())
    return deps().sandbox or _is_near(request)


def _is_near(call: Request) -> bool:
    """Whether the call comes from this machine or its own network and through no proxy that we do not know:
    such a proxy would make the whole world look near.
    """
    if not current_app.config.get("TILLPASS_TRUSTED_PROXIES") and "X-Forwarded-For" in call.headers:
        return False
    try:
        return not ip_address(call.remote_addr or "").is_global
    except ValueError:
        return True  # a Unix socket


def measure_queues(session: Session, numbers: Metrics, now: datetime) -> None:
    """Depth and age of each queue, and what was given up."""
    for wallet in deps().wallets:
        for lane in LANE_NAMES.values():
            numbers.deliveries_due.labels(wallet, lane).set(0)
            numbers.oldest_due_seconds.labels(wallet, lane).set(0)
        numbers.deliveries_dead.labels(wallet).set(0)
    due = (
        select(Delivery.wallet, Delivery.priority, func.count(), func.min(Delivery.queued_at))
        .where(Delivery.due_at.is_not(None))
        .group_by(Delivery.wallet, Delivery.priority)
    )
    for wallet, priority, count, oldest in session.execute(due):
        lane = LANE_NAMES.get(priority, "bulk")
        numbers.deliveries_due.labels(wallet, lane).set(count)
        age = (now - oldest).total_seconds() if oldest else 0
        numbers.oldest_due_seconds.labels(wallet, lane).set(age)
    dead = (
        select(Delivery.wallet, func.count())
        .where(Delivery.due_at.is_(None), Delivery.last_error != "")
        .group_by(Delivery.wallet)
    )
    for wallet, count in session.execute(dead):
        numbers.deliveries_dead.labels(wallet).set(count)
