"""Throttle: failed logins are counted, and after a few the next tries have to wait."""

import threading
import time

_TRIES, _WINDOW_SECONDS, _KNOWN = 5, 300.0, 10_000  # failed logins of a name or an address; names that are remembered


class Throttle:
    """Failed logins by name and by address; more than a few in five minutes have to wait.

    Example:
        >>> throttle = Throttle()
        >>> for _ in range(5): throttle.failed("ada")
        >>> throttle.waits("ada") > 0, throttle.waits("bob")
        (True, 0.0)
    """

    def __init__(self) -> None:
        self._failed: dict[str, list[float]] = {}
        self._lock = threading.Lock()

    def waits(self, *keys: str) -> float:
        """Seconds until another try is heard."""
        with self._lock:
            return max((self._wait(key, time.monotonic()) for key in keys), default=0.0)

    def failed(self, *keys: str) -> None:
        """Note a failed login."""
        with self._lock:
            for key in keys:
                while key not in self._failed and len(self._failed) >= _KNOWN:
                    del self._failed[next(iter(self._failed))]
                self._failed.setdefault(key, []).append(time.monotonic())

    def _wait(self, key: str, moment: float) -> float:
        recent = [when for when in self._failed.get(key, ()) if moment - when < _WINDOW_SECONDS]
        if not recent:
            self._failed.pop(key, None)
            return 0.0
        self._failed[key] = recent[-_TRIES:]
        return 0.0 if len(recent) < _TRIES else _WINDOW_SECONDS - (moment - recent[-_TRIES])
