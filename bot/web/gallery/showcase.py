"""Which faces the gallery shows."""

from __future__ import annotations

from collections.abc import Iterable

from bot.policy.policy import Policy
from bot.stage.face import StagedFace, StageState
from bot.store.staged_faces import StagedFaces

NEWEST, BEST = 48, 12


class Gone(Exception):
    """The face was there once, or waits for its approval; nobody is shown it."""


class Showcase:
    """A face is shown while it is on the stage and the gallery is open, both where it was asked for and then as now."""

    def __init__(self, faces: StagedFaces, policy: Policy) -> None:
        self._faces = faces
        self._policy = policy

    async def face(self, slug: str) -> StagedFace | None:
        """None for a name that no face has; raise Gone."""
        face = await self._faces.by_slug(slug)
        if face is not None and not await self._shown([face]):
            raise Gone
        return face

    async def newest(self, scope_id: str) -> list[StagedFace]:
        """The last NEWEST, newest first."""
        return await self._shown(await self._faces.in_gallery(scope_id, NEWEST))

    async def best(self, scope_id: str) -> list[tuple[StagedFace, int]]:
        """Those that most people like, with how many."""
        liked = await self._faces.best_in_gallery(scope_id, BEST)
        shown = await self._shown([face for face, _ in liked])
        return [(face, votes) for face, votes in liked if face in shown]

    async def _shown(self, faces: Iterable[StagedFace]) -> list[StagedFace]:
        is_open: dict[tuple[str, str | None], bool] = {}
        shown = []
        for face in faces:
            channel = face.origin.channel_id, face.parent_channel_id
            if channel not in is_open:
                is_open[channel] = (await self._policy.effective(face.origin.scope_id, *channel)).gallery
            if face.state is StageState.SHOWN and face.in_gallery and is_open[channel]:
                shown.append(face)
        return shown
