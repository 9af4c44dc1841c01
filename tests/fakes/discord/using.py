"""What people do with the bot: commands, menus, buttons, selects, forms, and options suggested while they type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.fakes.discord import layout
from tests.fakes.discord.core import FakeState
from tests.fakes.discord.filling import Choice, chosen_values, filled
from tests.fakes.discord.interaction_payloads import check_offered, chosen, installs, interaction_json, resolve
from tests.fakes.discord.world import (
    AUTOCOMPLETE,
    COMMAND,
    COMPONENT,
    MODAL_SUBMIT,
    Channel,
    Interaction,
    Message,
    User,
)
from tests.polling import PATIENCE_S

_CHAT_INPUT, _USER_MENU, _MESSAGE_MENU = 1, 2, 3


class Using(FakeState):
    """Each gives the interaction that it sent; what the bot makes of it is found in there."""

    def interact(self, channel: Channel, user: User, name: str = "face", /, **options: Any) -> Interaction:
        """Somebody uses a registered slash command, as `group sub` one below a group."""
        return self._send(Interaction(channel, user, self._command_data(channel, name, options)))

    async def autocomplete(
        self, channel: Channel, user: User, name: str = "face", /, *, patience_s: float = PATIENCE_S, **options: Any
    ) -> list[dict[str, Any]]:
        """What the bot suggests for the last of the options, while it is typed."""
        data = self._command_data(channel, name, options)
        below = data["options"]
        while below[-1].get("options"):
            below = below[-1]["options"]
        below[-1]["focused"] = True
        interaction = self._send(Interaction(channel, user, data, AUTOCOMPLETE))
        await self.until(lambda: interaction.choices is not None, patience_s)
        assert interaction.choices is not None
        return interaction.choices

    def open_menu(self, message: Message, user: User, name: str) -> Interaction:
        """Somebody uses a registered menu command on a message."""
        target = self.message_json(message, has_menu=True)
        data = self._menu_data(name, _MESSAGE_MENU, target["id"], {"messages": {target["id"]: target}})
        return self._send(Interaction(message.channel, user, data))

    def open_user_menu(self, channel: Channel, target: User, user: User, name: str) -> Interaction:
        """Somebody uses a registered menu command on somebody, or on themselves."""
        resolved: dict[str, Any] = {}
        resolve(target, resolved, channel, self.hosts)
        return self._send(Interaction(channel, user, self._menu_data(name, _USER_MENU, str(target.id), resolved)))

    def press(self, message: Message, user: User, name: str) -> Interaction:
        """Somebody presses the button with this custom id, label or emoji."""
        button = layout.find(message.components, name, {layout.BUTTON})
        assert "custom_id" in button, "a link leads away from Discord"
        return self._use(message, user, button, {})

    def choose(self, message: Message, user: User, name: str, values: Sequence[Choice]) -> Interaction:
        """Somebody chooses in the select with this custom id: values or labels of options, people, channels."""
        select = layout.find(message.components, name, layout.SELECTS)
        least, most = select.get("min_values", 1), select.get("max_values", 1)
        assert least <= len(values) <= most, f"{least} to {most} may be chosen"
        return self._use(message, user, select, chosen_values(message.channel, select, values, self.hosts))

    def submit(self, asking: Interaction, user: User, values: dict[str, Any]) -> Interaction:
        """Somebody fills in the form that opened in answer to `asking`: values by custom id or label."""
        assert asking.modal is not None, "no form opened"
        assert user is asking.user, "only who opened a form sees it"
        data = filled(asking.modal, values, asking.channel, self.hosts)
        return self._send(Interaction(asking.channel, user, data, MODAL_SUBMIT, asking.message))

    async def opened(self, interaction: Interaction) -> dict[str, Any]:
        """The form that the bot opens in answer."""
        await self.until(lambda: interaction.modal)
        assert interaction.modal is not None
        return interaction.modal

    async def response_to(self, interaction: Interaction, timeout_s: float = PATIENCE_S) -> Message:
        """The bot's answer once it is more than "is thinking"; of a component that changed its message, this one."""

        def answered() -> Message | None:
            original = interaction.original
            return original if original is not None and not original.is_loading else None

        found = await self.until(answered, timeout_s)
        assert found is not None
        return found

    def _use(self, message: Message, user: User, component: dict[str, Any], given: dict[str, Any]) -> Interaction:
        assert not message.deleted, "the message is gone"
        assert message.seen_by in {None, user}, "an ephemeral message is seen by one person"
        data = {"id": component["id"], "component_type": component["type"], "custom_id": component["custom_id"]}
        return self._send(Interaction(message.channel, user, data | given, COMPONENT, message))

    def _send(self, interaction: Interaction) -> Interaction:
        if interaction.kind in {COMMAND, AUTOCOMPLETE}:
            check_offered(self, interaction)
        else:
            interaction.installs = installs(self, interaction.channel, interaction.user)
        self.interactions[interaction.token] = interaction
        message = None if interaction.message is None else self.message_json(interaction.message)
        payload = interaction_json(interaction, self, message)
        guild = interaction.channel.guild
        self.gateway.dispatch("INTERACTION_CREATE", lambda _: payload, guild.id if guild else 0)
        return interaction

    def _command(self, name: str, kind: int) -> dict[str, Any]:
        found = (each for each in self.commands if (each["name"], each.get("type", _CHAT_INPUT)) == (name, kind))
        command = next(found, None)
        assert command is not None, f"no command {name!r} of type {kind} is registered"
        return command

    def _command_data(self, channel: Channel, name: str, options: dict[str, Any]) -> dict[str, Any]:
        name, *subs = name.split()
        command = self._command(name, _CHAT_INPUT)
        known, path = command.get("options", []), []
        for sub in subs:
            path.append(next(option for option in known if option["name"] == sub))
            known = path[-1].get("options", [])
        given, resolved = chosen(known, options, channel, self.hosts)
        for step in reversed(path):
            given = [{"name": step["name"], "type": step["type"], "options": given}]
        return {"id": command["id"], "name": name, "type": _CHAT_INPUT, "options": given, "resolved": resolved}

    def _menu_data(self, name: str, kind: int, target_id: str, resolved: dict[str, Any]) -> dict[str, Any]:
        command = self._command(name, kind)
        return {"id": command["id"], "name": name, "type": kind, "target_id": target_id, "resolved": resolved}
