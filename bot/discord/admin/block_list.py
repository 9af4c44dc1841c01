"""What is blocked of one kind, page by page, with a button beside each that takes it back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from discord import ui

from bot.discord.admin.values import blocked_words
from bot.store.blocks import Block, BlockKind
from bot.texts import Text, Value, joined, say

PER_PAGE = 8
TEMPLATE = r"blocks:(?P<kind>user|role|emote|picture):(?P<page>\d{1,4}):(?P<value>.{0,80})"
_MAX_CUSTOM_ID_CHARS = 100
_KINDS = {
    BlockKind.USER: Text("members"),
    BlockKind.ROLE: Text("roles"),
    BlockKind.EMOTE: Text("emotes"),
    BlockKind.PICTURE: Text("pictures"),
}


def kind_words(kind: BlockKind) -> Text:
    """What there are several of."""
    return _KINDS[kind]


@dataclass(frozen=True, slots=True)
class BlockList:
    """`blocks` are all of the kind; see `Content.arguments`."""

    kind: BlockKind
    blocks: Sequence[Block]
    page: int
    locale: str

    def arguments(self, files_as: Literal["files", "attachments"]) -> dict[str, Any]:
        """In place of what was there."""
        return {"content": None, files_as: [], "view": self._view()}

    def _view(self) -> ui.LayoutView:
        view = ui.LayoutView(timeout=None)
        view.stop()  # its items say all in their ids
        told: dict[str, Value] = {"kind": kind_words(self.kind), "n": len(self.blocks)}
        view.add_item(ui.TextDisplay(self._say(joined(["###", Text("Blocked {kind}: {n}", told)]))))
        for block in self.blocks[self.page * PER_PAGE : (self.page + 1) * PER_PAGE]:
            view.add_item(self._entry(block))
        buttons = [
            self._button(words, self.page + step)
            for step, words in ((-1, Text("Newer")), (1, Text("Older")))
            if 0 <= (self.page + step) * PER_PAGE < len(self.blocks)
        ]
        if buttons:
            view.add_item(ui.ActionRow(*buttons))
        return view

    def _entry(self, block: Block) -> ui.Section[ui.LayoutView] | ui.TextDisplay[ui.LayoutView]:
        detail = {"kind": block.kind, "value": block.value}
        told: dict[str, Value] = {
            "what": blocked_words(detail),
            "who": f"<@{block.by_user_id}>",
            "when": f"<t:{block.at:.0f}:R>",
        }
        words = self._say(Text("{what}, by {who} {when}", told))
        custom_id = f"blocks:{self.kind}:{self.page}:{block.value}"
        if len(custom_id) > _MAX_CUSTOM_ID_CHARS:
            return ui.TextDisplay(words)
        return ui.Section(words, accessory=ui.Button(label=self._say(Text("Unblock")), custom_id=custom_id))

    def _button(self, words: Text, page: int) -> ui.Button[ui.LayoutView]:
        return ui.Button(label=self._say(words), custom_id=f"blocks:{self.kind}:{page}:")

    def _say(self, words: Text) -> str:
        return say(words, self.locale)
