"""The wire contract between the chat side and the inference side (standard library only).

A `FaceJob` says what to draw and nothing about who asked; a `FaceResult` or a `FaceFailure` answers it under the same
`key`. All three travel as `length | JSON header | zlib-compressed blobs`, so that any worker can read them without
unpickling anything.
"""

from __future__ import annotations

import hashlib
import json
import math
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from io import BytesIO
from typing import Any, Final, Literal, TypeAlias

from inference.wire import ProtocolError, inflate, pack, unpack

PREPROCESS_VERSION = 1  # goes up whenever the same pixels would reach the network differently
MAX_JOB_BYTES = 512_000
MAX_RESULT_BYTES = 900_000
MAX_PICTURES = 9
MAX_FRAMES = 60
MAX_SIDE_PX = 128
MAX_ITERATIONS = 10
AUTO: Final = "auto"
MAX_SEED = 2**32 - 1
REALISM_STEPS = 20  # realism is quantised to 1/20, so that equal-looking requests share a key

_MALFORMED = (LookupError, OverflowError, TypeError, ValueError)  # what reading a hostile header may raise
_VISIBLE = bytes([0] + [255] * 255)  # by alpha: a byte of ones wherever there is something to see


Iterations: TypeAlias = int | Literal["auto"]
"""How often a face is drawn over, 1–10; `auto` draws all ten rounds and shows the one that is most like a face."""


class Style(StrEnum):
    """A name in the weights manifest; `real` and `cursed` are one network, set to more and to less realism."""

    CLASSIC = "classic"
    REAL = "real"
    CURSED = "cursed"


DEFAULT_REALISM: Mapping[Style, float] = {Style.CLASSIC: 0.0, Style.REAL: 0.8, Style.CURSED: 0.25}
"""What a style is drawn with when nobody says otherwise."""
COST_OF_RUN: Mapping[Style, int] = {Style.CLASSIC: 1, Style.REAL: 5, Style.CURSED: 5}
"""What one run of a style's network takes, in runs of the smallest: docs/bench.md, int8 in batches of 8."""


class Layout(StrEnum):
    """How faces are put into one picture: the face, emote and face, every step, all pictures of the job, or a loop in
    which the emote becomes the face."""

    FACE = "face"
    PAIR = "pair"
    STRIP = "strip"
    GRID = "grid"
    MORPH = "morph"


class Format(StrEnum):
    """What kind of file the answer is; GIF is for where nothing else plays."""

    WEBP = "webp"
    GIF = "gif"

    @classmethod
    def of(cls, content: bytes) -> Format:
        """The kind a finished file is, by its first bytes."""
        return cls.GIF if content.startswith(b"GIF8") else cls.WEBP


class FailureCode(StrEnum):
    """Why a job has no face; `bot.errors` gives every code its error and its words."""

    DEADLINE_EXCEEDED = "deadline_exceeded"
    GENERATOR_CRASHED = "generator_crashed"
    GENERATOR_HUNG = "generator_hung"
    GENERATOR_FAILED = "generator_failed"
    RESULT_TOO_LARGE = "result_too_large"


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: `rgba` holds height × width × 4 bytes, straight alpha; `duration_ms` is 0 for a still picture."""

    rgba: bytes
    duration_ms: int = 0


@dataclass(frozen=True, slots=True)
class Picture:
    """A normalised picture: sides of 1–128 px, 1–60 frames of equal size.

    Of a `pixelated` one an answer shows at most 16 pixels across, whatever its layout; the network sees all of it.
    """

    width_px: int
    height_px: int
    frames: tuple[Frame, ...]
    pixelated: bool = False

    def __post_init__(self) -> None:
        if not (1 <= self.width_px <= MAX_SIDE_PX and 1 <= self.height_px <= MAX_SIDE_PX):
            raise ProtocolError(f"a picture's sides are 1 to {MAX_SIDE_PX} px")
        if not 1 <= len(self.frames) <= MAX_FRAMES:
            raise ProtocolError(f"a picture has 1 to {MAX_FRAMES} frames")
        if any(len(frame.rgba) != self.width_px * self.height_px * 4 for frame in self.frames):
            raise ProtocolError("a frame's bytes do not fit the picture's size")
        if any(not 0 <= frame.duration_ms <= 60_000 for frame in self.frames):
            raise ProtocolError("a frame lasts 0 to 60,000 ms")


@dataclass(frozen=True, slots=True, init=False)
class FaceOptions:
    """How to draw. `realism` in [0, 1] (kept in steps of 1/20), `iterations` 1–10 or `auto`, `seed` None or 0…2³²-1."""

    style: Style
    realism: float
    iterations: Iterations
    seed: int | None
    layout: Layout
    form: Format

    def __init__(
        self,
        style: Style = Style.CLASSIC,
        realism: float | None = None,
        iterations: Iterations = 1,
        seed: int | None = None,
        layout: Layout = Layout.PAIR,
        form: Format = Format.WEBP,
    ) -> None:
        """Without a realism the style's own is taken. Raise ProtocolError for what is out of range."""
        realism = DEFAULT_REALISM[style] if realism is None else realism
        if not 0.0 <= realism <= 1.0:
            raise ProtocolError("realism is between 0 and 1")
        if iterations != AUTO and not 1 <= iterations <= MAX_ITERATIONS:
            raise ProtocolError(f"iterations are 1 to {MAX_ITERATIONS} or {AUTO}")
        if seed is not None and not 0 <= seed <= MAX_SEED:
            raise ProtocolError(f"a seed is 0 to {MAX_SEED}")
        object.__setattr__(self, "style", style)
        object.__setattr__(self, "realism", round(realism * REALISM_STEPS) / REALISM_STEPS)
        object.__setattr__(self, "iterations", iterations)
        object.__setattr__(self, "seed", seed)
        object.__setattr__(self, "layout", layout)
        object.__setattr__(self, "form", form)

    @property
    def rounds(self) -> int:
        """How often every frame goes through the network."""
        return MAX_ITERATIONS if self.iterations == AUTO else self.iterations

    def cost_of(self, frames: int) -> int:
        """What so many frames take: frames × iterations × style."""
        return frames * self.rounds * COST_OF_RUN[self.style]

    def changed(self, **values: Any) -> FaceOptions:
        """With other values; another style brings its own realism along unless one is given, too."""
        if values.get("style", self.style) != self.style:
            values = {"realism": None} | values
        return replace(self, **values)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, the inverse of `from_json`."""
        return {
            "style": self.style.value,
            "realism": self.realism,
            "iterations": self.iterations,
            "seed": self.seed,
            "layout": self.layout.value,
            "format": self.form.value,
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> FaceOptions:
        """Raise ProtocolError unless `values` is what `to_json` makes; old requests in the store have no format."""
        try:
            return cls(
                style=Style(values["style"]),
                realism=float(values["realism"]),
                iterations=AUTO if values["iterations"] == AUTO else int(values["iterations"]),
                seed=None if values["seed"] is None else int(values["seed"]),
                layout=Layout(values["layout"]),
                form=Format(values.get("format", Format.WEBP)),
            )
        except _MALFORMED as error:
            raise ProtocolError("not the options of a face job") from error


@dataclass(frozen=True, slots=True)
class FaceJob:
    """One picture to draw from 1–9 emotes. `deadline_at` is in Unix seconds; after it nobody waits any more.

    `key` names the drawing, not the asking: equal pixels, durations, options and model give an equal key.
    """

    model_id: str
    pictures: tuple[Picture, ...]
    options: FaceOptions
    deadline_at: float
    key: str = field(init=False)

    def __post_init__(self) -> None:
        if not 1 <= len(self.pictures) <= MAX_PICTURES:
            raise ProtocolError(f"a job has 1 to {MAX_PICTURES} pictures")
        if not math.isfinite(self.deadline_at):
            raise ProtocolError("a deadline is a moment")
        object.__setattr__(self, "key", _job_key(self))

    @property
    def frames(self) -> int:
        """Over all pictures."""
        return sum(len(picture.frames) for picture in self.pictures)

    @property
    def runs(self) -> int:
        """Network runs the job takes."""
        return self.frames * self.options.rounds

    @property
    def cost(self) -> int:
        """What the job takes, comparable between styles: the measure of fairness, quotas and estimates."""
        return self.options.cost_of(self.frames)

    def to_bytes(self) -> bytes:
        """Raise ProtocolError when the message would be larger than `MAX_JOB_BYTES`."""
        header = {
            "model_id": self.model_id,
            "options": self.options.to_json(),
            "deadline_at": self.deadline_at,
            "pictures": [
                {
                    "size": [p.width_px, p.height_px],
                    "durations_ms": [f.duration_ms for f in p.frames],
                    "pixelated": p.pixelated,
                }
                for p in self.pictures
            ],
        }
        pixels = b"".join(frame.rgba for picture in self.pictures for frame in picture.frames)
        return pack(header, zlib.compress(pixels, 1), MAX_JOB_BYTES)

    @classmethod
    def from_bytes(cls, message: bytes) -> FaceJob:
        """Raise ProtocolError unless `message` is a job of this protocol version."""
        header, body = unpack(message, MAX_JOB_BYTES)
        try:
            return cls(
                model_id=str(header["model_id"]),
                pictures=_read_pictures(header["pictures"], body),
                options=FaceOptions.from_json(header["options"]),
                deadline_at=float(header["deadline_at"]),
            )
        except ProtocolError:
            raise
        except _MALFORMED as error:
            raise ProtocolError("not a face job") from error


@dataclass(frozen=True, slots=True)
class FaceResult:
    """The drawn picture: a file of at most 900 kB in the format asked for. `inference_ms` is the network's share."""

    key: str
    picture: bytes
    width_px: int
    height_px: int
    inference_ms: float

    def to_bytes(self) -> bytes:
        """Raise ProtocolError when the message would be larger than `MAX_RESULT_BYTES`."""
        header = {
            "key": self.key,
            "size": [self.width_px, self.height_px],
            "inference_ms": self.inference_ms,
        }
        return pack(header, self.picture, MAX_RESULT_BYTES)


@dataclass(frozen=True, slots=True)
class FaceFailure:
    """A typed error in place of a face; codes only, never text from outside."""

    key: str
    code: FailureCode

    def to_bytes(self) -> bytes:
        """Always small."""
        return pack({"key": self.key, "failure": self.code.value}, b"", MAX_RESULT_BYTES)


FaceOutcome: TypeAlias = FaceResult | FaceFailure


def outcome_from_bytes(message: bytes) -> FaceOutcome:
    """Read what `FaceResult.to_bytes` or `FaceFailure.to_bytes` wrote; anything else raises ProtocolError."""
    header, body = unpack(message, MAX_RESULT_BYTES)
    try:
        if "failure" in header:
            return FaceFailure(str(header["key"]), FailureCode(header["failure"]))
        width_px, height_px = map(int, header["size"])
        inference_ms = float(header["inference_ms"])
        if min(width_px, height_px) < 1 or not math.isfinite(inference_ms):
            raise ValueError("a picture has pixels and took a while")
        return FaceResult(str(header["key"]), body, width_px, height_px, inference_ms)
    except _MALFORMED as error:
        raise ProtocolError("not the outcome of a face job") from error


def _job_key(job: FaceJob) -> str:
    digest = hashlib.sha256()
    digest.update(json.dumps([job.model_id, PREPROCESS_VERSION, job.options.to_json()], sort_keys=True).encode())
    for picture in job.pictures:
        digest.update(struct.pack(">HHH?", picture.width_px, picture.height_px, len(picture.frames), picture.pixelated))
        for frame in picture.frames:
            digest.update(struct.pack(">I", frame.duration_ms))
            digest.update(_canonical(frame.rgba))
    return digest.hexdigest()


def _canonical(rgba: bytes) -> bytes:
    """The pixels with the invisible colour under full transparency zeroed: it never reaches the network."""
    alpha = rgba[3::4]
    if b"\x00" not in alpha:
        return rgba
    visible = alpha.translate(_VISIBLE)
    mask = bytearray(b"\xff") * len(rgba)
    mask[0::4] = mask[1::4] = mask[2::4] = visible
    masked = int.from_bytes(rgba, "big") & int.from_bytes(mask, "big")  # a loop over the pixels is several times slower
    return masked.to_bytes(len(rgba), "big")


def _read_pictures(described: list[dict[str, Any]], body: bytes) -> tuple[Picture, ...]:
    sizes = [(int(entry["size"][0]), int(entry["size"][1])) for entry in described]
    pixelated = [bool(entry["pixelated"]) for entry in described]
    durations = [[int(duration) for duration in entry["durations_ms"]] for entry in described]
    expected = sum(width * height * 4 * len(lasting) for (width, height), lasting in zip(sizes, durations, strict=True))
    if not 0 < expected <= MAX_PICTURES * MAX_FRAMES * MAX_SIDE_PX**2 * 4:
        raise ProtocolError("the pictures are empty or too large")
    pixels = BytesIO(inflate(body, expected))
    return tuple(
        Picture(width, height, tuple(Frame(pixels.read(width * height * 4), duration) for duration in lasting), rough)
        for (width, height), lasting, rough in zip(sizes, durations, pixelated, strict=True)
    )
