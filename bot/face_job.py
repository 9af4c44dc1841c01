"""Pictures and options to a job that fits the wire and takes bearable time. Pure; long, so not for the event loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.thinning import even_spans
from inference.protocol import FaceJob, FaceOptions, Frame, Layout, Picture
from inference.wire import ProtocolError

MAX_RUNS = 240
"""Network runs for one answer: what sixty frames of four emotes take, or sixty frames fed back four times."""


def fitting_job(model_id: str, pictures: Sequence[Picture], options: FaceOptions, deadline_at: float) -> FaceJob:
    """The job with as many frames as fit. Raise ProtocolError when even still pictures do not."""
    most = 1 if options.layout is Layout.MORPH else max(len(picture.frames) for picture in pictures)
    while True:
        fewer = tuple(with_frames(picture, most) for picture in pictures)
        job = FaceJob(model_id, fewer, options, deadline_at)
        if most == 1 or (job.runs <= MAX_RUNS and _fits(job)):
            return job
        most = max(1, most * 4 // 5)


def with_frames(picture: Picture, most: int) -> Picture:
    """At most so many frames, evenly chosen; each lasts until the next one starts."""
    count = len(picture.frames)
    if count <= most:
        return picture
    if most == 1:
        return replace(picture, frames=(Frame(picture.frames[0].rgba),))
    frames = (_joined(picture.frames[start:end]) for start, end in even_spans(count, most))
    return replace(picture, frames=tuple(frames))


def _joined(frames: Sequence[Frame]) -> Frame:
    return Frame(frames[0].rgba, min(60_000, sum(frame.duration_ms for frame in frames)))


def _fits(job: FaceJob) -> bool:
    try:
        job.to_bytes()
    except ProtocolError:
        return False
    return True
