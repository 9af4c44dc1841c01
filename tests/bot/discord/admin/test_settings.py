"""The settings panel: as an admin uses it, and as somebody without the right to."""

from __future__ import annotations

import pytest

from bot.emotes.catalogue import ContentFlag
from bot.errors import CatalogueDown, UnknownChannel
from bot.models import EmoteSource, Origin, Platform, Standing, Way
from bot.policy.pages import PAGES, Page, pages_on
from bot.policy.settings import SETTINGS, Level
from bot.replies import words_for
from bot.store.audit import Audit
from bot.texts import LOCALES, say
from tests.bot.discord.admin.asking import admin_of, beside, command, scope_of, shows, words_of
from tests.bot.discord.conftest import Chat, run_bot
from tests.fakes.databases import fresh_database
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.world import Interaction, Message, User
from tests.polling import until


async def panel(chat: Chat, user: User, page: Page = Page.ASKING, **options: object) -> Message:
    message = await command(chat, user, "settings", **options)
    if page is not Page.ASKING:
        await turn_to(chat, message, user, page)
    return message


async def turn_to(chat: Chat, message: Message, user: User, page: Page) -> None:
    chat.fake.choose(message, user, id_of(message, "page"), [page.value])
    await shows(chat, message, f"### {say(PAGES[page].title)}")


def id_of(message: Message, action: str, setting: str = "") -> str:
    """The custom id of a part of the panel."""
    parts = [*message.buttons(), *message.selects()]
    return next(
        each["custom_id"]
        for each in parts
        if each["custom_id"].startswith(f"panel:{action}:") and each["custom_id"].endswith(f":{setting}")
    )


async def change(chat: Chat, message: Message, user: User, setting: str, value: object) -> Interaction:
    opened = chat.fake.press(message, user, id_of(message, "change", setting))
    await chat.fake.opened(opened)
    return chat.fake.submit(opened, user, {"value": value})


async def test_the_panel_shows_every_setting_its_value_and_where_that_comes_from(chat: Chat) -> None:
    admin, scope_id = admin_of(chat), scope_of(chat)
    await chat.policy.set(scope_id, None, "cooldown_s", 30, "1")
    message = await panel(chat, admin)
    assert message.is_layout
    seen = ""
    for page in pages_on(Platform.DISCORD):
        await turn_to(chat, message, admin, page)
        seen += words_of(message)
    for about in SETTINGS.values():
        assert (say(about.description) in seen) == (Platform.DISCORD in about.platforms)
    assert "**Cooldown**: 30 · *set for the server*" in seen
    assert "**Layout**: pair · *the bot's default*" in seen


@pytest.mark.parametrize("locale", LOCALES)
async def test_the_panel_fits_in_every_language(chat: Chat, locale: str) -> None:
    """The fake refuses what is too long or too much."""
    admin = admin_of(chat)
    admin.locale = {"en": "en-US"}.get(locale, locale)
    message = await command(chat, admin, "settings", channel=chat.fake.channel)
    for page in pages_on(Platform.DISCORD):
        chat.fake.choose(message, admin, id_of(message, "page"), [page.value])
        await until(lambda page=page: f":{page}:" in message.selects()[-1]["custom_id"])
        for button in list(message.buttons()):
            if ":change:" in button["custom_id"]:
                await chat.fake.opened(chat.fake.press(message, admin, button["custom_id"]))


async def test_a_switch_counts_at_once_and_is_written_down(chat: Chat) -> None:
    admin, scope_id = admin_of(chat), scope_of(chat)
    message = await panel(chat, admin)
    chat.fake.press(message, admin, id_of(message, "toggle", "enabled"))
    await shows(chat, message, "**Faces**: off · *set for the server*")
    assert not (await chat.policy.effective(scope_id)).enabled
    [entry] = await Audit(chat.engine).recent(scope_id, 9)
    assert (entry.user_id, entry.action) == (str(admin.id), "setting_set")
    assert entry.detail == {"setting": "enabled", "value": False}


@pytest.mark.parametrize(
    ("page", "setting", "given", "kept"),
    [
        (Page.LIMITS, "cooldown_s", "2.5", 2.5),
        (Page.LIMITS, "daily_cost", "1000", 1000),
        (Page.ASKING, "reaction_emoji", "", None),
        (Page.DRAWING, "layout", ["grid"], "grid"),
        (Page.DRAWING, "realism", "0,5", 0.5),
        (Page.EMOTES, "sources_off", [EmoteSource.BTTV.value, EmoteSource.FFZ.value], ("bttv", "ffz")),
        (Page.EMOTES, "allowed_flags", [ContentFlag.EPILEPSY.value], ("epilepsy",)),
        (Page.ASKING, "prefix", "?", "?"),
        (Page.ANSWERS, "language", ["ja"], "ja"),
        (Page.ANSWERS, "auto_delete_s", "60", 60),
    ],
)
async def test_every_kind_of_value_can_be_put_in(
    chat: Chat, page: Page, setting: str, given: object, kept: object
) -> None:
    admin = admin_of(chat)
    message = await panel(chat, admin, page)
    await change(chat, message, admin, setting, given)
    await shows(chat, message, "set for the server")
    assert getattr(await chat.policy.effective(scope_of(chat)), setting) == kept


async def test_roles_and_channels_are_chosen_not_typed(chat: Chat) -> None:
    admin, role = admin_of(chat), chat.fake.add_role("Artists")
    message = await panel(chat, admin)
    await change(chat, message, admin, "ask_role_ids", [role])
    await shows(chat, message, f"<@&{role.id}>")
    await turn_to(chat, message, admin, Page.SAFETY)
    await change(chat, message, admin, "log_channel_id", [chat.fake.channel])
    await shows(chat, message, f"<#{chat.fake.channel.id}>")
    assert not message.pinged
    here = await chat.policy.effective(scope_of(chat))
    assert (here.ask_role_ids, here.log_channel_id) == ((str(role.id),), str(chat.fake.channel.id))


async def test_a_value_out_of_range_is_explained_and_changes_nothing(chat: Chat) -> None:
    admin = admin_of(chat)
    message = await panel(chat, admin, Page.LIMITS)
    for refused in ("4000", "-1", "soon", "nan"):
        pressed = await change(chat, message, admin, "cooldown_s", refused)
        assert await beside(chat, pressed) == "Cooldown takes a number from 0 to 3600."
    assert await chat.policy.stored(scope_of(chat)) == []


async def test_a_server_cannot_give_itself_more_of_the_machine(fake: FakeDiscord) -> None:
    async with run_bot(fake, servers={"daily_cost": 500}) as chat:
        admin = admin_of(chat)
        message = await panel(chat, admin, Page.LIMITS)
        for refused in ("501", ""):
            pressed = await change(chat, message, admin, "daily_cost", refused)
            assert await beside(chat, pressed) == "Daily quota takes a whole number from 0 to 500."


async def test_a_channel_has_its_own_values_and_gives_them_back(chat: Chat) -> None:
    admin, scope_id = admin_of(chat), scope_of(chat)
    quiet = chat.fake.add_channel("quiet")
    message = await panel(chat, admin)
    chat.fake.choose(message, admin, id_of(message, "channel"), [quiet])
    await shows(chat, message, f"Asking, in <#{quiet.id}>")
    assert "It is the same in all channels." in words_of(message)  # the prefix
    chat.fake.press(message, admin, id_of(message, "toggle", "enabled"))
    await shows(chat, message, "**Faces**: off · *set for this channel*")
    here = await chat.policy.effective(scope_id, str(quiet.id))
    assert (here.enabled, here.level("enabled")) == (False, Level.CHANNEL)
    assert (await chat.policy.effective(scope_id, str(chat.fake.channel.id))).enabled
    chat.fake.choose(message, admin, id_of(message, "reset"), ["enabled"])
    await shows(chat, message, "**Faces**: on · *the bot's default*")
    chat.fake.press(message, admin, "Back to the whole server")
    await shows(chat, message, "Asking, in the whole server")
    assert await chat.policy.stored(scope_id) == []


async def test_what_a_channel_forbids_is_refused_there_alone(chat: Chat) -> None:
    """Allowing single channels: off in the server, on in one of them."""
    admin, scope_id = admin_of(chat), scope_of(chat)
    message = await panel(chat, admin)
    chat.fake.press(message, admin, id_of(message, "toggle", "enabled"))
    await shows(chat, message, "**Faces**: off")
    opened = await panel(chat, admin, channel=chat.fake.channel)
    chat.fake.press(opened, admin, id_of(opened, "toggle", "enabled"))
    await shows(chat, opened, "**Faces**: on · *set for this channel*")
    origin = Origin(Platform.DISCORD, scope_id, str(chat.fake.channel.id), "1")
    await chat.policy.check(origin, Standing(Way.COMMAND), 1.0)


async def test_a_twitch_channel_is_looked_up(chat: Chat) -> None:
    admin = admin_of(chat)
    message = await panel(chat, admin, Page.EMOTES)
    await change(chat, message, admin, "twitch_channel", "Forsen")
    await until(lambda: chat.emotes.decided == [(scope_of(chat), "forsen")])


@pytest.mark.parametrize("error", [UnknownChannel(), CatalogueDown()])
async def test_one_that_cannot_be_found_is_told_in_words(chat: Chat, error: UnknownChannel | CatalogueDown) -> None:
    admin, chat.emotes.error = admin_of(chat), error
    message = await panel(chat, admin, Page.EMOTES)
    pressed = await change(chat, message, admin, "twitch_channel", "@everyone")
    assert await beside(chat, pressed) == say(words_for(error))


async def test_nobody_else_opens_it(chat: Chat) -> None:
    blocked = chat.fake.user("Mallory")
    await chat.policy.blocking.block_user(scope_of(chat), Platform.DISCORD, str(blocked.id), "1")
    for member in (chat.ada, blocked):
        assert await said(chat, member) == "Only people who may manage this server can change that."
    direct = chat.fake.direct_channel(chat.ada)
    asked = chat.fake.interact(direct, chat.ada, "emoteface settings")
    assert words_of(await chat.fake.response_to(asked)) == "That is a setting of servers."


async def said(chat: Chat, user: User) -> str:
    return words_of(await command(chat, user, "settings"))


async def test_the_right_counts_at_the_moment_of_pressing(chat: Chat) -> None:
    admin = admin_of(chat)
    message = await panel(chat, admin)
    opened = chat.fake.press(message, admin, id_of(message, "change", "prefix"))
    await chat.fake.opened(opened)
    admin.manages = False
    pressed = [
        chat.fake.press(message, admin, id_of(message, "toggle", "enabled")),
        chat.fake.press(message, admin, id_of(message, "change", "prefix")),
        chat.fake.submit(opened, admin, {"value": "?"}),
        chat.fake.choose(message, admin, id_of(message, "page"), ["limits"]),
    ]
    for each in pressed:
        refused = await chat.fake.response_to(each)
        assert words_of(refused) == "Only people who may manage this server can change that."
    assert await chat.policy.stored(scope_of(chat)) == []


async def test_an_open_panel_and_an_open_form_outlive_a_restart(fake: FakeDiscord) -> None:
    async with fresh_database() as engine:
        async with run_bot(fake, engine=engine) as before:
            admin = admin_of(before)
            message = await panel(before, admin, Page.LIMITS)
            opened = before.fake.press(message, admin, id_of(message, "change", "cooldown_s"))
            await before.fake.opened(opened)
        async with run_bot(fake, engine=engine) as after:
            fake.submit(opened, admin, {"value": "7"})
            await shows(after, message, "**Cooldown**: 7 · *set for the server*")
            await turn_to(after, message, admin, Page.ASKING)


async def test_a_panel_of_another_version_is_to_be_opened_anew(chat: Chat) -> None:
    admin = admin_of(chat)
    message = await panel(chat, admin)
    button = message.buttons()[0]
    for unknown in ("panel:toggle:asking:0:wings", "panel:explode:asking:0:", "panel:toggle:dungeon:0:enabled"):
        button["custom_id"] = unknown
        assert "/emoteface settings" in await beside(chat, chat.fake.press(message, admin, unknown))


async def test_what_people_typed_is_shown_as_it_is_and_pings_nobody(chat: Chat) -> None:
    admin = admin_of(chat)
    message = await panel(chat, admin)
    await change(chat, message, admin, "reaction_emoji", "<@&123456789012345678>**x**`")
    await shows(chat, message, r"\*\*x\*\*\`")
    assert "<@&123456789012345678>" not in words_of(message)


# -- Discord's own permissions --------------------------------------------------------------------------------------


async def access(chat: Chat, admin: User) -> str:
    message = await panel(chat, admin)
    chat.fake.choose(message, admin, id_of(message, "page"), ["access"])
    await shows(chat, message, "Server Settings, Integrations")
    return words_of(message)


async def test_discords_own_permissions_are_shown(chat: Chat) -> None:
    admin, guild = admin_of(chat), chat.fake.guild
    assert "Nothing is chosen there" in await access(chat, admin)
    role = chat.fake.add_role("Artists")
    face = next(each for each in chat.fake.commands if each["name"] == "face")
    guild.command_permissions[str(face["id"])] = [
        {"id": str(guild.id), "type": 1, "permission": False},
        {"id": str(role.id), "type": 1, "permission": True},
        {"id": str(admin.id), "type": 2, "permission": True},
        {"id": str(guild.id - 1), "type": 3, "permission": False},
        {"id": str(chat.fake.channel.id), "type": 3, "permission": True},
    ]
    shown = await access(chat, admin)
    people = f"❌ @everyone ✅ <@&{role.id}> ✅ <@{admin.id}>"
    assert f"**/face**: {people} ❌ <id:browse> ✅ <#{chat.fake.channel.id}>" in shown


async def test_where_discord_does_not_say_the_panel_says_so(chat: Chat) -> None:
    chat.fake.fail_next("GET", "/commands/permissions", 403, code=50001)
    assert "does not say right now" in await access(chat, admin_of(chat))
