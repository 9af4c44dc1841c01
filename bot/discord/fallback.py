"""What is posted when Discord does not take a face: a smaller one, a link, words."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import discord

from bot.discord.answer_view import ShownFace
from bot.discord.posting import Content, is_too_large
from bot.errors import MissingPermissions, ResultTooLarge
from bot.models import FaceRequest
from bot.replies import words_for
from bot.smaller import smaller
from bot.texts import Text, say

_MISSING_PERMISSIONS = 50013


class Fallback:
    """`public_url` is where people reach the program's own pages, None where they cannot."""

    def __init__(self, public_url: str | None) -> None:
        self._public_url = public_url

    async def instead_of(self, content: Content, request: FaceRequest, error: discord.HTTPException) -> Content | None:
        """What to try next; None when nothing else is worth it. Sizes halve, so that this comes to an end."""
        if content.face is None:
            return None
        if is_too_large(error):
            return await _half(content.face) or Content(self._too_large(request))
        if error.code == _MISSING_PERMISSIONS:
            return Content(self._no_pictures(request))
        return None

    def _too_large(self, request: FaceRequest) -> str:
        if self._public_url is None:
            return say(words_for(ResultTooLarge()), request.locale)
        return say(Text("That face is too large for Discord: {link}", {"link": self._link(request)}), request.locale)

    def _no_pictures(self, request: FaceRequest) -> str:
        if self._public_url is None:
            return say(words_for(MissingPermissions(("attach_files",))), request.locale)
        return say(Text("I may not post pictures here: {link}", {"link": self._link(request)}), request.locale)

    def _link(self, request: FaceRequest) -> str:
        return f"{self._public_url}/pictures/{request.id}.webp"


async def _half(face: ShownFace) -> Content | None:
    picture = await asyncio.to_thread(smaller, face.picture, len(face.picture) // 2)
    return None if picture is None else Content(face=replace(face, picture=picture))
