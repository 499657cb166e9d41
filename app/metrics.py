"""The numbers that tell an operator whether cards are true: queues, providers, requests, the database.

A value that the composition root makes and hands down, with a registry of its own: two apps in one test do
not share counters. With PROMETHEUS_MULTIPROC_DIR set (several gunicorn workers), the numbers of all processes
are added up.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)

_REQUEST_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_DELIVERY_BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30, 60, 300, 3600)


@dataclass(frozen=True, slots=True)
class Metrics:
    """Everything we measure. The comments say which labels `.labels()` takes, in their order.

    A wallet is `apple` or `google`; a lane is `till`, `status` or `bulk`; an outcome `delivered` or `failed`.
    """

    registry: CollectorRegistry
    request_seconds: Histogram  # method, route, status
    refusals: Counter  # where, reason: wrong keys, tokens, signatures
    hook_events: Counter  # source, outcome
    deliveries_due: Gauge  # wallet, lane
    oldest_due_seconds: Gauge  # wallet, lane
    deliveries_dead: Gauge  # wallet
    deliveries: Counter  # wallet, outcome
    webhooks: Counter  # outcome, of each try of an outbound webhook
    change_to_push_seconds: Histogram  # wallet, lane: until the vendor took it

    def exposition(self) -> tuple[bytes, str]:
        """The body and the content type of `/metrics`."""
        if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
            return generate_latest(self.registry), CONTENT_TYPE_LATEST
        together = CollectorRegistry()
        multiprocess.MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together), CONTENT_TYPE_LATEST


def new_metrics() -> Metrics:
    """All metrics at nought, in a registry of their own."""
    registry = CollectorRegistry()

    def counter(name: str, says: str, *labels: str) -> Counter:
        return Counter(f"tillpass_{name}", says, labels, registry=registry)

    def gauge(name: str, says: str, *labels: str) -> Gauge:
        return Gauge(f"tillpass_{name}", says, labels, registry=registry, multiprocess_mode="mostrecent")

    def histogram(name: str, says: str, buckets: Sequence[float], *labels: str) -> Histogram:
        return Histogram(f"tillpass_{name}", says, labels, registry=registry, buckets=buckets)

    took, sent = _REQUEST_BUCKETS_S, _DELIVERY_BUCKETS_S
    return Metrics(
        registry=registry,
        request_seconds=histogram("request_seconds", "Time to answer", took, "method", "route", "status"),
        refusals=counter("refusals_total", "Requests with wrong credentials", "where", "reason"),
        hook_events=counter(
            "hook_events_total", "Inbound events of CRM and till systems", "source", "outcome"
        ),
        deliveries_due=gauge("deliveries_due", "Cards that a phone shows old", "wallet", "lane"),
        oldest_due_seconds=gauge("oldest_due_seconds", "Age of the oldest of them", "wallet", "lane"),
        deliveries_dead=gauge("deliveries_dead", "Deliveries given up until the next change", "wallet"),
        deliveries=counter("deliveries_total", "Deliveries by how they ended", "wallet", "outcome"),
        webhooks=counter("webhooks_total", "Outbound webhooks by what came of each try", "outcome"),
        change_to_push_seconds=histogram(
            "change_to_push_seconds", "From change to push", sent, "wallet", "lane"
        ),
    )
