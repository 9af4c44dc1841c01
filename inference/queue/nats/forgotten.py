"""Faces that have to go from the cache on the server, remembered until they have."""

from __future__ import annotations

from inference.queue.nats.results import Results

MAX_KEYS = 10_000


class Forgotten:
    """Keys that nobody here may be answered with. When there are too many to remember, that is every face there is."""

    def __init__(self, results: Results, max_keys: int = MAX_KEYS) -> None:
        self._results = results
        self._max_keys = max_keys
        self._keys: dict[str, None] = {}
        self._overflows = 0  # since everything was forgotten

    def add(self, key: str) -> None:
        """From now on."""
        if len(self._keys) >= self._max_keys:
            self._keys.clear()
            self._overflows += 1
        self._keys[key] = None

    def __contains__(self, key: str) -> bool:
        """Whether the server may still have the face."""
        return self._overflows > 0 or key in self._keys

    async def carry_out(self, key: str | None = None) -> None:
        """Tell the server, of one key or of all. Raise Unreachable or Refused, and all stays as it was."""
        if (overflows := self._overflows) > 0:
            await self._results.forget_everything()
            if self._overflows == overflows:
                self._overflows = 0
        for each in list(self._keys) if key is None else [key]:
            if each in self._keys:
                await self._results.forget(each)
                self._keys.pop(each, None)
