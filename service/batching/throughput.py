"""How fast the engine is, from the batches that ran."""

from __future__ import annotations

_MEMORY = 0.98
"""Weight of the past, a batch at a time; only estimates of waiting times rest on it."""


_ENOUGH_TOKENS = 1_000
"""What the first batches show is how long it takes to get warm: a canary that took seconds once had requests
refused by a service with nothing to do."""


class Throughput:
    """Tokens that were asked for over the seconds of all that ran, repairs included. It is no mean of each
    batch's rate: a single line is slow for its tokens and says little."""

    def __init__(self) -> None:
        self._tokens = 0.0
        self._seconds = 0.0
        self._seen = 0

    def add(self, tokens: int, seconds: float, *, at_once: int) -> None:
        """A batch that ran as one of so many at once."""
        self._seen += tokens
        self._tokens = _MEMORY * self._tokens + tokens
        self._seconds = _MEMORY * self._seconds + seconds / at_once

    def seconds_for(self, tokens: int) -> float:
        """0 as long as too few tokens have shown it."""
        return tokens * self._seconds / self._tokens if self._seen >= _ENOUGH_TOKENS else 0.0
