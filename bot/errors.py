"""Everything that can go wrong for an asker, as one tree. Errors carry data, never user text; `replies` words them.

FaceError
├── RequestRefused            the asking itself
│   ├── NothingToDraw
│   ├── TooManyEmotes(limit)
│   ├── InvalidOption(option, allowed)
│   ├── UnknownEmote(suggestions, down)
│   ├── FlaggedEmote(flags)
│   ├── OverlayAlone
│   ├── UnknownChannel
│   ├── LinkNotAllowed
│   ├── OthersPicturesOff
│   ├── OptedOut
│   ├── UnknownOwner
│   ├── NoServerIcon
│   └── TooManyRequests(retry_after_s)
├── EmoteUnavailable          the emote's picture, or its catalogue
│   ├── CatalogueDown
│   ├── DownloadFailed
│   ├── DownloadTimedOut
│   ├── PictureTooLarge(limit)
│   ├── UnsupportedPicture
│   └── UploadGone
└── GeneratorUnavailable      the drawing
    ├── Busy(retry_after_s)
    ├── DeadlineExceeded
    ├── GeneratorFailed
    ├── ResultTooLarge
    ├── StyleNotServed(served)
    └── NoWeights
"""

from __future__ import annotations

import re

from inference.protocol import FailureCode, Style


class FaceError(Exception):
    """Base of everything an asker is told in words."""

    @property
    def code(self) -> str:
        """The class's name in snake case: what the API and the metrics call it."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()


class RequestRefused(FaceError):
    """The request cannot be accepted as it was asked."""


class NothingToDraw(RequestRefused):
    """No emote and no picture was named."""


class TooManyEmotes(RequestRefused):
    """More emotes than one answer shows."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit} emotes")
        self.limit = limit


class InvalidOption(RequestRefused):
    """`option` is one of the grammar's own names, `allowed` a description of its values."""

    def __init__(self, option: str, allowed: str) -> None:
        super().__init__(f"option {option} takes {allowed}")
        self.option = option
        self.allowed = allowed


class UnknownEmote(RequestRefused):
    """No catalogue knows it; `suggestions` are the nearest catalogue names, best first, `down` the sources (as people
    call them) that could not be asked."""

    def __init__(self, suggestions: tuple[str, ...] = (), down: tuple[str, ...] = ()) -> None:
        super().__init__("no such emote")
        self.suggestions = suggestions
        self.down = down


class FlaggedEmote(RequestRefused):
    """Its catalogue marks it with `flags` (values of `ContentFlag`) that are not allowed here."""

    def __init__(self, flags: tuple[str, ...]) -> None:
        super().__init__(f"marked as {', '.join(flags)}")
        self.flags = flags


class OverlayAlone(RequestRefused):
    """A zero-width emote lies on the one before it, and there is none."""


class UnknownChannel(RequestRefused):
    """Nobody knows a Twitch channel of this name."""


class LinkNotAllowed(RequestRefused):
    """A link to a host that pictures are not fetched from, or to other people's pictures."""


class OthersPicturesOff(RequestRefused):
    """Somebody else's avatar or upload, where no admin has allowed these."""


class OptedOut(RequestRefused):
    """The avatar or upload of a member who does not want to be drawn."""


class UnknownOwner(RequestRefused):
    """A forwarded picture of nobody knows whom: it cannot be told whether that person minds."""


class NoServerIcon(RequestRefused):
    """The server's icon, where there is no server or it has none."""


class TooManyRequests(RequestRefused):
    """The asker has as many unfinished requests as one person may."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__("too many unfinished requests")
        self.retry_after_s = retry_after_s


class EmoteUnavailable(FaceError):
    """The emote is known, its picture cannot be had."""


class CatalogueDown(EmoteUnavailable):
    """Who would know cannot be asked now."""


class DownloadFailed(EmoteUnavailable):
    """The host did not give the picture."""


class DownloadTimedOut(EmoteUnavailable):
    """The host was too slow."""


class PictureTooLarge(EmoteUnavailable):
    """Too many bytes, pixels or frames; `limit` says which bound in words of ours."""

    def __init__(self, limit: str) -> None:
        super().__init__(f"over the limit of {limit}")
        self.limit = limit


class UnsupportedPicture(EmoteUnavailable):
    """Not a picture, a damaged one, or a format that is not read."""


class UploadGone(EmoteUnavailable):
    """Uploads live in memory only; a restart loses them."""


class GeneratorUnavailable(FaceError):
    """The picture is fine, the face cannot be drawn."""


class Busy(GeneratorUnavailable):
    """Everything is full."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__("busy")
        self.retry_after_s = retry_after_s


class DeadlineExceeded(GeneratorUnavailable):
    """It took longer than anybody should wait."""


class GeneratorFailed(GeneratorUnavailable):
    """The network could not draw this one."""


class ResultTooLarge(GeneratorUnavailable):
    """The drawing does not fit the size limit."""


class StyleNotServed(GeneratorUnavailable):
    """There is no trained network of this style on this machine; `served` are the styles that have one."""

    def __init__(self, served: tuple[Style, ...]) -> None:
        super().__init__("style not served")
        self.served = served


class NoWeights(GeneratorUnavailable):
    """There is no trained network on this machine."""


ERROR_OF_CODE: dict[FailureCode, type[GeneratorUnavailable]] = {
    FailureCode.DEADLINE_EXCEEDED: DeadlineExceeded,
    FailureCode.GENERATOR_CRASHED: GeneratorFailed,
    FailureCode.GENERATOR_HUNG: GeneratorFailed,
    FailureCode.GENERATOR_FAILED: GeneratorFailed,
    FailureCode.RESULT_TOO_LARGE: ResultTooLarge,
}
