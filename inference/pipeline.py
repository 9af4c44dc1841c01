"""From face jobs to finished pictures: preprocess, the network in rounds, render."""

import functools
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import structlog
from PIL import Image

from config.settings import InferenceSettings
from inference import morph
from inference.animation import durations_ms, timeline
from inference.encoding import Encoded, PictureTooLarge, Shot, encoded, max_pixels
from inference.feeds import Feed, Floats, joined, pieces, rows
from inference.judge import FaceJudge, load_judge, most_face_like
from inference.morph import morphed
from inference.preparation import PREPARATIONS, Preparation
from inference.preprocess import Pixels, framed_film, from_tensor
from inference.protocol import (
    AUTO,
    COST_OF_RUN,
    MAX_RESULT_BYTES,
    FaceFailure,
    FaceJob,
    FaceOutcome,
    FaceResult,
    FailureCode,
    Layout,
    Picture,
    Style,
)
from inference.render import Drawn, rendered
from inference.runtimes import Generator, load_generator
from inference.served import served_model_ids

log = structlog.get_logger(__name__)

LARGEST_CALL = 32
"""Pictures a generator is given at once: more gain nothing anywhere and hold much memory."""
WARM_SIZES = (1, 2, 4, 8)
HEADER_BYTES = 1024
"""More than a result takes beside its picture."""


class GeneratorFault(Exception):
    """The network gave back something that is no batch of faces."""


@dataclass(slots=True)
class _Drawing:
    """A job in work. `waiting` is what goes through the network next, `rounds` what came back so far and is shown.

    All frames of the first picture come first, then those of the second, …
    """

    job: FaceJob
    preparation: Preparation
    films: list[list[Image.Image]] = field(default_factory=list)
    seen: Floats = field(default_factory=lambda: np.empty((0, 3, 1, 1), np.float32))
    waiting: Feed = field(default_factory=dict)
    rounds: list[Pixels] = field(default_factory=list)
    scores: list[Floats] = field(default_factory=list)
    rounds_done: int = 0
    inference_ms: float = 0.0
    failure: FailureCode | None = None

    def prepare(self) -> None:
        """(Re)start before the first round."""
        self.films = [framed_film(picture) for picture in self.pictures]
        lasting = [durations_ms(picture) for picture in self.pictures]
        shown = zip(self.films, lasting, strict=True)
        self.waiting = joined([self.preparation.first(*each, self.job.options) for each in shown])
        self.seen = self.waiting["image"]
        self.rounds, self.scores, self.rounds_done, self.inference_ms = [], [], 0, 0.0

    def advance(self, faces: Pixels, inference_ms: float) -> None:
        """Take one round's faces, (N, P, P, 3)."""
        earlier = self.rounds if self.automatic or self.job.options.layout is Layout.STRIP else []
        self.rounds = [*earlier, faces]
        self.rounds_done += 1
        self.inference_ms += inference_ms
        if not self.complete:
            self.waiting = self.preparation.again(self.waiting, faces)

    @property
    def pictures(self) -> Sequence[Picture]:
        """What is drawn. A morph is a movement of its own, so the emotes stand still in it."""
        if self.job.options.layout is not Layout.MORPH:
            return self.job.pictures
        return [replace(picture, frames=picture.frames[:1]) for picture in self.job.pictures]

    @property
    def complete(self) -> bool:
        return self.rounds_done == self.job.options.rounds

    @property
    def automatic(self) -> bool:
        """Whether the faces of every round have to be judged, `scores` being how much of a face each is."""
        return self.job.options.iterations == AUTO

    def drawn(self) -> list[list[Drawn]]:
        """What there is to show, picture by picture and frame by frame."""
        seen, films, at = from_tensor(self.seen), [], 0
        for picture, film in zip(self.pictures, self.films, strict=True):
            span = slice(at, at + len(film))
            rounds = zip(*self._shown(span), strict=True)
            drawn = [
                Drawn(emote, Image.fromarray(pixels), [Image.fromarray(face) for face in faces])
                for emote, pixels, faces in zip(film, seen[span], rounds, strict=True)
            ]
            films.append([each.made_rough() for each in drawn] if picture.pixelated else drawn)
            at += len(film)
        return films

    def _shown(self, span: slice) -> list[Pixels]:
        """The rounds of one picture that are shown, the answer last. All its frames are of the same round."""
        rounds = [faces[span] for faces in self.rounds]
        if not self.automatic:
            return rounds
        best = rounds[most_face_like([scores[span] for scores in self.scores])]
        return [*rounds, best] if self.job.options.layout is Layout.STRIP else [best]


@dataclass(frozen=True, slots=True, eq=False)
class _Network:
    """A loaded network and its way to be fed; styles may share one."""

    generator: Generator
    preparation: Preparation

    def draw(self, feed: Feed) -> Pixels:
        """N pictures -> (N, P, P, 3); raise GeneratorFault unless the network kept its contract."""
        faces = [(self.generator(piece), rows(piece)) for piece in pieces(feed, (LARGEST_CALL,))]
        return np.concatenate([from_tensor(_checked(each, count, self.preparation.output_px)) for each, count in faces])


def _networks(settings: InferenceSettings, model_ids: Mapping[Style, str]) -> dict[Style, _Network]:
    """By style; those of one kind and model id are one."""
    loaded: dict[tuple[type, str], _Network] = {}
    for style, model_id in model_ids.items():
        kind = PREPARATIONS[style]
        if (kind, model_id) not in loaded:
            loaded[kind, model_id] = _Network(load_generator(settings, style), kind())
    return {style: loaded[PREPARATIONS[style], model_id] for style, model_id in model_ids.items()}


class FacePipeline:
    """Draws batches of jobs, together those of one network. Not for several threads at once."""

    def __init__(self, settings: InferenceSettings, *, now: Callable[[], float] = time.time) -> None:
        """Load the networks; raise what `load_generator` raises. `now` is Unix time, for deadlines."""
        self.model_ids: Mapping[Style, str] = served_model_ids(settings)
        self._networks = _networks(settings, self.model_ids)
        self._settings = settings
        self._now = now

    @functools.cached_property
    def _judge(self) -> FaceJudge:
        """Loaded when it is first asked: most never ask."""
        return load_judge(self._settings)

    def warm_ups(self) -> Iterator[None]:
        """Run every network in the batch sizes that matter, so that no asker waits for kernels to be built.

        A run a step; after as many steps as there are networks, each has drawn a single picture.
        """
        for size in WARM_SIZES:
            for network in dict.fromkeys(self._networks.values()):
                network.draw(network.preparation.blank(size))
                yield

    def seconds_per_cost(self) -> float:
        """How long a single picture takes now, by the slowest of the networks."""
        paces = []
        for style, network in self._networks.items():
            began = time.perf_counter()
            network.draw(network.preparation.blank(1))
            paces.append((time.perf_counter() - began) / COST_OF_RUN[style])
        return max(paces)

    @property
    def network_count(self) -> int:
        return len(set(self._networks.values()))

    def draw(self, jobs: Sequence[FaceJob]) -> list[FaceOutcome]:
        """One outcome a job, in order."""
        drawings = [self._prepared(job) for job in jobs]
        by_network: dict[_Network, list[_Drawing]] = defaultdict(list)
        for drawing in drawings:
            by_network[self._networks[drawing.job.options.style]].append(drawing)
        for network, alike in by_network.items():
            self._generate(network, alike)
        return [_finished(drawing) for drawing in drawings]

    def _prepared(self, job: FaceJob) -> _Drawing:
        drawing = _Drawing(job, self._networks[job.options.style].preparation)
        try:
            drawing.prepare()
        except Exception:
            log.exception("job_preparation_failed", key=job.key)
            drawing.failure = FailureCode.GENERATOR_FAILED
        return drawing

    def _generate(self, network: _Network, drawings: Sequence[_Drawing]) -> None:
        """All together; when that raises, one by one, so that only the culprit goes without a face."""
        drawings = [drawing for drawing in drawings if drawing.failure is None]
        try:
            self._run_rounds(network, drawings)
        except Exception:
            log.exception("batch_failed", keys=[drawing.job.key for drawing in drawings])
            if len(drawings) == 1:
                drawings[0].failure = FailureCode.GENERATOR_FAILED
                return
            for drawing in drawings:
                drawing.prepare()
                self._generate(network, [drawing])

    def _run_rounds(self, network: _Network, drawings: Sequence[_Drawing]) -> None:
        while True:
            for drawing in drawings:
                if not drawing.complete and self._now() >= drawing.job.deadline_at:
                    drawing.failure = FailureCode.DEADLINE_EXCEEDED
            active = [drawing for drawing in drawings if drawing.failure is None and not drawing.complete]
            if not active:
                return
            started = time.perf_counter()
            faces = network.draw(joined([drawing.waiting for drawing in active]))
            ms_a_face = (time.perf_counter() - started) * 1e3 / len(faces)
            for drawing in active:
                count = rows(drawing.waiting)
                drawing.advance(faces[:count], count * ms_a_face)
                if drawing.automatic:
                    drawing.scores.append(self._judge(faces[:count]))
                faces = faces[count:]


def _checked(faces: Floats, count: int, side_px: int) -> Floats:
    expected = (count, 3, side_px, side_px)
    if faces.shape != expected:
        raise GeneratorFault(f"faces of shape {faces.shape} came back instead of {expected}")
    if not np.isfinite(faces).all():
        raise GeneratorFault("faces that are not finite came back")
    return faces


def _finished(drawing: _Drawing) -> FaceOutcome:
    job = drawing.job
    if drawing.failure is not None:
        return FaceFailure(job.key, drawing.failure)
    try:
        picture = _file(drawing, MAX_RESULT_BYTES - HEADER_BYTES)
    except PictureTooLarge:
        return FaceFailure(job.key, FailureCode.RESULT_TOO_LARGE)
    except Exception:
        log.exception("job_rendering_failed", key=job.key)
        return FaceFailure(job.key, FailureCode.GENERATOR_FAILED)
    return FaceResult(job.key, picture.content, picture.width_px, picture.height_px, drawing.inference_ms)


def _file(drawing: _Drawing, max_bytes: int) -> Encoded:
    """An animation where something moves, else a still picture. The grain is one for all frames, or it would boil."""
    options, films, seed = drawing.job.options, drawing.drawn(), int(drawing.job.key[:8], 16)
    if options.layout is Layout.MORPH:
        shots = morphed([film[0] for film in films], seed=seed, max_pixels=max_pixels(options.form, morph.FRAMES))
        return encoded(shots, options.form, max_bytes)
    moments = timeline(drawing.pictures)
    look = {"seed": seed, "max_pixels": max_pixels(options.form, len(moments))}
    shown = ([film[at] for film, at in zip(films, moment.frames, strict=True)] for moment in moments)
    shots = [
        Shot(rendered(each, options.layout, **look), moment.duration_ms)
        for each, moment in zip(shown, moments, strict=True)
    ]
    return encoded(shots, options.form, max_bytes)
