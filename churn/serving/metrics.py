"""Metrics: how many requests were answered, with which status and in which time, as Prometheus reads them."""

import threading
from dataclasses import dataclass, field

_BOUNDS = (0.05, 0.1, 0.3, 1.0, 3.0)  # seconds


@dataclass
class Metrics:
    """Counters since the server began.

    Example:
        >>> metrics = Metrics()
        >>> metrics.count(200, 0.2)
        >>> print(metrics.text({"churn_lists": 3}).splitlines()[1])
        churn_requests_total{status="200"} 1
    """

    _statuses: dict[int, int] = field(default_factory=dict)
    _within: list[int] = field(default_factory=lambda: [0] * len(_BOUNDS))
    _seconds: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, status: int, seconds: float) -> None:
        """Count an answer."""
        with self._lock:
            self._statuses[status] = self._statuses.get(status, 0) + 1
            self._seconds += seconds
            for place, bound in enumerate(_BOUNDS):
                self._within[place] += seconds <= bound

    def text(self, gauges: dict[str, float]) -> str:
        """The counters and some other numbers in Prometheus' text format."""
        with self._lock:
            total = sum(self._statuses.values())
            lines = ["# TYPE churn_requests_total counter"]
            lines += [f'churn_requests_total{{status="{status}"}} {n}' for status, n in sorted(self._statuses.items())]
            lines.append("# TYPE churn_request_seconds histogram")
            bounds = [*zip(_BOUNDS, self._within, strict=True), ("+Inf", total)]
            lines += [f'churn_request_seconds_bucket{{le="{bound}"}} {n}' for bound, n in bounds]
            lines += [f"churn_request_seconds_sum {self._seconds:.6f}", f"churn_request_seconds_count {total}"]
        for name, value in gauges.items():
            lines += [f"# TYPE {name} gauge", f"{name} {value:g}"]
        return "\n".join([*lines, ""])
