"""What people do on the fake that is no interaction: they speak, react, delete."""

from __future__ import annotations

from typing import Any

from tests.fakes.discord.core import REPLY_MESSAGE, FakeState
from tests.fakes.discord.gateway import DIRECT_REACTIONS, GUILD_REACTIONS
from tests.fakes.discord.guild_payloads import member_json
from tests.fakes.discord.payloads import partial_emoji
from tests.fakes.discord.world import Channel, Message, User, new_id


class Happenings(FakeState):
    """What happens without the bot's doing; the bot hears of it as its intents allow."""

    def say(
        self, channel: Channel, user: User, text: str = "", *, webhook: bool = False, kind: int = 0, **shown: Any
    ) -> Message:
        """Somebody says something; `kind` is the message type (7: the notice that a member joined), `shown` what else
        the message has: `attachments`, `stickers`, `previews`, `forwarded`, `reply_to`."""
        if shown.get("reply_to"):
            kind = REPLY_MESSAGE
        message = Message(channel, user, text, type=kind, webhook_id=new_id() if webhook else None, **shown)
        self.publish(message)
        return message

    def react(self, message: Message, user: User, emoji: str) -> None:
        """Somebody adds a reaction: `😂`, or `name:id` for a custom emoji."""
        people = message.reactions.setdefault(emoji, [])
        if user not in people:
            people.append(user)
            self._tell_reaction("MESSAGE_REACTION_ADD", message, user, emoji)

    def unreact(self, message: Message, user: User, emoji: str) -> None:
        """Somebody takes a reaction back."""
        message.reactions[emoji].remove(user)
        self._tell_reaction("MESSAGE_REACTION_REMOVE", message, user, emoji)

    def _tell_reaction(self, event: str, message: Message, user: User, emoji: str) -> None:
        channel, guild = message.channel, message.channel.guild
        data: dict[str, Any] = {
            "user_id": str(user.id),
            "channel_id": str(channel.id),
            "message_id": str(message.id),
            "emoji": partial_emoji(emoji),
            "burst": False,
            "type": 0,
        }
        if guild is not None:
            data["guild_id"] = str(guild.id)
        if event == "MESSAGE_REACTION_ADD":
            data["message_author_id"] = str(message.author.id)
            data |= {"member": member_json(user, guild)} if guild else {}
        wanted = DIRECT_REACTIONS if guild is None else GUILD_REACTIONS
        seen = self.may(channel, "view_channel")
        self.dispatch(event, channel, lambda intents: data if seen and intents & wanted else None)
        self.changed()

    def delete(self, message: Message) -> None:
        """The message is gone for everybody."""
        message.deleted = True
        gone = {"id": str(message.id), "channel_id": str(message.channel.id)}
        gone |= {"guild_id": str(message.channel.guild.id)} if message.channel.guild else {}
        self.dispatch("MESSAGE_DELETE", message.channel, lambda intents: gone if self.hears(message, intents) else None)
        self.changed()

    def delete_many(self, messages: list[Message]) -> None:
        """A moderator cleans up."""
        for message in messages:
            message.deleted = True
        channel = messages[0].channel
        assert channel.guild is not None
        ids = [str(message.id) for message in messages]
        gone = {"ids": ids, "channel_id": str(channel.id), "guild_id": str(channel.guild.id)}
        self.dispatch("MESSAGE_DELETE_BULK", channel, lambda _: gone)
        self.changed()
