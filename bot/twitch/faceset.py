"""`!faceset`: what the broadcaster and moderators change, in the same settings and the same record as everywhere.

Its words stand after a command of its own, so an emote called `off` is asked for as `!face off` and is no trouble.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from bot.emotes.chat import ChatEmotes
from bot.errors import FaceError, InvalidSetting, UnknownEmote
from bot.mirror.commanding import MirrorCommand
from bot.models import Emote, Platform
from bot.policy.blocking import emote_name, user_name
from bot.policy.changing import Changing
from bot.policy.policy import Policy
from bot.policy.settings import SETTINGS, EffectiveSettings
from bot.policy.wording import value_words
from bot.replies import words_for
from bot.stage.stage import Stage
from bot.store.blocks import BlockKind
from bot.texts import Text, Value
from bot.twitch.chat_line import ChatLine
from bot.twitch.replying import Replies
from bot.twitch.rewards.commanding import RewardCommand
from bot.twitch.service import Faces
from bot.twitch.words import FACESET, NAMING, Called, locale_of

_SHORT = {"cooldown": "cooldown_s", "who": "ask_from", "live": "online_only", "guess": "guess_enabled"}
_CALLED_ALSO = {"7tv": "seventv"}
_DEFAULT = "default"
_ALL = "all"

NOT_FOUND = Text("Name somebody with an @, as chat suggests it, or an emote.")
NO_FACE = Text("There is no face to hide.")
HIDDEN = Text("Hidden, everywhere.")
NONE_PENDING = Text("No face waits for approval.")


@dataclass(frozen=True, slots=True)
class FacesetParts:
    """What moderators can do something about."""

    faces: Faces
    emotes: ChatEmotes
    policy: Policy
    changing: Changing
    stage: Stage
    reward: RewardCommand
    mirror: MirrorCommand


class Faceset:
    """Whoever calls it has made sure that the author may."""

    def __init__(self, parts: FacesetParts, replies: Replies) -> None:
        self._parts = parts
        self._replies = replies
        self._works: Mapping[str, Callable[[ChatLine, list[str]], Awaitable[Text]]] = {
            "on": self._on,
            "off": self._off,
            "sources": self._sources,
            "block": self._block,
            "unblock": self._unblock,
            "hide": self._hide,
            "approve": self._approve,
            "reward": self._reward,
            "mirror": self._mirror,
        }

    async def hear(self, line: ChatLine, text: str) -> None:
        """`text` follows the command."""
        word, *others = text.split() or [""]
        try:
            words = await self._done(line, word.lower(), others)
        except FaceError as error:
            words = words_for(error)
        here = await self._here(line)
        self._replies.reply(line, words, locale_of(here))

    async def _done(self, line: ChatLine, word: str, others: list[str]) -> Text:
        if work := self._works.get(word):
            return await work(line, others)
        name = _SHORT.get(word, word)
        if name not in SETTINGS or Platform.TWITCH not in SETTINGS[name].platforms:
            return await self._status(line)
        if not others:
            return await self._now(line, name)
        return await self._set(line, name, " ".join(others))

    async def _set(self, line: ChatLine, name: str, text: str) -> Text:
        scope_id = line.origin.scope_id
        if text.lower() == _DEFAULT:
            await self._parts.policy.reset(scope_id, None, name, line.user_id)
        else:
            await self._parts.changing.set(scope_id, None, name, text, by_user_id=line.user_id)
        return await self._now(line, name)

    async def _now(self, line: ChatLine, name: str) -> Text:
        value = getattr(await self._here(line), name)
        told: dict[str, Value] = {"setting": SETTINGS[name].title, "value": value_words(name, value, NAMING)}
        return Text("{setting}: {value}.", told)

    async def _status(self, line: ChatLine) -> Text:
        here = await self._here(line)
        told: dict[str, Value] = {
            "faces": value_words("enabled", here.enabled, NAMING),
            "cooldown": value_words("cooldown_s", here.cooldown_s, NAMING),
            "style": value_words("style", here.style, NAMING),
            "who": here.ask_from,
            "command": f"{Called.of(here).prefix}{FACESET}",
        }
        return Text(
            "Faces: {faces}. Cooldown: {cooldown} s. Style: {style}. Who may ask: {who}. "
            "{command} on, off, cooldown 30, style real, who follower, live on, sources bttv off, block @somebody, "
            "block Kappa, unblock Kappa, hide, approve; for every other setting its name and value.",
            told,
        )

    async def _on(self, line: ChatLine, _: list[str]) -> Text:
        return await self._set(line, "enabled", "on")

    async def _off(self, line: ChatLine, _: list[str]) -> Text:
        return await self._set(line, "enabled", "off")

    async def _sources(self, line: ChatLine, words: list[str]) -> Text:
        """`sources bttv ffz off`: of those that are left out, these more or less."""
        *given, switch = [word.lower() for word in words] or [""]
        if not words:
            return await self._now(line, "sources_off")
        if switch not in {"on", "off"} or not given:
            raise InvalidSetting("sources_off")
        named = {_CALLED_ALSO.get(each, each) for each in given}
        off = set((await self._here(line)).sources_off)
        chosen = off | named if switch == "off" else off - named
        return await self._set(line, "sources_off", " ".join(sorted(chosen)) or "none")

    async def _block(self, line: ChatLine, words: list[str]) -> Text:
        scope_id, blocking = line.origin.scope_id, self._parts.policy.blocking
        if not words:
            return await self._block_last(line)
        if words[0].startswith("@"):
            user_id = line.mentions.get(words[0][1:].lower())
            if user_id is None:
                return NOT_FOUND
            await blocking.block_user(scope_id, Platform.TWITCH, user_id, line.user_id)
        else:
            await blocking.block_emote(scope_id, await self._emote(line, words[0]), line.user_id)
        return Text("Blocked. {command} takes it back.", {"command": await self._command(line, "unblock")})

    async def _block_last(self, line: ChatLine) -> Text:
        face = await self._parts.stage.last(line.origin.scope_id)
        if face is None:
            return NO_FACE
        await self._parts.faces.block(face.emotes, line.origin.scope_id, line.user_id)
        await self._parts.stage.hide(face.request_id, line.user_id)
        return HIDDEN

    async def _unblock(self, line: ChatLine, words: list[str]) -> Text:
        scope_id, blocking = line.origin.scope_id, self._parts.policy.blocking
        if not words:
            return NOT_FOUND
        if words[0].startswith("@"):
            user_id = line.mentions.get(words[0][1:].lower(), "")
            kind, value = BlockKind.USER, user_name(Platform.TWITCH, user_id)
        else:
            kind, value = BlockKind.EMOTE, emote_name(await self._emote(line, words[0]))
        if await blocking.unblock(scope_id, kind, value, line.user_id):
            return Text("No longer blocked.")
        return Text("That was not blocked.")

    async def _hide(self, line: ChatLine, _: list[str]) -> Text:
        face = await self._parts.stage.last(line.origin.scope_id)
        if face is None or not await self._parts.stage.hide(face.request_id, line.user_id):
            return NO_FACE
        return HIDDEN

    async def _approve(self, line: ChatLine, words: list[str]) -> Text:
        """The oldest, or all that wait."""
        pending = await self._parts.stage.pending(line.origin.scope_id)
        chosen = pending if words and words[0].lower() == _ALL else pending[:1]
        approved = [each for each in chosen if await self._parts.stage.approve(each.request_id, line.user_id)]
        if not approved:
            return NONE_PENDING
        return Text("Approved: {n}. Still waiting: {m}.", {"n": len(approved), "m": len(pending) - len(approved)})

    async def _reward(self, line: ChatLine, words: list[str]) -> Text:
        return await self._parts.reward.answer(line.broadcaster_id, line.user_id, " ".join(words))

    async def _mirror(self, line: ChatLine, words: list[str]) -> Text:
        return await self._parts.mirror.answer(
            line.origin.scope_id, line.broadcaster_name, line.user_id, "".join(words)
        )

    async def _emote(self, line: ChatLine, word: str) -> Emote:
        explained = await self._parts.emotes.explain(line.origin, word, line.emotes)
        if explained.found is None:
            raise UnknownEmote(explained.near, explained.down)
        return explained.found.emote

    async def _command(self, line: ChatLine, word: str) -> str:
        return f"{Called.of(await self._here(line)).prefix}{FACESET} {word}"

    async def _here(self, line: ChatLine) -> EffectiveSettings:
        return await self._parts.policy.effective(line.origin.scope_id)
