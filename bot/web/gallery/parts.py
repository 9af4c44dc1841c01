"""The gallery as the program has it."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.operating.reporting import ReportTaker
from bot.policy.policy import Policy
from bot.store.channel_names import ChannelNames
from bot.store.reports import Reports
from bot.store.staged_faces import StagedFaces
from bot.web.gallery.pages import Faces, GalleryPages, GalleryParts
from bot.web.gallery.showcase import Showcase
from bot.web.signing import Signer, signing_key
from bot.web.visitors import Visitors
from config.settings import Settings


def gallery_pages(engine: AsyncEngine, faces: Faces, policy: Policy, settings: Settings) -> GalleryPages:
    """Raise OSError when the key for signatures can be neither read nor made."""
    parts = GalleryParts(
        faces,
        Showcase(StagedFaces(engine), policy),
        ChannelNames(engine),
        ReportTaker(Reports(engine)),
        Signer(signing_key(settings.data_dir, settings.store.key)),
        Visitors(settings.web),
    )
    return GalleryPages(parts, settings.web.public_url)
