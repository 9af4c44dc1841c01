"""Everything about mirrors that is the same on every platform, put together."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.mirror.commanding import MirrorCommand
from bot.mirror.linking import Linking
from bot.mirror.mirror import Mirror
from bot.policy.policy import Policy
from bot.stage.stage import Stage
from bot.store.mirror_posts import MirrorPosts
from bot.store.mirrors import Mirrors


@dataclass(frozen=True, slots=True)
class MirrorParts:
    """Discord posts (`mirror`, `posts`, `stage`) and links (`linking`); Twitch links (`command`)."""

    mirror: Mirror
    posts: MirrorPosts
    linking: Linking
    command: MirrorCommand
    stage: Stage


def mirror_parts(engine: AsyncEngine, policy: Policy, stage: Stage) -> MirrorParts:
    """They listen to the stage from now on."""
    mirrors, posts = Mirrors(engine), MirrorPosts(engine)
    mirror, linking = Mirror(mirrors, posts, stage), Linking(mirrors, policy)
    stage.add_listener(mirror)
    return MirrorParts(mirror, posts, linking, MirrorCommand(linking), stage)
