"""What a message shows that a face can be made of: stickers, attachments, previews of links, emotes in its text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import discord
import emoji
from yarl import URL

from bot.decode.limits import MAX_JPEG_PIXELS, MAX_PIXELS
from bot.emotes.discord_emoji import markup_in
from bot.emotes.links import Links
from bot.emotes.resolver import MAX_EMOTES
from bot.emotes.stickers import sticker
from bot.errors import LinkNotAllowed, UnsupportedPicture
from bot.models import Emote, EmoteSource

_FROM_PROXY_PX = 1024  # the longer side of what Discord's media proxy is asked for
_AVATAR_PX = 256


@dataclass(frozen=True, slots=True)
class Shown:
    """`pictures` in the order of the message, `words` the emotes in its text; `refused_links` says that it also shows
    a picture from a host that is not asked."""

    pictures: tuple[Emote, ...] = ()
    words: tuple[str, ...] = ()
    refused_links: bool = False

    def __len__(self) -> int:
        return len(self.pictures) + len(self.words)

    @property
    def once(self) -> Shown:
        """The same without repetitions."""
        return Shown(tuple(dict.fromkeys(self.pictures)), tuple(dict.fromkeys(self.words)), self.refused_links)


class Showing:
    """Reads messages. `max_bytes` is the most that is downloaded: of larger attachments Discord makes smaller ones."""

    def __init__(self, links: Links, *, max_bytes: int) -> None:
        self._links = links
        self._max_bytes = max_bytes

    def own(self, message: discord.Message) -> tuple[Emote, ...]:
        """What somebody sends along with a question: stickers and attachments."""
        owner_id = str(message.author.id)
        return (*_stickers(message.stickers), *self._attachments(message.attachments, owner_id))[:MAX_EMOTES]

    def sent(self, attachment: discord.Attachment, owner_id: str) -> tuple[Emote, ...]:
        """The picture somebody picked. Raise UnsupportedPicture when it is none."""
        if not (pictures := tuple(self._attachments([attachment], owner_id))):
            raise UnsupportedPicture
        return pictures

    def all(
        self, message: discord.Message | discord.MessageSnapshot, owner_id: str | None, most: int = MAX_EMOTES
    ) -> Shown:
        """Of what is forwarded, the words and previews too. `owner_id` owns the attachments, None if nobody knows."""
        previews, refused_links = self._previews(message.embeds)
        pictures = (*_stickers(message.stickers), *self._attachments(message.attachments, owner_id), *previews)
        words = words_in(message.content)[: most - len(pictures[:most])]
        return Shown(pictures[:most], words, refused_links)

    def _attachments(self, attachments: Sequence[discord.Attachment], owner_id: str | None) -> Iterator[Emote]:
        for attachment in attachments:
            if (attachment.content_type or "").startswith("image/"):
                yield Emote(EmoteSource.ATTACHMENT, self._url(attachment), shown_user_id=owner_id)

    def _url(self, attachment: discord.Attachment) -> str:
        """A phone's photo as it is where that can be read, else through the proxy that makes it smaller."""
        width, height = attachment.width or 0, attachment.height or 0
        most_pixels = MAX_JPEG_PIXELS if attachment.content_type == "image/jpeg" else MAX_PIXELS
        if attachment.size <= self._max_bytes and width * height <= most_pixels:
            return attachment.url
        scale = min(1.0, _FROM_PROXY_PX / max(width, height, 1))
        size = {"width": max(1, round(width * scale)), "height": max(1, round(height * scale))}
        return str(URL(attachment.proxy_url).update_query(size))

    def _previews(self, embeds: Sequence[discord.Embed]) -> tuple[list[Emote], bool]:
        emotes, refused = [], False
        for url in filter(None, (embed.image.url or embed.thumbnail.url for embed in embeds)):
            try:
                emotes.append(self._links.read(url))
            except LinkNotAllowed:
                refused = True
        return emotes, refused


def avatar_of(user: discord.User | discord.Member) -> Emote:
    """A bot's shows nobody; a person's is that person's."""
    url = user.display_avatar.with_size(_AVATAR_PX).url
    return Emote(EmoteSource.AVATAR, url, shown_user_id=None if user.bot else str(user.id))


def icon_of(guild: discord.Guild) -> Emote | None:
    """None for a server that has no icon."""
    return Emote(EmoteSource.SERVER_ICON, guild.icon.with_size(_AVATAR_PX).url) if guild.icon else None


def words_in(text: str) -> tuple[str, ...]:
    """The custom and Unicode emoji of a text in order, as one would type them; its other words are talk."""
    found = dict(markup_in(text))
    found |= {match["match_start"]: match["emoji"] for match in emoji.emoji_list(text)}
    return tuple(found[at] for at in sorted(found))


def _stickers(items: Sequence[discord.StickerItem]) -> Iterator[Emote]:
    for item in items:
        if (emote := sticker(item.id, item.format.value)) is not None:
            yield emote
