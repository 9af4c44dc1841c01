import io
from collections.abc import Iterable, Iterator, MutableMapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
import structlog
import structlog.testing
from PIL import Image

from config.settings import load_settings
from inference import pipeline as pipeline_module
from inference import served
from inference.export import Exported
from inference.feeds import Feed, Floats
from inference.morph import FRAMES
from inference.pipeline import LARGEST_CALL, FacePipeline
from inference.preprocess import to_tensor
from inference.protocol import AUTO, FaceFailure, FaceJob, FaceOutcome, FaceResult, FailureCode, Format, Layout, Style
from inference.runtimes import Generator
from inference.weights import shipped, shipped_styles
from tests.inference.drawing import BLUE, GREEN, NOW, RED, disc, enlarge, job, picture_of
from tests.inference.films import film_of, rolling_ball
from tests.inference.films import opened as played
from tests.inference.portrait import portrait

Events = list[MutableMapping[str, Any]]
CURSED = picture_of(Image.new("RGBA", (8, 8), (255, 0, 255, 255)))


@pytest.fixture(autouse=True)
def events() -> Iterator[Events]:
    with structlog.testing.capture_logs() as captured:
        yield captured


class Recorder:
    """Enlarges, remembers what it was asked, and raises when a picture's first pixel is magenta."""

    def __init__(self) -> None:
        self.calls: list[int] = []
        self.feeds: list[Feed] = []

    @property
    def seen(self) -> list[Floats]:
        return [feed["image"] for feed in self.feeds]

    def __call__(self, feed: Feed, /) -> Floats:
        self.calls.append(len(feed["image"]))
        self.feeds.append(feed)
        if any(np.allclose(image[:, 0, 0], (1, -1, 1)) for image in feed["image"]):
            raise RuntimeError("a cursed picture")
        return enlarge(feed)


class Clock:
    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> float:
        return self.at


generator: Generator


def current_generator() -> Generator:
    return generator


def pipeline_of(made: Generator, clock: Clock | None = None) -> FacePipeline:
    """A pipeline on this generator, loaded the way the settings would have it."""
    global generator
    generator = made
    settings = load_settings().inference.model_copy(update={"runtime": f"{__name__}:current_generator"})
    return FacePipeline(settings, now=clock or Clock())


def opened(outcome: FaceOutcome) -> Image.Image:
    assert isinstance(outcome, FaceResult)
    return Image.open(io.BytesIO(outcome.picture))


def failures(outcomes: Iterable[FaceOutcome]) -> list[FailureCode | None]:
    return [outcome.code if isinstance(outcome, FaceFailure) else None for outcome in outcomes]


def test_a_job_becomes_a_picture_of_its_face() -> None:
    asked = job([picture_of(Image.new("RGBA", (40, 40), RED))], layout=Layout.FACE)
    [outcome] = pipeline_of(Recorder()).draw([asked])
    assert isinstance(outcome, FaceResult)
    assert outcome.key == asked.key
    assert (outcome.width_px, outcome.height_px) == (512, 512)
    assert outcome.inference_ms > 0
    assert np.abs(np.asarray(opened(outcome).convert("RGB").reduce(8)).astype(int) - RED[:3]).max() < 8


def test_outcomes_come_in_the_order_of_the_jobs() -> None:
    jobs = [job([disc(colour)], iterations=rounds) for colour, rounds in ((RED, 3), (GREEN, 1), (BLUE, 2))]
    assert [outcome.key for outcome in pipeline_of(Recorder()).draw(jobs)] == [each.key for each in jobs]


def test_all_pictures_of_a_batch_share_one_call_a_round() -> None:
    recorder = Recorder()
    jobs = [job([disc(), disc(GREEN)], iterations=1), job(iterations=3), job([disc(BLUE)], iterations=2)]
    outcomes = pipeline_of(recorder).draw(jobs)
    assert failures(outcomes) == [None, None, None]
    assert recorder.calls == [4, 2, 1]


def test_every_round_is_fed_what_the_one_before_drew() -> None:
    recorder = Recorder()
    pipeline_of(recorder).draw([job(iterations=3)])
    details = [float(np.abs(np.diff(images)).mean()) for images in recorder.seen]
    assert details == sorted(details, reverse=True)  # enlarging and halving again blurs
    assert details[2] < details[0]


class Rounds:
    """Draws noise, but a face of picture `at` in the round that `faces[at]` says, the first being 1."""

    def __init__(self, *faces: int) -> None:
        self.faces = faces
        self.done = 0

    def __call__(self, feed: Feed, /) -> Floats:
        self.done += 1
        noise = np.random.default_rng(self.done).uniform(-1, 1, (len(feed["image"]), 3, 128, 128))
        face = to_tensor(np.asarray(portrait())[np.newaxis])[0]
        drawn = [face if self.done == round_ else other for other, round_ in zip(noise, self.faces, strict=True)]
        return np.stack(drawn).astype(np.float32)


def like_the_portrait(tile: Image.Image) -> bool:
    small = np.asarray(tile.convert("RGB").resize((128, 128), Image.Resampling.BOX)).astype(int)
    return bool(np.abs(small - np.asarray(portrait()))[16:-16, 16:-16].mean() < 12)


def test_auto_shows_of_every_picture_the_round_most_like_a_face() -> None:
    generator = Rounds(3, 8)
    [outcome] = pipeline_of(generator).draw([job([disc(), disc(GREEN)], iterations=AUTO, layout=Layout.FACE)])
    sheet = opened(outcome)
    assert generator.done == 10
    assert like_the_portrait(sheet.crop((0, 0, sheet.height, sheet.height)))
    assert like_the_portrait(sheet.crop((sheet.width - sheet.height, 0, sheet.width, sheet.height)))


def test_a_fixed_number_of_rounds_shows_the_last_one() -> None:
    pictures = [opened(pipeline_of(Rounds(3)).draw([job(iterations=n, layout=Layout.FACE)])[0]) for n in (3, 4)]
    assert [like_the_portrait(picture) for picture in pictures] == [True, False]


def test_a_strip_of_auto_shows_every_round_and_the_chosen_one_again_at_the_end() -> None:
    [outcome] = pipeline_of(Rounds(6)).draw([job(iterations=AUTO, layout=Layout.STRIP)])
    strip = opened(outcome)
    tile_px = round(strip.width / (4 + 3 / 16))
    step_px = round(tile_px * 17 / 16)
    corners = [(at % 4 * step_px, at // 4 * step_px) for at in range(13)]  # emote, what is seen, ten rounds, the answer
    tiles = [strip.crop((x, y, x + tile_px, y + tile_px)) for x, y in corners]
    assert [at for at, tile in enumerate(tiles) if like_the_portrait(tile)] == [7, 12]


def test_all_frames_of_an_animation_are_of_one_round() -> None:
    film = rolling_ball((100, 100, 100))
    [outcome] = pipeline_of(Rounds(4, 9, 4)).draw([job([film], iterations=AUTO, layout=Layout.FACE)])
    assert isinstance(outcome, FaceResult)
    assert [like_the_portrait(frame) for frame in played(outcome.picture).frames] == [True, False, True]


def test_a_job_gets_the_same_face_alone_and_among_others() -> None:
    asked = job(iterations=2, layout=Layout.STRIP)
    pipeline = pipeline_of(Recorder())
    [alone] = pipeline.draw([asked])
    among = pipeline.draw([job([disc(BLUE)]), asked, job([disc(GREEN)] * 3)])[1]
    assert isinstance(alone, FaceResult)
    assert isinstance(among, FaceResult)
    assert alone.picture == among.picture


def test_a_large_batch_is_cut_into_calls_of_bounded_size() -> None:
    recorder = Recorder()
    outcomes = pipeline_of(recorder).draw([job([disc()] * 9, seed=seed) for seed in range(4)])
    assert failures(outcomes) == [None] * 4
    assert recorder.calls == [LARGEST_CALL, 36 - LARGEST_CALL]


def test_a_job_that_makes_the_network_raise_fails_alone(events: Events) -> None:
    recorder = Recorder()
    jobs = [job([disc(GREEN)]), job([CURSED]), job([disc(BLUE)], iterations=2)]
    outcomes = pipeline_of(recorder).draw(jobs)
    assert failures(outcomes) == [None, FailureCode.GENERATOR_FAILED, None]
    assert recorder.calls == [3, 1, 1, 1, 1]  # together, then one by one
    assert [(event["event"], event["keys"]) for event in events] == [
        ("batch_failed", [each.key for each in jobs]),
        ("batch_failed", [jobs[1].key]),
    ]


def broken_shape(feed: Feed, /) -> Floats:
    return enlarge(feed)[:, :, :64]


def not_finite(feed: Feed, /) -> Floats:
    return enlarge(feed) * np.float32(np.nan)


@pytest.mark.parametrize("broken", [broken_shape, not_finite])
def test_a_network_that_breaks_its_contract_makes_no_picture(broken: Generator) -> None:
    assert failures(pipeline_of(broken).draw([job()])) == [FailureCode.GENERATOR_FAILED]


def test_a_job_past_its_deadline_never_reaches_the_network() -> None:
    recorder = Recorder()
    outcomes = pipeline_of(recorder).draw([job(deadline_at=NOW), job([disc(GREEN)])])
    assert failures(outcomes) == [FailureCode.DEADLINE_EXCEEDED, None]
    assert recorder.calls == [1]


def test_a_job_whose_deadline_passes_between_rounds_stops_there() -> None:
    clock = Clock()

    def slow(feed: Feed, /) -> Floats:
        clock.at += 10
        return enlarge(feed)

    outcomes = pipeline_of(slow, clock).draw([job(iterations=9, deadline_at=NOW + 25), job([disc(BLUE)])])
    assert failures(outcomes) == [FailureCode.DEADLINE_EXCEEDED, None]
    assert clock.at == NOW + 30


def test_a_finished_face_is_not_thrown_away_for_a_deadline() -> None:
    clock = Clock()

    def slow(feed: Feed, /) -> Floats:
        clock.at += 10
        return enlarge(feed)

    assert failures(pipeline_of(slow, clock).draw([job(deadline_at=NOW + 5)])) == [None]


def test_a_picture_that_cannot_be_made_small_enough_is_a_typed_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline_module, "MAX_RESULT_BYTES", 1100)
    assert failures(pipeline_of(Recorder()).draw([job()])) == [FailureCode.RESULT_TOO_LARGE]


@pytest.mark.parametrize("step", ["framed_film", "rendered"])
def test_an_error_outside_the_network_fails_one_job_too(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    working = getattr(pipeline_module, step)
    calls = iter([True, False])

    def fail_once(*arguments: Any, **named: Any) -> Any:
        if next(calls):
            raise MemoryError
        return working(*arguments, **named)

    monkeypatch.setattr(pipeline_module, step, fail_once)
    outcomes = pipeline_of(Recorder()).draw([job(), job([disc(BLUE)])])
    assert failures(outcomes) == [FailureCode.GENERATOR_FAILED, None]


def test_the_largest_job_there_is_fits_into_a_result() -> None:
    rng = np.random.default_rng(5)
    wild = [picture_of(Image.fromarray(rng.integers(0, 256, (128, 128, 4), dtype=np.uint8))) for _ in range(9)]
    [outcome] = pipeline_of(Recorder()).draw([job(wild, iterations=10, layout=Layout.STRIP)])
    assert isinstance(outcome, FaceResult)
    assert outcome.to_bytes()


def test_warming_up_runs_single_pictures_first_and_then_the_other_batch_sizes_that_matter() -> None:
    recorder = Recorder()
    pipeline = pipeline_of(recorder)
    warm_ups = pipeline.warm_ups()
    for _ in range(pipeline.network_count):
        next(warm_ups)
    assert recorder.calls == [1] * pipeline.network_count
    assert len(list(warm_ups)) == 3 * pipeline.network_count
    assert set(recorder.calls) == {1, 2, 4, 8}


def test_no_jobs_are_no_outcomes() -> None:
    assert pipeline_of(Recorder()).draw([]) == []


def test_the_model_ids_name_what_is_loaded() -> None:
    assert pipeline_of(Recorder()).model_ids == dict.fromkeys(Style, f"{__name__}:current_generator")


def test_an_outcome_bears_the_key_of_its_job() -> None:
    cursed: FaceJob = job([CURSED])
    [outcome] = pipeline_of(Recorder()).draw([cursed])
    assert outcome == FaceFailure(cursed.key, FailureCode.GENERATOR_FAILED)


def test_an_animated_emote_gets_an_animated_face_of_the_same_rhythm() -> None:
    recorder = Recorder()
    lasting = [40, 70, 100, 250, 60]
    for layout in (Layout.FACE, Layout.PAIR, Layout.STRIP, Layout.GRID):
        [outcome] = pipeline_of(recorder).draw([job([rolling_ball(lasting)], layout=layout)])
        assert isinstance(outcome, FaceResult)
        playing = played(outcome.picture)
        assert list(playing.durations_ms) == lasting
        assert playing.frames[0].size == (outcome.width_px, outcome.height_px)
    assert recorder.calls == [5] * 4


def test_a_still_face_beside_an_animated_one_stands_still() -> None:
    grey = picture_of(Image.new("RGBA", (40, 40), (90, 90, 90, 255)))
    [outcome] = pipeline_of(Recorder()).draw([job([grey, rolling_ball([50] * 4)], layout=Layout.FACE)])
    assert isinstance(outcome, FaceResult)
    frames = [np.asarray(frame).astype(int) for frame in played(outcome.picture).frames]
    assert len(frames) == 4
    middle = frames[0].shape[1] // 2
    for frame in frames[1:]:
        assert np.abs(frame - frames[0])[20:-20, 20 : middle - 40].mean() < 2
        assert np.abs(frame - frames[0])[:, middle:].mean() > 2


def test_an_answer_is_a_gif_where_asked() -> None:
    for layout in (Layout.PAIR, Layout.MORPH):
        [outcome] = pipeline_of(Recorder()).draw([job([rolling_ball([50] * 4)], layout=layout, form=Format.GIF)])
        picture = opened(outcome)
        assert picture.format == "GIF"
        assert getattr(picture, "n_frames", 1) >= 4


def test_an_animated_pair_moves_the_emote_beside_a_face_with_one_grain() -> None:
    flat = [Image.new("RGBA", (16, 16), (120, 60 * (at % 2), 120, 255)) for at in range(2)]
    [outcome] = pipeline_of(Recorder()).draw([job([film_of(flat, [500, 500])], layout=Layout.PAIR)])
    assert isinstance(outcome, FaceResult)
    first, second = (np.asarray(frame.convert("RGB")).astype(int) for frame in played(outcome.picture).frames)
    face_px = first.shape[0]
    assert np.abs(first - second)[:, :face_px].mean() > 10
    changed = (first - second)[:, -face_px:][32:-32, 32:-32]
    assert changed.std(axis=(0, 1)).max() < 2  # the grain itself has 3


@pytest.mark.parametrize("iterations", [1, 3])
def test_a_morph_draws_the_first_frame_only_and_moves_all_the_same(iterations: int) -> None:
    recorder = Recorder()
    pictures = [rolling_ball([50] * 30), disc(GREEN)]
    [outcome] = pipeline_of(recorder).draw([job(pictures, layout=Layout.MORPH, iterations=iterations)])
    assert isinstance(outcome, FaceResult)
    assert recorder.calls == [2] * iterations
    assert 10 <= len(played(outcome.picture).frames) <= FRAMES


def test_a_seed_is_the_same_in_every_frame() -> None:
    recorder = Recorder()
    flat = [Image.new("RGBA", (16, 16), (120 + at, 120, 120, 255)) for at in range(4)]
    for seed in (None, 7):
        pipeline_of(recorder).draw([job([film_of(flat, [500] * 4)], seed=seed)])
    plain, seeded = recorder.seen
    noise = seeded - plain
    assert np.abs(noise - noise[:1]).max() < 1e-5
    assert np.abs(noise).max() > 0.1


def test_the_longest_animations_fit_into_a_result_in_bounded_calls() -> None:
    rng = np.random.default_rng(5)
    frames = rng.integers(0, 256, (60, 48, 48, 4), dtype=np.uint8)
    wild = film_of([Image.fromarray(frame) for frame in frames], [30] * 60)
    recorder = Recorder()
    [outcome] = pipeline_of(recorder).draw([job([wild, wild], layout=Layout.PAIR)])
    assert isinstance(outcome, FaceResult)
    assert outcome.to_bytes()
    assert max(recorder.calls) <= LARGEST_CALL
    assert sum(played(outcome.picture).durations_ms) == 60 * 30


def test_real_and_cursed_are_one_network_and_go_through_it_together() -> None:
    recorder = Recorder()
    jobs = [job(style=Style.REAL), job([disc(GREEN)]), job([disc(BLUE)], style=Style.CURSED, iterations=2)]
    assert failures(pipeline_of(recorder).draw(jobs)) == [None, None, None]
    assert [(set(feed), len(feed["image"])) for feed in recorder.feeds] == [
        ({"image", "cutoff", "latent", "grain"}, 2),
        ({"image", "cutoff", "latent", "grain"}, 1),
        ({"image"}, 1),
    ]
    assert recorder.feeds[0]["cutoff"][0] < recorder.feeds[0]["cutoff"][1] == recorder.feeds[1]["cutoff"][0]


@pytest.mark.parametrize("style", [Style.REAL, Style.CURSED])
def test_a_round_of_the_dial_keeps_its_noise(style: Style) -> None:
    recorder = Recorder()
    pipeline_of(recorder).draw([job(style=style, iterations=3)])
    for name in ("cutoff", "latent", "grain"):
        assert all(np.array_equal(feed[name], recorder.feeds[0][name]) for feed in recorder.feeds)
    details = [float(np.abs(np.diff(images)).mean()) for images in recorder.seen]
    assert details == sorted(details, reverse=True)


@pytest.mark.parametrize("layout", Layout)
@pytest.mark.parametrize("style", [Style.REAL, Style.CURSED])
def test_every_layout_shows_faces_of_the_dial(style: Style, layout: Layout) -> None:
    [outcome] = pipeline_of(Recorder()).draw([job([disc(), disc(BLUE)], style=style, layout=layout, iterations=2)])
    assert opened(outcome).size == (outcome.width_px, outcome.height_px)  # type: ignore[union-attr]


@pytest.mark.parametrize("style", Style)
@pytest.mark.parametrize("layout", [Layout.PAIR, Layout.STRIP, Layout.MORPH])
def test_of_a_pixelated_picture_the_network_sees_all_and_the_answer_shows_pixels(style: Style, layout: Layout) -> None:
    plain, rough = Recorder(), Recorder()
    [shown] = pipeline_of(plain).draw([job([disc()], style=style, layout=layout)])
    [pixels] = pipeline_of(rough).draw([job([replace(disc(), pixelated=True)], style=style, layout=layout)])
    assert np.array_equal(plain.seen[0], rough.seen[0])
    first = opened(pixels).convert("RGBA")
    assert first.size == opened(shown).size
    block = first.height // 16
    tile = np.asarray(first).astype(int)[: block * 16, : block * 16]
    blocks = tile.reshape(16, block, 16, block, 4)[4:12, 2:-2, 4:12, 2:-2]
    assert blocks.max(axis=(1, 3)).max() > 0
    assert (np.ptp(blocks, axis=(1, 3))).max() < 40  # the file's own blur; of the disc's edge it is over 100


def test_an_animated_emote_keeps_one_person_through_all_frames() -> None:
    recorder = Recorder()
    [outcome] = pipeline_of(recorder).draw([job([rolling_ball([50] * 5)], style=Style.REAL, layout=Layout.FACE)])
    assert isinstance(outcome, FaceResult)
    assert len(played(outcome.picture).frames) == 5
    assert (recorder.feeds[0]["latent"] == recorder.feeds[0]["latent"][:1]).all()


def test_a_dial_network_that_breaks_its_contract_makes_no_picture() -> None:
    for broken in (broken_shape, not_finite, of_the_input_size):
        assert failures(pipeline_of(broken).draw([job(style=Style.REAL)])) == [FailureCode.GENERATOR_FAILED]


def of_the_input_size(feed: Feed, /) -> Floats:
    return feed["image"]


def test_what_the_shipped_styles_share_is_loaded_once(exported_dial: Exported, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[Style] = []
    monkeypatch.setattr(served, "shipped", partial(shipped, folder=exported_dial.path.parent))
    monkeypatch.setattr(served, "shipped_styles", partial(shipped_styles, folder=exported_dial.path.parent))
    monkeypatch.setattr(pipeline_module, "load_generator", lambda _, style: loaded.append(style) or enlarge)
    pipeline = FacePipeline(load_settings().inference)
    assert pipeline.model_ids == dict.fromkeys((Style.REAL, Style.CURSED), exported_dial.model_id)
    assert loaded == [Style.REAL]
