"""Metrics: how many requests were answered, with which status and in which time, as Prometheus reads them."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_BOUNDS = (0.05, 0.1, 0.3, 1.0, 3.0)  # seconds


class Metrics:
    """Counters since the server began.

    Example:
        >>> metrics = Metrics()
        >>> metrics.count(200, 0.2)
        >>> 'churn_requests_total{status="200"} 1.0' in metrics.text({"churn_lists": 3}).splitlines()
        True
    """

    def __init__(self) -> None:
        self._kept = CollectorRegistry()
        self._requests = Counter("churn_requests", "Answers by status.", ["status"], registry=self._kept)
        self._seconds = Histogram("churn_request_seconds", "Time of answers.", buckets=_BOUNDS, registry=self._kept)

    def count(self, status: int, seconds: float) -> None:
        """Count an answer."""
        self._requests.labels(status=status).inc()
        self._seconds.observe(seconds)

    def text(self, gauges: Mapping[str, float]) -> str:
        """The counters and some other numbers in Prometheus' text format."""
        now = CollectorRegistry()
        for name, value in gauges.items():
            Gauge(name, name, registry=now).set(value)
        return "".join(generate_latest(registry).decode() for registry in (self._kept, now))
