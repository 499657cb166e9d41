"""For whoever runs the service: alive, ready, and numbers."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, Response, current_app, jsonify
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.audience import audience
from app.deps import deps
from app.metrics import Metrics
from app.services.delivery import LANE_NAMES
from app.storage.tables import Delivery

bp = Blueprint("ops", __name__)


@bp.get("/healthz")
@audience("operator")
def alive() -> Response:
    """200 while this process answers at all; asks nobody else."""
    return jsonify(status="alive")


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
    """Prometheus text; queue depths are read at this moment."""
    numbers: Metrics = current_app.extensions["tillpass-metrics"]
    with deps().read() as session:
        measure_queues(session, numbers, deps().now())
    body, content_type = numbers.exposition()
    return Response(body, content_type=content_type)


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
