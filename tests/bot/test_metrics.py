"""What happened can be read back the way Prometheus reads it, and the documentation names all of it."""

import math
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from bot.emotes.breaker import BreakerState
from bot.metrics import Metrics
from bot.models import EmoteSource, Platform
from inference.queue.interface import QueueStats

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "metrics.md"


def read(metrics: Metrics) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    families = text_string_to_metric_families(metrics.render().decode())
    return {
        (sample.name.removeprefix("emoteface_"), frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def value(metrics: Metrics, name: str, **labels: str) -> float:
    return read(metrics)[name, frozenset(labels.items())]


def test_finished_requests_are_counted_by_platform_and_outcome_with_their_wait() -> None:
    metrics = Metrics()

    metrics.request_finished(Platform.WEB, "answered", wait_s=0.2)
    metrics.request_finished(Platform.WEB, "answered", wait_s=3)
    metrics.request_finished(Platform.DISCORD, "busy", wait_s=1)

    assert value(metrics, "requests_total", platform="web", outcome="answered") == 2
    assert value(metrics, "requests_total", platform="discord", outcome="busy") == 1
    assert value(metrics, "wait_seconds_bucket", platform="web", le="0.25") == 1
    assert value(metrics, "wait_seconds_sum", platform="web") == 3.2


def test_a_request_turned_away_at_once_counts_without_a_wait() -> None:
    metrics = Metrics()

    metrics.request_refused(Platform.CLI, "unknown_emote")

    assert value(metrics, "requests_total", platform="cli", outcome="unknown_emote") == 1
    assert ("wait_seconds_count", frozenset({("platform", "cli")})) not in read(metrics)


def test_drawing_is_counted_in_batches_seconds_and_cache_hits() -> None:
    metrics = Metrics()

    metrics.batch_drawn(jobs=3)
    metrics.face_drawn(inference_s=0.02)
    metrics.face_reused()
    metrics.child_restarted()
    metrics.delivery_retried(Platform.DISCORD)

    assert value(metrics, "batch_jobs_bucket", le="4.0") == 1
    assert value(metrics, "inference_seconds_sum") == 0.02
    assert value(metrics, "cache_hits_total") == 1
    assert value(metrics, "child_restarts_total") == 1
    assert value(metrics, "delivery_retries_total", platform="discord") == 1


def test_the_queue_and_the_gateway_are_read_at_the_moment_of_asking() -> None:
    metrics = Metrics()
    stats = [QueueStats(waiting=1, leased=2, outstanding_cost=30, cached=4, dead_letters=5, seconds_per_cost=0.1)]
    latency_s = [math.nan]
    metrics.watch_queue(lambda: stats[-1])
    metrics.watch_gateway(lambda: latency_s[-1])
    metrics.watch_backlog(lambda: 3, lambda: 15)

    assert value(metrics, "queue_waiting_jobs") == 1
    assert value(metrics, "queue_outstanding_cost") == 30
    assert (value(metrics, "backlog_requests"), value(metrics, "backlog_cost")) == (3, 15)
    assert math.isnan(value(metrics, "gateway_latency_seconds"))

    stats.append(QueueStats(waiting=9, leased=0, outstanding_cost=9, cached=0, dead_letters=0, seconds_per_cost=0.1))
    latency_s.append(0.04)

    assert value(metrics, "queue_waiting_jobs") == 9
    assert value(metrics, "queue_leased_jobs") == 0
    assert value(metrics, "gateway_latency_seconds") == 0.04


def test_two_bots_in_one_process_share_no_numbers() -> None:
    first, second = Metrics(), Metrics()

    first.face_reused()

    assert value(first, "cache_hits_total") == 1
    assert value(second, "cache_hits_total") == 0


def test_the_documentation_lists_exactly_the_metrics_there_are() -> None:
    metrics = Metrics()
    metrics.watch_queue(lambda: QueueStats(0, 0, 0, 0, 0, 0.0))
    metrics.watch_gateway(lambda: 0.0)
    metrics.watch_backlog(lambda: 0, lambda: 0)
    metrics.watch_twitch(lambda: 0, lambda: False)
    metrics.watch_emote_sources(lambda: {EmoteSource.BTTV: BreakerState.CLOSED})
    metrics.emote_source_asked(EmoteSource.BTTV, "read")
    text = metrics.render().decode()
    names = {
        family.name.removeprefix("emoteface_") + ("_total" if family.type == "counter" else "")
        for family in text_string_to_metric_families(text)
        if family.name.startswith("emoteface_") and not family.name.endswith("_created")
    }

    rows = [line.split("`")[1] for line in DOCUMENTATION.read_text().splitlines() if line.startswith("| `")]

    assert set(rows) == names
    assert len(rows) == len(names)
