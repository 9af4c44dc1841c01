"""Whom and what admins do not want drawn: `/emoteface block …`, `unblock`, `blocks`, and a menu on messages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import discord
from discord import app_commands

from bot.discord.admin.block_list import PER_PAGE, TEMPLATE, BlockList, kind_words
from bot.discord.admin.desk import Admin, Answer, Desk
from bot.discord.command_words import named_choices
from bot.discord.emote_answers import KnowsEmotes
from bot.discord.feature import Feature, menu, subcommand, used
from bot.discord.gathering import Gathering
from bot.discord.hearing import origin_of
from bot.discord.link import Link
from bot.discord.rights import refusal_unless_moderator
from bot.discord.service import Faces
from bot.errors import LinkNotAllowed, NothingToDraw, UnknownEmote
from bot.models import Emote, Platform
from bot.policy.blocking import Blocking
from bot.store.blocks import Block, BlockKind
from bot.texts import Text

_MESSAGE_LINK = re.compile(r"https://(?:\w+\.)?discord(?:app)?\.com/channels/(\d{1,20})/(\d{1,20})/(\d{1,20})")
_MAX_CHOICES = 25
_MAX_CHOICE_CHARS = 100


class Blocks(Feature):
    """Pictures are blocked by how they look, everything else by its id."""

    def __init__(
        self,
        blocking: Blocking,
        faces: Faces,
        emotes: KnowsEmotes,
        link: Link,
        desk: Desk,
        *,
        gathering: Gathering,
    ) -> None:
        self._blocking = blocking
        self._faces = faces
        self._emotes = emotes
        self._link = link
        self._desk = desk
        self._gathering = gathering

    @subcommand("block user", "Nothing is drawn for this member any more")
    @app_commands.describe(member="Who")
    async def block_user(self, interaction: discord.Interaction, member: discord.User) -> None:
        """In this server."""

        async def work(admin: Admin) -> Answer:
            await self._blocking.block_user(admin.scope_id, Platform.DISCORD, str(member.id), admin.user_id)
            return Text("Done: I draw nothing for {who} here.", {"who": f"<@{member.id}>"})

        self._desk.hear(interaction, work)

    @subcommand("block role", "Nothing is drawn for members with this role any more")
    @app_commands.describe(role="Which role")
    async def block_role(self, interaction: discord.Interaction, role: discord.Role) -> None:
        """In this server."""

        async def work(admin: Admin) -> Answer:
            if role.is_default():
                return Text("Everybody has that role. `/emoteface pause` stops the drawing for all.")
            await self._blocking.block_role(admin.scope_id, str(role.id), admin.user_id)
            return Text("Done: I draw nothing for {who} here.", {"who": f"<@&{role.id}>"})

        self._desk.hear(interaction, work)

    @subcommand("block emote", "This emote is not drawn any more, whatever it is called")
    @app_commands.describe(emote="Its name, or the emote itself")
    async def block_emote(self, interaction: discord.Interaction, emote: str) -> None:
        """In this server, by its id."""
        self._desk.hear(interaction, lambda admin: self._block_emote(admin, interaction, emote))

    @subcommand("block picture", "A picture is not drawn any more, nor are copies of it")
    @app_commands.describe(picture="The picture itself", link="Or a link to a message with it, or with a face of it")
    async def block_picture(
        self, interaction: discord.Interaction, picture: discord.Attachment | None = None, link: str = ""
    ) -> None:
        """In this server, by how it looks."""

        async def work(admin: Admin) -> Answer:
            if picture is not None:
                return await self._block(admin, self._gathering.sent(picture, admin.user_id))
            return await self._block(admin, await self._shown_in(await self._linked(admin, link)))

        self._desk.hear(interaction, work)

    @menu("Block this picture")
    @app_commands.default_permissions(manage_messages=True)
    async def block_this_picture(self, interaction: discord.Interaction, message: discord.Message) -> None:
        """What a message shows, or what a face was made of."""

        async def work(admin: Admin) -> Answer:
            return await self._block(admin, await self._shown_in(message))

        self._desk.hear(interaction, work, refusal=refusal_unless_moderator)

    async def _suggest_blocked(self, interaction: discord.Interaction, text: str) -> list[app_commands.Choice[str]]:
        if not interaction.permissions.manage_guild:
            return []
        choices = []
        for kind in BlockKind:
            for block in await self._blocking.listed(str(interaction.guild_id), kind):
                value = f"{kind}:{block.value}"
                if text.lower() in value and len(value) <= _MAX_CHOICE_CHARS:
                    choices.append(app_commands.Choice(name=value, value=value))
        return choices[:_MAX_CHOICES]

    @subcommand("unblock", "For admins: take a block back")
    @app_commands.describe(what="As it is suggested; `blocks` lists them with a button beside each")
    @app_commands.autocomplete(what=_suggest_blocked)
    async def unblock(self, interaction: discord.Interaction, what: str) -> None:
        """Whatever kind it is of."""
        kind, _, value = what.partition(":")

        async def work(admin: Admin) -> Answer:
            known = kind in set(BlockKind) and await self._unblock(admin, BlockKind(kind), value)
            return Text("Done, that is not blocked any more.") if known else Text("That is not blocked here.")

        self._desk.hear(interaction, work)

    @subcommand("blocks", "For admins: who and what is blocked here")
    @app_commands.describe(kind="Of which kind")
    @app_commands.choices(kind=named_choices({kind: kind_words(kind) for kind in BlockKind}))
    async def blocks(self, interaction: discord.Interaction, kind: str) -> None:
        """The newest first, page by page."""
        self._desk.hear(interaction, lambda admin: self._list(admin, BlockKind(kind), 0))

    @used(TEMPLATE)
    def pressed(self, interaction: discord.Interaction[Any], match: re.Match[str]) -> None:
        """A button of the list."""
        kind, page, value = BlockKind(match["kind"]), int(match["page"]), match["value"]

        async def work(admin: Admin) -> Answer:
            if value:
                await self._unblock(admin, kind, value)
            return await self._list(admin, kind, page)

        self._desk.hear_press(interaction, work)

    async def _unblock(self, admin: Admin, kind: BlockKind, value: str) -> bool:
        return await self._blocking.unblock(admin.scope_id, kind, value, admin.user_id)

    async def _list(self, admin: Admin, kind: BlockKind, page: int) -> Answer:
        blocks: Sequence[Block] = await self._blocking.listed(admin.scope_id, kind)
        last = max(0, (len(blocks) - 1) // PER_PAGE)
        return BlockList(kind, blocks, min(page, last), admin.locale)

    async def _block_emote(self, admin: Admin, interaction: discord.Interaction[Any], word: str) -> Answer:
        origin = origin_of(interaction.guild_id, interaction.channel_id or 0, interaction.user.id)
        explained = await self._emotes.explain(origin, word.strip(), self._link.emoji_of(interaction.guild_id))
        if explained.found is None:
            raise UnknownEmote(explained.near)
        return await self._block(admin, (explained.found.emote,))

    async def _shown_in(self, message: discord.Message) -> Sequence[Emote]:
        """Of an answer of ours what it was made of, of other messages their pictures. Raise NothingToDraw."""
        requests = await self._faces.answered_as(Platform.DISCORD, str(message.id))
        emotes = [emote for request in requests for emote in request.emotes]
        if not emotes and message.author.id != self._link.own_id:
            emotes = list((await self._gathering.shown_by(message)).pictures)
        if not emotes:
            raise NothingToDraw
        return emotes

    async def _linked(self, admin: Admin, link: str) -> discord.Message:
        """Only of this server: of another one, its admins decide."""
        found = _MESSAGE_LINK.fullmatch(link.strip())
        if found is None or found[1] != admin.scope_id:
            raise LinkNotAllowed
        message = await self._gathering.message(int(found[1]), int(found[2]), int(found[3]))
        if message is None:
            raise NothingToDraw
        return message

    async def _block(self, admin: Admin, emotes: Sequence[Emote]) -> Answer:
        await self._faces.block(emotes, admin.scope_id, admin.user_id)
        return Text("Done: that is not drawn here any more, and neither are copies of it.")
