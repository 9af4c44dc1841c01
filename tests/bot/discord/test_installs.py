"""Where the bot comes along with a person: other people's servers, groups, direct conversations."""

from __future__ import annotations

from bot.errors import Blocked, UnknownEmote
from bot.models import EmoteSource, Way
from tests.bot.discord.conftest import Chat, run_bot
from tests.bot.discord.faces import ScriptedFaces
from tests.bot.discord.showing import picture
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.world import Channel, User

TOKEN_S = 15 * 60


def foreign(chat: Chat) -> tuple[Channel, User]:
    """A channel of a server where the bot is no member, and somebody there who has installed it."""
    guild = chat.fake.add_guild("Foreign", with_bot=False)
    return chat.fake.channel_of(guild), chat.fake.user("Cleo", guild=guild, installs=True)


async def test_in_a_foreign_server_the_command_answers(chat: Chat) -> None:
    channel, cleo = foreign(chat)
    interaction = chat.fake.interact(channel, cleo, emote="😂")
    request = await chat.faces.asked()
    assert channel.guild is not None
    assert request.origin.scope_id == str(channel.guild.id)  # so that what is blocked there stays blocked
    assert chat.faces.standings[0].way is Way.COMMAND
    await chat.faces.answer(request)
    assert (await chat.fake.response_to(interaction)).pictures()


async def test_where_only_the_token_leads_back_the_request_ends_with_it(chat: Chat) -> None:
    channel, cleo = foreign(chat)
    for place in (channel, chat.fake.group(cleo, chat.ada), chat.fake.conversation(cleo, chat.ada)):
        interaction = chat.fake.interact(place, cleo, emote="😂")
        request = await chat.faces.asked(len(chat.faces.requests) + 1)
        created_s = (interaction.id >> 22) / 1000 + 1_420_070_400
        assert request.ends_at is not None
        assert abs(request.ends_at - created_s - TOKEN_S) < 1


async def test_where_the_bot_is_a_member_it_can_answer_later_too_unless_in_private(chat: Chat) -> None:
    chat.ada.installs = True
    for place in (chat.fake.channel, chat.fake.direct_channel(chat.ada)):
        chat.fake.interact(place, chat.ada, emote="😂")
        assert (await chat.faces.asked(len(chat.faces.requests) + 1)).ends_at is None
    chat.fake.interact(chat.fake.channel, chat.ada, emote="😂", private=True)
    assert (await chat.faces.asked(3)).ends_at is not None


async def test_a_group_is_its_own_scope_and_menus_work_there(chat: Chat) -> None:
    chat.ada.installs = True
    group = chat.fake.group(chat.ada, chat.fake.user("Bob"))
    chat.fake.open_menu(chat.fake.say(group, chat.ada, "😂"), chat.ada, "Make faces")
    assert (await chat.faces.asked()).origin.scope_id == f"dm:{group.id}"
    chat.fake.open_user_menu(group, chat.ada, chat.ada, "Face my avatar")
    assert (await chat.faces.asked(2)).emotes[0].source is EmoteSource.AVATAR


async def test_suggestions_and_help_work_in_a_foreign_server(chat: Chat) -> None:
    channel, cleo = foreign(chat)
    assert await chat.fake.autocomplete(channel, cleo, emote="kap") == []
    assert len(chat.emotes.completed) == 1
    answer = await chat.fake.response_to(chat.fake.interact(channel, cleo, "emoteface help"))
    assert answer.is_ephemeral


async def test_a_servers_blocks_hold_for_who_brings_the_bot_along(chat: Chat) -> None:
    channel, cleo = foreign(chat)
    chat.faces.refusals["😂"] = Blocked()
    interaction = chat.fake.interact(channel, cleo, emote="😂")
    await chat.fake.until(lambda: interaction.followups)
    assert interaction.followups[0].is_ephemeral
    assert chat.faces.requests == {}


async def test_never_more_follow_ups_than_a_user_installed_app_may_send(chat: Chat) -> None:
    """Five; here one at most, for a refusal."""
    channel, cleo = foreign(chat)
    chat.faces.refusals["nope"] = UnknownEmote()
    refused = chat.fake.interact(channel, cleo, emote="nope")
    await chat.fake.until(lambda: refused.followups)
    drawn = chat.fake.interact(channel, cleo, emote="😂")
    await chat.faces.answer(await chat.faces.asked())
    message = chat.fake.say(channel, cleo, "😂", attachments=[picture()])
    asked = chat.fake.open_menu(message, cleo, "Make faces")
    choosing = chat.fake.choose(await chat.fake.response_to(asked), cleo, "faces:pick", ["Picture 1"])
    await chat.faces.answer(await chat.faces.asked(2))
    assert [len(each.followups) for each in (refused, drawn, asked, choosing)] == [1, 0, 0, 0]


async def test_a_question_from_a_group_is_answered_after_a_restart(fake: FakeDiscord) -> None:
    faces = ScriptedFaces()
    async with run_bot(fake, faces) as chat:
        chat.ada.installs = True
        interaction = fake.interact(fake.group(chat.ada), chat.ada, emote="😂")
        request = await faces.asked()
    async with run_bot(fake, faces):
        await faces.answer(request, maybe_sent=True)
    assert (await fake.response_to(interaction)).pictures()
