"""From face jobs to finished pictures: preprocess, the network in rounds, render."""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import structlog
from PIL import Image

from config.settings import InferenceSettings
from inference.animation import animated, looped
from inference.morph import morphed
from inference.preprocess import (
    INPUT_PX,
    TOP_PX,
    Floats,
    Pixels,
    fed_back,
    framed_film,
    from_tensor,
    network_input,
    steadied,
)
from inference.protocol import (
    MAX_RESULT_BYTES,
    FaceFailure,
    FaceJob,
    FaceOptions,
    FaceOutcome,
    FaceResult,
    FailureCode,
    Layout,
    Picture,
    Style,
)
from inference.render import Drawn, Encoded, PictureTooLarge, encoded, rendered
from inference.runtimes import Generator, load_generator
from inference.served import served_model_ids
from inference.timeline import durations_ms, timeline

log = structlog.get_logger(__name__)

LARGEST_CALL = 32
"""Pictures a generator is given at once: more gain nothing anywhere and hold much memory."""
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
    films: list[list[Image.Image]] = field(default_factory=list)
    seen: Floats = field(default_factory=lambda: np.empty((0, 3, INPUT_PX, INPUT_PX), np.float32))
    waiting: Floats = field(default_factory=lambda: np.empty((0, 3, INPUT_PX, INPUT_PX), np.float32))
    rounds: list[Pixels] = field(default_factory=list)
    rounds_done: int = 0
    inference_ms: float = 0.0
    failure: FailureCode | None = None

    def prepare(self) -> None:
        """(Re)start before the first round."""
        self.films = [framed_film(picture) for picture in self.pictures]
        inputs = [_inputs(*each, self.job.options) for each in zip(self.pictures, self.films, strict=True)]
        self.seen = self.waiting = np.concatenate(inputs)
        self.rounds, self.rounds_done, self.inference_ms = [], 0, 0.0

    def advance(self, faces: Pixels, inference_ms: float) -> None:
        """Take one round's faces, (P, 128, 128, 3)."""
        earlier = self.rounds if self.job.options.layout is Layout.STRIP else []
        self.rounds = [*earlier, faces]
        self.rounds_done += 1
        self.inference_ms += inference_ms
        if not self.complete:
            self.waiting = fed_back(faces)

    @property
    def pictures(self) -> Sequence[Picture]:
        """What is drawn. A morph is a movement of its own, so the emotes stand still in it."""
        if self.job.options.layout is not Layout.MORPH:
            return self.job.pictures
        return [replace(picture, frames=picture.frames[:1]) for picture in self.job.pictures]

    @property
    def complete(self) -> bool:
        return self.rounds_done == self.job.options.iterations

    def drawn(self) -> list[list[Drawn]]:
        """What there is to show, picture by picture and frame by frame."""
        seen, films, at = from_tensor(self.seen), [], 0
        for film in self.films:
            span = slice(at, at + len(film))
            rounds = zip(*(faces[span] for faces in self.rounds), strict=True)
            films.append(
                [
                    Drawn(emote, Image.fromarray(pixels), [Image.fromarray(face) for face in faces])
                    for emote, pixels, faces in zip(film, seen[span], rounds, strict=True)
                ]
            )
            at += len(film)
        return films


def _inputs(picture: Picture, film: Sequence[Image.Image], options: FaceOptions) -> Floats:
    """(F, 3, 16, 16). The seed's noise is the same for every frame, so that it stays one person."""
    return steadied(np.stack([network_input(emote, options) for emote in film]), durations_ms(picture))


class FacePipeline:
    """Draws batches of jobs with one generator a style. Not for several threads at once."""

    def __init__(self, settings: InferenceSettings, *, now: Callable[[], float] = time.time) -> None:
        """Load the networks; raise what `load_generator` raises. `now` is Unix time, for deadlines."""
        self.model_ids: Mapping[Style, str] = served_model_ids(settings)
        self._generators = {style: load_generator(settings, style) for style in self.model_ids}
        self._now = now

    def warm_up(self) -> None:
        """Run every network in the batch sizes that matter, so that no asker waits for kernels to be built."""
        for generator in self._generators.values():
            for size in (1, 2, 4, 8):
                _faces(generator, np.zeros((size, 3, INPUT_PX, INPUT_PX), np.float32))

    def draw(self, jobs: Sequence[FaceJob]) -> list[FaceOutcome]:
        """One outcome a job, in order."""
        drawings = [self._prepared(job) for job in jobs]
        by_style: dict[Style, list[_Drawing]] = defaultdict(list)
        for drawing in drawings:
            by_style[drawing.job.options.style].append(drawing)
        for style, alike in by_style.items():
            self._generate(self._generators[style], alike)
        return [_finished(drawing) for drawing in drawings]

    def _prepared(self, job: FaceJob) -> _Drawing:
        drawing = _Drawing(job)
        try:
            drawing.prepare()
        except Exception:
            log.exception("job_preparation_failed", key=job.key)
            drawing.failure = FailureCode.GENERATOR_FAILED
        return drawing

    def _generate(self, generator: Generator, drawings: Sequence[_Drawing]) -> None:
        """All together; when that raises, one by one, so that only the culprit goes without a face."""
        drawings = [drawing for drawing in drawings if drawing.failure is None]
        try:
            self._run_rounds(generator, drawings)
        except Exception:
            log.exception("batch_failed", keys=[drawing.job.key for drawing in drawings])
            if len(drawings) == 1:
                drawings[0].failure = FailureCode.GENERATOR_FAILED
                return
            for drawing in drawings:
                drawing.prepare()
                self._generate(generator, [drawing])

    def _run_rounds(self, generator: Generator, drawings: Sequence[_Drawing]) -> None:
        while True:
            for drawing in drawings:
                if not drawing.complete and self._now() >= drawing.job.deadline_at:
                    drawing.failure = FailureCode.DEADLINE_EXCEEDED
            active = [drawing for drawing in drawings if drawing.failure is None and not drawing.complete]
            if not active:
                return
            started = time.perf_counter()
            faces = _faces(generator, np.concatenate([drawing.waiting for drawing in active]))
            ms_a_face = (time.perf_counter() - started) * 1e3 / len(faces)
            for drawing in active:
                count = len(drawing.waiting)
                drawing.advance(faces[:count], count * ms_a_face)
                faces = faces[count:]


def _faces(generator: Generator, images: Floats) -> Pixels:
    """(N, 3, 16, 16) -> (N, 128, 128, 3); raise GeneratorFault unless the network kept its contract."""
    pieces = [_checked(generator(piece), len(piece)) for piece in _pieces(images)]
    return np.concatenate([from_tensor(piece) for piece in pieces])


def _pieces(images: Floats) -> list[Floats]:
    return [images[at : at + LARGEST_CALL] for at in range(0, len(images), LARGEST_CALL)]


def _checked(faces: Floats, count: int) -> Floats:
    expected = (count, 3, TOP_PX, TOP_PX)
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
    return FaceResult(job.key, picture.webp, picture.width_px, picture.height_px, drawing.inference_ms)


def _file(drawing: _Drawing, max_bytes: int) -> Encoded:
    """An animation where something moves, else a still picture."""
    layout, films = drawing.job.options.layout, drawing.drawn()
    if layout is Layout.MORPH:
        return animated(morphed([film[0] for film in films]), max_bytes)
    if all(len(film) == 1 for film in films):
        return encoded(rendered([film[0] for film in films], layout), max_bytes)
    shots = looped(
        lambda moment: rendered([film[at] for film, at in zip(films, moment.frames, strict=True)], layout),
        timeline(drawing.pictures),
    )
    return animated(shots, max_bytes)
