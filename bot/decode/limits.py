"""Every fixed limit on a picture from outside; the adjustable ones (bytes, seconds, memory) are settings `emotes.*`.

| what a hostile file tries      | what stops it                                                                  |
|--------------------------------|--------------------------------------------------------------------------------|
| many bytes, also once unzipped | `emotes.max_download_bytes`, counted as they come; `web.max_upload_bytes`      |
| arriving for ever              | `emotes.download_timeout_s`, for the whole download                            |
| many pixels                    | MAX_PIXELS, MAX_JPEG_PIXELS, known from the header                             |
| many frames                    | MAX_FILM_PIXELS over all of them, MAX_FRAMES that are kept                     |
| much time, much memory         | `emotes.decode_timeout_s`, `emotes.decode_memory_mb`, and the child is killed  |
"""

from __future__ import annotations

from inference.protocol import MAX_FRAMES, MAX_JOB_BYTES, MAX_PICTURES, MAX_SIDE_PX

__all__ = [
    "MAX_FILM_BYTES",
    "MAX_FILM_PIXELS",
    "MAX_FRAMES",
    "MAX_JPEG_PIXELS",
    "MAX_LOTTIE_BYTES",
    "MAX_LOTTIE_DEPTH",
    "MAX_PIXELS",
    "MAX_SIDE_PX",
    "MAX_TEXT_BYTES",
    "MAX_WIRE_BYTES",
]

MAX_PIXELS = 4_000_000
MAX_JPEG_PIXELS = 50_000_000  # a phone's photo; libjpeg reads it at an eighth of its size
MAX_FILM_PIXELS = 16_000_000  # over all frames; what comes after is not read
MAX_TEXT_BYTES = 1024 * 1024  # of a PNG's comments, unpacked
MAX_FILM_BYTES = MAX_JOB_BYTES - 24_000  # compressed; an animation may fill a job, beside its header
MAX_WIRE_BYTES = MAX_FILM_BYTES // MAX_PICTURES  # nine still pictures fit a job
MAX_LOTTIE_BYTES = 2_000_000  # as JSON; Discord takes stickers of 512 kB
MAX_LOTTIE_DEPTH = 64  # of nested JSON; what designers draw has about twenty
