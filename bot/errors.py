"""Everything that can go wrong for an asker, as one tree. Errors carry data, never user text; `replies` words them.

FaceError
├── RequestRefused            the asking itself
│   ├── NothingToDraw
│   ├── TooManyEmotes(limit)
│   ├── InvalidOption(option, allowed)
│   ├── InvalidSetting(name, most)
│   ├── UnknownEmote(suggestions, down)
│   ├── FlaggedEmote(flags)
│   ├── OverlayAlone
│   ├── UnknownChannel
│   ├── LinkNotAllowed
│   ├── OthersPicturesOff
│   ├── OptedOut
│   ├── UnknownOwner
│   ├── NoServerIcon
│   ├── GuessingOff
│   ├── RoundRunning
│   ├── MissingPermissions(missing)
│   ├── TooSoon(retry_after_s)
│   │   ├── ChannelPaused
│   │   ├── TooManyRequests
│   │   ├── CooldownActive
│   │   ├── RoundTooSoon
│   │   ├── TooManyTries
│   │   └── QuotaUsedUp
│   ├── Paused
│   ├── ChannelDisabled
│   ├── RoleRequired
│   ├── RankRequired(rank)
│   ├── StreamOffline
│   ├── Blocked
│   ├── EmoteBlocked
│   ├── PictureBlocked
│   ├── TooManyBlocked(limit)
│   ├── UnknownCode
│   └── TooManyMirrors(limit)
├── EmoteUnavailable          the emote's picture, or its catalogue
│   ├── CatalogueDown
│   ├── DownloadFailed
│   ├── DownloadTimedOut
│   ├── PictureTooLarge(limit)
│   ├── UnsupportedPicture
│   └── UploadGone
└── GeneratorUnavailable      the drawing
    ├── Busy(retry_after_s)
    ├── StoreOutOfReach(retry_after_s)
    ├── DeadlineExceeded
    ├── GeneratorFailed
    ├── ResultTooLarge
    ├── StyleNotServed(served)
    └── NoWeights
"""

from __future__ import annotations

import re

from bot.texts import Text, Value, say
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

    def __init__(self, option: str, allowed: Text) -> None:
        super().__init__(f"option {option} takes {say(allowed)}")
        self.option = option
        self.allowed = allowed


class InvalidSetting(RequestRefused):
    """The value is none for the setting; `name` is one of ours, or no setting at all. `most` is what the instance
    allows of a number, where that is less than what the setting could be."""

    def __init__(self, name: str, most: float | None = None) -> None:
        super().__init__(f"no value for {name}")
        self.name = name
        self.most = most


class UnknownEmote(RequestRefused):
    """No catalogue knows it; `suggestions` are the nearest catalogue names, best first, `down` the sources (as people
    call them) that could not be asked."""

    def __init__(self, suggestions: tuple[str, ...] = (), down: tuple[Value, ...] = ()) -> None:
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


class MissingPermissions(RequestRefused):
    """The answer could not be posted where it was asked for: `missing` are keys of `replies.PERMISSIONS`."""

    def __init__(self, missing: tuple[str, ...]) -> None:
        super().__init__(f"missing {', '.join(missing)}")
        self.missing = missing


class NoServerIcon(RequestRefused):
    """The server's icon, where there is no server or it has none."""


class GuessingOff(RequestRefused):
    """Admins do not want the guessing game here."""


class RoundRunning(RequestRefused):
    """A channel has one round of the guessing game at a time."""


class TooSoon(RequestRefused):
    """The same will be fine a little later."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"too soon by {retry_after_s:.1f} s")
        self.retry_after_s = retry_after_s


class ChannelPaused(TooSoon):
    """The platform kept refusing answers there."""


class TooManyRequests(TooSoon):
    """The asker has as many unfinished requests as one person may."""


class CooldownActive(TooSoon):
    """The asker's last request in this server was a moment ago."""


class RoundTooSoon(TooSoon):
    """The channel's last round has only just ended."""


class TooManyTries(TooSoon):
    """So many codes were given in a row that somebody may be guessing."""


class QuotaUsedUp(TooSoon):
    """The server has drawn as much as it may in a day."""


class Paused(RequestRefused):
    """Somebody in charge has stopped the drawing for now."""


class ChannelDisabled(RequestRefused):
    """Admins do not want faces here, or not asked for in this way."""


class RoleRequired(RequestRefused):
    """Only members with certain roles may ask."""


class RankRequired(RequestRefused):
    """Only people of this rank (a value of the setting `ask_from`) or above may ask."""

    def __init__(self, rank: str) -> None:
        super().__init__(f"for {rank} and above")
        self.rank = rank


class StreamOffline(RequestRefused):
    """Faces are drawn only while the stream is on, and it is off."""


class Blocked(RequestRefused):
    """The asker, or one of the asker's roles, is blocked. Which, and by whom, is nobody's business."""


class EmoteBlocked(RequestRefused):
    """The emote is blocked here."""


class PictureBlocked(RequestRefused):
    """The picture, or one that looks just like it, is blocked here."""


class TooManyBlocked(RequestRefused):
    """As much of this kind is blocked as can be."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit} blocked")
        self.limit = limit


class UnknownCode(RequestRefused):
    """Nobody made this code, or it was used, or it is too old."""


class TooManyMirrors(RequestRefused):
    """As many channels are linked to this one, or to the other, as can be."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit} mirrors")
        self.limit = limit


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

    def __init__(self, limit: Text) -> None:
        super().__init__(f"over the limit of {say(limit)}")
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


class StoreOutOfReach(GeneratorUnavailable):
    """Nothing can be written down: the database is down, the disk full."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__("store out of reach")
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
