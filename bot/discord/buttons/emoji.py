"""A face as an emoji of the server: who may, what it is called, and the file that Discord takes."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import discord
from discord import ui
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from bot.discord.buttons.controls import Action, custom_id
from bot.models import FaceRequest
from bot.texts import Text, say
from bot.thinning import even_spans

NAME_FIELD = "name"
SIDE_PX = 128
MAX_BYTES = 256 * 1024  # https://docs.discord.com/developers/resources/emoji
_SHORTEST, _LONGEST = 2, 32
_MOVING = ((1.0, 128, 128), (1.0, 64, 96), (0.5, 64, 96), (0.25, 64, 64), (0.0, 64, 64))


SLOTS_FULL = Text("All of this server's slots for emoji are taken.")
BOT_MAY_NOT = Text("For that I need the permission to create expressions.")


def refusal_of(interaction: discord.Interaction[Any]) -> Text | None:
    """Why no emoji can be made here by whoever pressed, None when it can."""
    guild = interaction.guild
    if guild is None or guild.unavailable:
        return Text("Emoji belong to servers, and I'm not a member of one here.")
    if not _may_create(interaction.permissions):
        return Text("For that you need the permission to create expressions.")
    if not _may_create(interaction.app_permissions):
        return BOT_MAY_NOT
    animated = sum(emoji.animated for emoji in guild.emojis)
    if min(animated, len(guild.emojis) - animated) >= guild.emoji_limit:
        return SLOTS_FULL
    return None


def name_form(request: FaceRequest, locale: str) -> ui.Modal:
    """Asks what the emoji is to be called. The library keeps nothing of it: its id says which face it is about."""
    form = ui.Modal(title=say(Text("A new emoji"), locale), custom_id=custom_id(Action.NAME, request.id))
    form.stop()
    field: ui.TextInput[Any] = ui.TextInput(
        custom_id=NAME_FIELD, default=proposed_name(request), min_length=_SHORTEST, max_length=_LONGEST
    )
    form.add_item(ui.Label(text=say(Text("Name: letters, digits and underscores"), locale), component=field))
    return form


def name_in(interaction: discord.Interaction[Any]) -> str | None:
    """What was filled in; None when Discord takes no such name."""
    data: Any = interaction.data or {}
    values = (each["value"] for each in _inputs(data.get("components", [])) if each.get("custom_id") == NAME_FIELD)
    name = next(values, "")
    return name if re.fullmatch(rf"[A-Za-z0-9_]{{{_SHORTEST},{_LONGEST}}}", name) else None


def proposed_name(request: FaceRequest) -> str:
    """Of the emote's, where its catalogue knows one."""
    known = re.sub(r"[^A-Za-z0-9_]", "", (request.emotes[0].name or "").title().replace(" ", ""))
    return f"{known[: _LONGEST - len('Face')]}Face" if known else "face"


def emoji_file(content: bytes) -> bytes:
    """A finished face as a PNG or GIF within Discord's limits, marked as AI-made as the face is. Not for the event
    loop."""
    with Image.open(io.BytesIO(content)) as picture:
        origin: bytes = picture.info.get("xmp") or picture.info.get("comment") or b""
        frames = [(frame.convert("RGBA"), int(frame.info.get("duration", 100))) for frame in _frames(picture)]
    if len(frames) == 1:
        file = io.BytesIO()
        mark = PngInfo()
        mark.add_itxt("XML:com.adobe.xmp", origin.decode(errors="replace"))
        _fitted(frames[0][0], SIDE_PX).save(file, "PNG", optimize=True, pnginfo=mark)
        return file.getvalue()
    for share, colours, side_px in _MOVING:
        made = _gif(_thinned(frames, max(2, round(share * len(frames)))), colours, side_px, origin)
        if len(made) <= MAX_BYTES:
            break
    return made


def _may_create(permissions: discord.Permissions) -> bool:
    return permissions.create_expressions or permissions.manage_expressions


def _inputs(components: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for component in components:
        yield from _inputs([*component.get("components", []), *filter(None, [component.get("component")])])
        if "value" in component:
            yield component


def _frames(picture: Image.Image) -> Iterator[Image.Image]:
    for at in range(getattr(picture, "n_frames", 1)):
        picture.seek(at)
        picture.load()
        yield picture


def _fitted(picture: Image.Image, side_px: int) -> Image.Image:
    """As large as fits; a sheet is not square."""
    fitted = picture.copy()
    fitted.thumbnail((side_px, side_px), Image.Resampling.LANCZOS)
    return fitted


def _thinned(frames: list[tuple[Image.Image, int]], most: int) -> list[tuple[Image.Image, int]]:
    """At most so many frames, each shown until the next one that is left."""
    spans = [frames[start:end] for start, end in even_spans(len(frames), min(most, len(frames)))]
    return [(span[0][0], sum(duration for _, duration in span)) for span in spans]


def _gif(frames: list[tuple[Image.Image, int]], colours: int, side_px: int, comment: bytes) -> bytes:
    images = [_fitted(image, side_px).convert("RGB").quantize(colours, dither=Image.Dither.NONE) for image, _ in frames]
    lasting = [duration for _, duration in frames]
    file = io.BytesIO()
    first, *others = images
    first.save(file, "GIF", save_all=True, append_images=others, duration=lasting, loop=0, comment=comment)
    return file.getvalue()
