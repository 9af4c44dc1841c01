"""What Prometheus can ask: one object with a method for everything that happens. `docs/metrics.md` lists the names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from bot.emotes.breaker import BreakerState
from bot.models import EmoteSource, Platform
from inference.queue.interface import QueueStats

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
WAIT_BUCKETS_S = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160)
INFERENCE_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
BATCH_BUCKETS = (1, 2, 4, 8, 16, 32)


class Metrics:
    """Counts into a registry of its own, so that tests and several bots in one process never share numbers.

    Labels take values of ours only (platforms, outcomes), never anything an asker wrote: their number stays bounded.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._requests = self._counter("requests", "Finished or refused requests.", "platform", "outcome")
        self._wait = self._histogram("wait_seconds", "From acceptance to the end.", WAIT_BUCKETS_S, "platform")
        self._batches = self._histogram("batch_jobs", "Jobs drawn together in one batch.", BATCH_BUCKETS)
        self._inference = self._histogram("inference_seconds", "The network's share of a face.", INFERENCE_BUCKETS_S)
        self._cache_hits = self._counter("cache_hits", "Faces answered from an earlier drawing.")
        self._restarts = self._counter("child_restarts", "Inference children started in place of a lost one.")
        self._source_requests = self._counter(
            "emote_source_requests", "Requests for catalogues of emotes.", "source", "outcome"
        )
        self._twitch = self._counter("twitch_events", "What came from Twitch.", "kind")
        self._retries = self._counter(
            "delivery_retries", "Answers a platform did not take at the first try.", "platform"
        )

    def request_finished(self, platform: Platform, outcome: str, wait_s: float) -> None:
        """An accepted request reached its final state: `outcome` is `answered`, `refused` or `cancelled`."""
        self._requests.labels(platform.value, outcome).inc()
        self._wait.labels(platform.value).observe(wait_s)

    def request_refused(self, platform: Platform, reason: str) -> None:
        """Turned away before it was accepted, so that there was no wait; `reason` is a `FaceError.code`."""
        self._requests.labels(platform.value, reason).inc()

    def batch_drawn(self, jobs: int) -> None:
        """The generator finished a batch."""
        self._batches.observe(jobs)

    def face_drawn(self, inference_s: float) -> None:
        """A new face came back; `inference_s` as its result tells."""
        self._inference.observe(inference_s)

    def face_reused(self) -> None:
        """A face was answered from the cache."""
        self._cache_hits.inc()

    def child_restarted(self) -> None:
        """The inference child was lost and started again."""
        self._restarts.inc()

    def delivery_retried(self, platform: Platform) -> None:
        """An answer has to be posted once more."""
        self._retries.labels(platform.value).inc()

    def emote_source_asked(self, source: EmoteSource, outcome: str) -> None:
        """A catalogue was asked for: `read`, `unchanged`, `absent`, `failed`, or `spared` by an open breaker."""
        self._source_requests.labels(source.value, outcome).inc()

    def watch_emote_sources(self, states: Callable[[], Mapping[EmoteSource, BreakerState]]) -> None:
        """Read the breakers of the sources whenever somebody asks for the metrics. Call once."""
        up = Gauge("emoteface_emote_source_up", "Whether the source is asked.", ["source"], registry=self._registry)
        for source in states():
            up.labels(source.value).set_function(partial(_is_asked, states, source))

    def watch_queue(self, stats: Callable[[], QueueStats]) -> None:
        """Read the queue's figures whenever somebody asks for the metrics. Call once."""
        self._gauge("queue_waiting_jobs", "Jobs waiting.", lambda: stats().waiting)
        self._gauge("queue_leased_jobs", "Jobs a worker has taken.", lambda: stats().leased)
        self._gauge("queue_outstanding_cost", "Cost of the jobs waiting and taken.", lambda: stats().outstanding_cost)
        self._gauge("queue_cached_results", "Results kept for the same face again.", lambda: stats().cached)
        self._gauge("queue_dead_letters", "Jobs kept because they broke the generator.", lambda: stats().dead_letters)

    def watch_backlog(self, requests: Callable[[], int], cost: Callable[[], int]) -> None:
        """Read what waits for a place in the queue. Call once."""
        self._gauge("backlog_requests", "Requests waiting for a place in the queue.", requests)
        self._gauge("backlog_cost", "Cost of the requests waiting for a place in the queue.", cost)

    def twitch_happened(self, what: str) -> None:
        """Something came from Twitch's EventSub (a kind of event, `repeated`, `unreadable`, `overflow`), or the
        connection was `connected` or `lost`."""
        self._twitch.labels(what).inc()

    def watch_twitch(self, channels: Callable[[], int], is_up: Callable[[], bool]) -> None:
        """Read how many channels are served, and whether they are heard. Call once."""
        self._gauge("twitch_channels", "Twitch channels that are served.", channels)
        self._gauge("twitch_up", "Whether Twitch's events arrive.", lambda: float(is_up()))

    def watch_gateway(self, latency_s: Callable[[], float]) -> None:
        """Read the Discord gateway's heartbeat latency (NaN while not connected). Call once."""
        self._gauge("gateway_latency_seconds", "Heartbeat round trip of the Discord gateway.", latency_s)

    def render(self) -> bytes:
        """The text exposition of everything, of type `CONTENT_TYPE`."""
        return generate_latest(self._registry)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"emoteface_{name}", meaning, labels, registry=self._registry)

    def _histogram(self, name: str, meaning: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"emoteface_{name}", meaning, labels, registry=self._registry, buckets=buckets)

    def _gauge(self, name: str, meaning: str, read: Callable[[], float]) -> None:
        Gauge(f"emoteface_{name}", meaning, registry=self._registry).set_function(read)


def _is_asked(states: Callable[[], Mapping[EmoteSource, BreakerState]], source: EmoteSource) -> float:
    return float(states()[source] is not BreakerState.OPEN)
