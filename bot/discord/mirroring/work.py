"""Posts in mirroring channels what is shown on Twitch, once each, and removes what is hidden."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

import discord
import structlog

from bot.discord.answer_view import ShownFace, filename_of, filenames_in
from bot.discord.client import FaceBot
from bot.discord.link import Link, NotConnected
from bot.discord.locales import of_server
from bot.discord.outbox import Outbox, Parcel
from bot.discord.pacing import Pacing
from bot.discord.posting import DISCORD_FAILURES, Content, Place, delete, find_own, may_pass, nonce_of
from bot.discord.reach import Reach, known_permissions
from bot.discord.sharding import ShardRange
from bot.mirror.mirror import CATCH_UP_S
from bot.mirror.parts import MirrorParts
from bot.models import FacePicture, Origin, Platform
from bot.replies import alt_text
from bot.stage.face import StagedFace, StageState
from bot.store.mirror_posts import MirrorPost, PostState
from bot.store.mirrors import MirrorLink
from bot.texts import Text, Value, say
from inference.protocol import Format

log = structlog.get_logger(__name__)

CLAIM_S = 120.0  # what a process that died had in hand is taken up again after this
_AT_ONCE = 8
_UNKNOWN_CHANNEL = 10003
_LOOK_BACK_S = 60.0  # clocks differ
_MAX_NAME_CHARS = 40


class Pictures(Protocol):
    """`bot.face_service.FaceService`."""

    async def picture(self, picture_id: str) -> FacePicture | None: ...


class MirrorWork:
    """What is open lies in the store. A post that may have been made is looked for before it is made again, and where
    looking is not allowed it is not made again."""

    def __init__(
        self,
        parts: MirrorParts,
        pictures: Pictures,
        link: Link,
        pacing: Pacing,
        *,
        outbox: Outbox,
        reach: Reach,
        shards: ShardRange,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._parts = parts
        self._pictures = pictures
        self._link = link
        self._pacing = pacing
        self._outbox = outbox
        self._reach = reach
        self._shards = shards
        self._clock = clock

    async def run(self) -> None:
        """Until cancelled. What the listener missed, because too much changed at once, is caught up with in time."""
        catch_up_at = self._clock()
        while True:
            try:
                if self._clock() >= catch_up_at:
                    await self._parts.mirror.catch_up()
                    catch_up_at = self._clock() + self._pacing.mirror_catch_up_s
                await self._work()
            except Exception:
                log.exception("mirror_work_failed")
            await self._wait()

    async def _wait(self) -> None:
        """Until something is noted here; other processes note things too."""
        noted = self._parts.mirror.noted
        try:
            async with asyncio.timeout(self._pacing.mirror_every_s):
                await noted.wait()
        except TimeoutError:
            return
        noted.clear()

    async def _work(self) -> None:
        """As long as there is something to do."""
        client = self._link.current
        while client is not None and client.is_online and client.is_ready():  # ready: it knows its servers
            posts = [post for _ in range(_AT_ONCE) if (post := await self._claim()) is not None]
            async with asyncio.TaskGroup() as group:
                for post in posts:
                    group.create_task(self._do(post))
            if len(posts) < _AT_ONCE:
                return

    async def _claim(self) -> MirrorPost | None:
        now = self._clock()
        return await self._parts.posts.claim(now, now + CLAIM_S, self._owns)

    def _owns(self, scope_id: str) -> bool:
        return self._shards.owns(Origin(Platform.DISCORD, scope_id, "", ""))

    async def _do(self, post: MirrorPost) -> None:
        try:
            async with asyncio.timeout(self._pacing.request_timeout_s):
                await (self._remove(post) if post.state is PostState.REMOVING else self._post(post))
        except (NotConnected, *DISCORD_FAILURES) as error:
            log.info("mirror_post_delayed", request_id=post.request_id, state=post.state, error=type(error).__name__)
            if isinstance(error, NotConnected) or may_pass(error):
                await self._parts.posts.later(post, self._clock() + self._pacing.mirror_again_s)
            else:
                await self._parts.posts.end(post, PostState.FAILED)
                await self._refused(post, error)
        except Exception:
            log.exception("mirror_post_failed", request_id=post.request_id)

    async def _post(self, post: MirrorPost) -> None:
        face = await self._parts.stage.get(post.request_id)
        picture = await self._pictures.picture(post.request_id)
        link = await self._link_of(post)
        is_shown = face is not None and face.state is StageState.SHOWN
        if face is None or not is_shown or picture is None or link is None:
            await self._parts.posts.end(post, PostState.FAILED)
            return
        client, place = self._link.client, _place(post)
        message = await self._found(client, post) if post.state is PostState.POSTING else None
        if message is None:
            if self._is_late(post) or self._cannot_look(client, post):
                log.warning("mirror_post_given_up", request_id=post.request_id, channel_id=post.channel_id)
                await self._parts.posts.end(post, PostState.FAILED)
                return
            locale = of_server(client.get_guild(int(post.scope_id)))
            parcel = Parcel(place, _content(face, picture, link, locale), _nonce(post), "", may_share=False)
            message = await self._outbox.post(client, parcel)
            self._reach.worked(place)
        await self._parts.posts.posted(post, str(message.id))
        log.info("mirror_posted", request_id=post.request_id, channel_id=post.channel_id)

    async def _remove(self, post: MirrorPost) -> None:
        client = self._link.client
        message_id = int(post.message_id) if post.message_id else None
        if message_id is None and (message := await self._found(client, post)) is not None:
            message_id = message.id
        if message_id is not None:
            try:
                await delete(client, _place(post), message_id)
            except discord.NotFound:
                log.info("mirror_post_gone_already", request_id=post.request_id)
        await self._parts.posts.end(post, PostState.REMOVED)
        log.info("mirror_post_removed", request_id=post.request_id, channel_id=post.channel_id)

    async def _found(self, client: FaceBot, post: MirrorPost) -> discord.Message | None:
        """The post, should it be there; a face's picture has the same name in all its forms."""
        moment = datetime.fromtimestamp(post.at - _LOOK_BACK_S, UTC)
        names = {filename_of(post.request_id, form) for form in Format}
        after_id = discord.utils.time_snowflake(moment)
        return await find_own(client, _place(post), after_id, lambda message: bool(names & filenames_in(message)))

    async def _link_of(self, post: MirrorPost) -> MirrorLink | None:
        links = await self._parts.linking.of_channel(post.channel_id)
        return next((each for each in links if each.from_scope_id == post.from_scope_id), None)

    async def _refused(self, post: MirrorPost, error: Exception) -> None:
        """A channel that is gone is linked to nothing any more; where the bot may not post, admins are told."""
        if isinstance(error, discord.Forbidden):
            await self._reach.refused(_place(post))
        elif isinstance(error, discord.NotFound) and error.code == _UNKNOWN_CHANNEL:
            for link in await self._parts.linking.of_channel(post.channel_id):
                await self._parts.linking.end(link)

    def _is_late(self, post: MirrorPost) -> bool:
        return post.at < self._clock() - CATCH_UP_S

    def _cannot_look(self, client: FaceBot, post: MirrorPost) -> bool:
        if post.state is not PostState.POSTING:
            return False
        permissions = known_permissions(client, _place(post))
        return permissions is not None and not permissions.read_message_history


def _place(post: MirrorPost) -> Place:
    return Place(int(post.channel_id), int(post.scope_id))


def _nonce(post: MirrorPost) -> str:
    return nonce_of(post.request_id, f"mirror {post.channel_id}")


def _content(face: StagedFace, picture: FacePicture, link: MirrorLink, locale: str) -> Content:
    asker = _shown_name(face.asker_name) if face.asker_name else Text("Somebody")
    told: dict[str, Value] = {"asker": asker, "channel": _shown_name(link.from_name)}
    words = Text("{asker} on Twitch, in the chat of {channel}", told)
    shown = ShownFace(
        picture.content,
        filename=filename_of(face.request_id, Format.of(picture.content)),
        alt_text=say(alt_text(face.emotes), locale),
        caption=say(words, locale),
    )
    return Content(face=shown)


def _shown_name(name: str) -> str:
    """Of people and channels elsewhere: whatever they call themselves is neither markup nor a mention here."""
    printable = "".join(each for each in name if each.isprintable())
    short = " ".join(printable.split())[:_MAX_NAME_CHARS]
    return discord.utils.escape_mentions(discord.utils.escape_markdown(short)).replace("<", "‹")
