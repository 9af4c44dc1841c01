"""Every waiting time of the Discord side in one place, so that tests can shorten it."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Pacing:
    """All in seconds. The defaults suit the real Discord.

    A server may keep sending 60 s retries away without ever finishing a login: with `retry_max_s` = 120 and the jitter
    below, a day has at most about 1,000 logins, which is where Discord resets a bot's token.
    """

    status_after_s: float = 3.0  # typing says enough until then
    status_every_s: float = 5.0  # between two edits of a status line
    request_timeout_s: float = 20.0  # one call to Discord, with the library's own retries
    close_timeout_s: float = 3.0
    offline_limit_s: float = 90.0  # the library backs off for up to 17 minutes; a fresh login is sooner
    retry_first_s: float = 1.0
    retry_max_s: float = 120.0
    refused_retry_s: float = 900.0  # a refused token does not get better by asking often

    def retry_s(self, failures: int, random: Random) -> float:
        """How long to wait after so many failures in a row (1 for the first): exponential, with jitter."""
        ceiling = min(self.retry_max_s, self.retry_first_s * 2.0 ** min(failures - 1, 30))
        return ceiling * random.uniform(0.5, 1.0)
