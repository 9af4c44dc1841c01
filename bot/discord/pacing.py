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
    presence_every_s: float = 20.0  # how often what stands under the name may change
    first_response_s: float = 2.5  # tries to answer an interaction end then; Discord waits 3 s for the first response
    spread_s: float = 1.0  # after a rate limit or an outage, requests start within this time, not all at once
    request_timeout_s: float = 20.0  # one call to Discord, with the library's own retries
    channel_posts: int = 4  # in one channel within the time below; Discord takes five
    channel_posts_s: float = 5.0
    channel_statuses: int = 3  # status lines at a time in one channel: Discord takes five edits in 5 s, too
    removal_every_s: float = 10.0  # between two looks for answers that should go
    operator_every_s: float = 2.0  # between two looks for what operators decided; a broadcast goes at this pace
    mirror_every_s: float = 2.0  # between two looks for what other processes want mirrored
    mirror_catch_up_s: float = 600.0  # … and for what came and went unheard
    mirror_again_s: float = 10.0  # … and until what could not be posted or removed is tried again
    close_timeout_s: float = 3.0
    offline_limit_s: float = 90.0  # the library backs off for up to 17 minutes; a fresh login is sooner
    part_offline_limit_s: float = 900.0  # the same while other shards of this process work
    guilds_settle_s: float = 2.0  # after the last server that a new session told of, all are known
    identify_every_s: float = 5.0  # between two new sessions at the gateway
    retry_first_s: float = 1.0
    retry_max_s: float = 120.0
    refused_retry_s: float = 900.0  # a refused token does not get better by asking often

    def retry_s(self, failures: int, random: Random) -> float:
        """How long to wait after so many failures in a row (1 for the first): exponential, with jitter."""
        ceiling = min(self.retry_max_s, self.retry_first_s * 2.0 ** min(failures - 1, 30))
        return ceiling * random.uniform(0.5, 1.0)
