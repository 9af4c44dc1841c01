"""The overlays as the program has them: built once, and told of everything that changes on them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.emotes.hosts import picture_hosts
from bot.emotes.library import picture_urls
from bot.guessing.game import Game
from bot.policy.policy import Policy
from bot.stage.stage import Stage
from bot.store.guesses import GuessStore
from bot.store.overlays import OverlaySecrets
from bot.store.pictures import PictureStore
from bot.store.requests import RequestStore
from bot.web.overlay.emotes import EmotePictures, Fetches, picture_origins
from bot.web.overlay.overlays import Overlays
from bot.web.overlay.pages import OverlayPages
from bot.web.overlay.scenes import SceneParts, Scenes
from config.settings import Settings


@dataclass(frozen=True, slots=True)
class Shown:
    """What an overlay shows comes from here."""

    stage: Stage
    game: Game
    policy: Policy
    fetcher: Fetches
    pictures: PictureStore


@dataclass(frozen=True, slots=True)
class OverlayParts:
    """For whoever shows an overlay's address, and for the site."""

    overlays: Overlays
    pages: OverlayPages


def overlay_parts(engine: AsyncEngine, shown: Shown, settings: Settings) -> OverlayParts:
    """One a process."""
    overlays = Overlays(OverlaySecrets(engine))
    shown.stage.add_listener(overlays)
    shown.policy.watch(overlays.setting_changed)
    shown.game.watch(overlays.round_changed)
    emotes = EmotePictures(shown.fetcher, picture_urls(settings))
    parts = SceneParts(
        shown.stage, GuessStore(engine), RequestStore(engine), shown.pictures, shown.policy, emotes, overlays
    )
    origins = picture_origins(picture_hosts(settings))
    pages = OverlayPages(overlays, Scenes(parts), emotes, picture_origins=origins, public_url=settings.web.public_url)
    return OverlayParts(overlays, pages)
