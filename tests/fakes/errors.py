"""One of every error, for tests that go through all of them."""

from __future__ import annotations

from collections.abc import Callable

from bot import errors
from bot.errors import FaceError
from bot.texts import Text
from inference.protocol import Style

_SAMPLES: dict[type[FaceError], Callable[[], FaceError]] = {
    errors.TooManyEmotes: lambda: errors.TooManyEmotes(4),
    errors.InvalidOption: lambda: errors.InvalidOption("x", Text("a whole number from 1 to 10")),
    errors.UnknownEmote: lambda: errors.UnknownEmote(("kappa", "keepo")),
    errors.RankRequired: lambda: errors.RankRequired("follower"),
    errors.FlaggedEmote: lambda: errors.FlaggedEmote(("epilepsy", "edgy")),
    errors.TooManyRequests: lambda: errors.TooManyRequests(5.4),
    errors.RoundTooSoon: lambda: errors.RoundTooSoon(4.0),
    errors.InvalidSetting: lambda: errors.InvalidSetting("style"),
    errors.TooManyBlocked: lambda: errors.TooManyBlocked(1000),
    errors.TooManyTries: lambda: errors.TooManyTries(600.0),
    errors.TooManyMirrors: lambda: errors.TooManyMirrors(5),
    errors.CooldownActive: lambda: errors.CooldownActive(5.4),
    errors.QuotaUsedUp: lambda: errors.QuotaUsedUp(5000.4),
    errors.PictureTooLarge: lambda: errors.PictureTooLarge(Text("2 MB")),
    errors.StyleNotServed: lambda: errors.StyleNotServed((Style.CLASSIC,)),
    errors.MissingPermissions: lambda: errors.MissingPermissions(("send_messages", "attach_files")),
    errors.ChannelPaused: lambda: errors.ChannelPaused(1790.2),
    errors.Busy: lambda: errors.Busy(31.6),
    errors.StoreOutOfReach: lambda: errors.StoreOutOfReach(30.0),
}


def leaves(kind: type[FaceError] = FaceError) -> list[type[FaceError]]:
    """The errors that are raised, which are those without children."""
    below = kind.__subclasses__()
    return [leaf for child in below for leaf in leaves(child)] if below else [kind]


def sample_of(leaf: type[FaceError]) -> FaceError:
    """With data, if it has any."""
    return _SAMPLES.get(leaf, leaf)()
