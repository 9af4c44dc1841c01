"""From a redemption to a face: joined with its chat message, asked for once, refunded when it is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import structlog

from bot.command import FaceCommand, parse_command, strip_prefix
from bot.errors import FaceError, GeneratorFailed
from bot.models import FaceRequest, Way, twitch_scope
from bot.policy.policy import Policy
from bot.policy.settings import EffectiveSettings
from bot.replies import words_for
from bot.store.redemptions import Redeemed, Redemptions, RedemptionState
from bot.texts import joined
from bot.twitch.chat_line import ChatLine, line_of, name_of
from bot.twitch.events import ChatMessage, Redemption
from bot.twitch.replying import Replies
from bot.twitch.rewards.joining import Joining, Spoken
from bot.twitch.service import Faces
from bot.twitch.standing import Standings
from bot.twitch.targets import ChatTarget
from bot.twitch.words import POINTS_BACK, Called, locale_of

log = structlog.get_logger(__name__)


class Redeeming:
    """`is_own` says of a channel and a reward whether it is ours, `decided` is called when points are to go back."""

    def __init__(
        self,
        faces: Faces,
        policy: Policy,
        redemptions: Redemptions,
        standings: Standings,
        *,
        replies: Replies,
        is_own: Callable[[str, str], bool],
        decided: Callable[[], None],
        join_s: float,
    ) -> None:
        self._faces = faces
        self._policy = policy
        self._redemptions = redemptions
        self._standings = standings
        self._replies = replies
        self._is_own = is_own
        self._decided = decided
        self._joining: Joining[ChatLine] = Joining(join_s)

    async def message(self, message: ChatMessage) -> None:
        """Somebody said something, perhaps for channel points."""
        if message.reward_id is not None and self._is_own(message.channel.id, message.reward_id):
            spoken = Spoken(message.channel.id, message.chatter.id, message.reward_id, message.text)
            self._joining.message(spoken, line_of(message))

    async def redeemed(self, redemption: Redemption) -> None:
        """Somebody spent points, perhaps on ours, and perhaps this is known already."""
        if not redemption.is_open or not self._is_own(redemption.channel.id, redemption.reward_id):
            return
        scope_id = twitch_scope(redemption.channel.id)
        heard = Redeemed(redemption.id, scope_id, redemption.reward_id, redemption.at)
        if not await self._redemptions.add(heard):
            return
        spoken = Spoken(redemption.channel.id, redemption.user.id, redemption.reward_id, redemption.text)
        line = await self._joining.message_for(spoken) or _without_message(redemption)
        try:
            request = await self._asked(redemption, line)
        except FaceError as error:
            await self._refused(redemption, line, error)
        except Exception:
            await self._refused(redemption, line, GeneratorFailed())
            raise
        else:
            await self._redemptions.asked(redemption.id, request.id)
            log.info("redemption_asked", redemption_id=redemption.id, request_id=request.id)

    async def _asked(self, redemption: Redemption, line: ChatLine) -> FaceRequest:
        """Who pays has no cooldown and needs no rank; everything else holds."""
        here = await self._policy.effective(line.origin.scope_id)
        standing = await self._standings.of(line, here)
        target = ChatTarget.of(line) if line.id else replace(ChatTarget.of(line), message_id=None)
        return await self._faces.ask(
            line.origin,
            _command(line.text, here),
            nearby=line.emotes,
            standing=replace(standing, way=Way.REWARD, rank=None),
            reply_target=target.to_json() | {"redemption_id": redemption.id},
        )

    async def _refused(self, redemption: Redemption, line: ChatLine, error: FaceError) -> None:
        await self._redemptions.decide(redemption.id, RedemptionState.REFUND)
        self._decided()
        log.info("redemption_refused", redemption_id=redemption.id, error=error.code)
        here = await self._policy.effective(line.origin.scope_id)
        words = joined([words_for(error), POINTS_BACK])
        if line.id:
            self._replies.reply(line, words, locale_of(here))
        else:
            named = joined([f"@{line.user_name}", words])
            self._replies.announce(f"redemption:{redemption.id}", line.broadcaster_id, named, locale_of(here))


def _command(text: str, here: EffectiveSettings) -> FaceCommand:
    """Out of habit people type the command, too."""
    called = Called.of(here)
    rest = strip_prefix(text, called.prefix, called.command)
    return parse_command(text if rest is None else rest, here.face_options())


def _without_message(redemption: Redemption) -> ChatLine:
    """The words alone: whatever emotes they name are looked for."""
    return ChatLine(
        id="",
        broadcaster_id=redemption.channel.id,
        broadcaster_name=name_of(redemption.channel),
        user_id=redemption.user.id,
        user_name=name_of(redemption.user),
        text=redemption.text,
    )
