"""Components, embeds and files of a message as HTML."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

from tests.fakes.discord import layout
from tests.fakes.discord.layout import Raw
from tests.fakes.discord.transcript.markup import custom_emoji, data_url, pictured
from tests.fakes.discord.world import Message, Picture

_BUTTONS = {1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "secondary", 6: "primary"}
_ANYBODY = {
    layout.USER_SELECT: "Choose somebody",
    layout.ROLE_SELECT: "Choose a role",
    layout.MENTIONABLE_SELECT: "Choose somebody or a role",
    layout.CHANNEL_SELECT: "Choose a channel",
}


class Pieces:
    """`marked` makes HTML of text, `picture` finds what lies behind an address, `emoji` a custom emoji, `name` what
    "@", "#" or "&" with an id is called."""

    def __init__(
        self,
        marked: Callable[[str], str],
        picture: Callable[[Message, str], Picture],
        emoji: Callable[[int], bytes | None],
        name: Callable[[str, int], str],
    ) -> None:
        self._marked, self._picture, self._emoji, self._name = marked, picture, emoji, name

    def components(self, message: Message) -> str:
        return "".join(self._component(each, message) for each in message.components)

    def form(self, modal: Raw) -> str:
        """A form as it opens over the channel."""
        inside = "".join(self._component(each, Message(None, None)) for each in modal["components"])  # type: ignore[arg-type]
        buttons = '<span class="button secondary">Cancel</span><span class="button primary">Submit</span>'
        return f'<section class="form"><h2>{_words(modal["title"])}</h2>{inside}<footer>{buttons}</footer></section>'

    def shown(self, picture: Picture, *, small: bool = False) -> str:
        """A picture with a sign that it is described, or a file when it is none."""
        try:
            source = data_url(picture.content)
        except ValueError:
            return self._file(picture) if picture.filename else f'<div class="elsewhere">{_words(picture.url)}</div>'
        alt = html.escape(picture.description or "")
        sign = '<span class="alt">ALT</span>' if alt and not small else ""
        hidden = '<span class="hidden">SPOILER</span>' if picture.is_spoiler else ""
        kinds = ["picture", *(["small"] if small else []), *(["veiled"] if hidden else [])]
        return f'<figure class="{" ".join(kinds)}"><img alt="{alt}" src="{source}">{sign}{hidden}</figure>'

    def embed(self, embed: Raw) -> str:
        parts = [f"<b>{_words(embed['title'])}</b>"] if embed.get("title") else []
        parts += [self._marked(embed["description"])] if embed.get("description") else []
        for field in embed.get("fields") or []:
            parts.append(f'<div class="field"><b>{_words(field["name"])}</b>{self._marked(field["value"])}</div>')
        if (embed.get("footer") or {}).get("text"):
            parts.append(f"<small>{_words(embed['footer']['text'])}</small>")
        return f'<div class="container"{_accent(embed.get("color"))}>{"".join(parts)}</div>'

    def _component(self, component: Raw, message: Message) -> str:
        inside = "".join(self._component(each, message) for each in component.get("components", []))
        match component["type"]:
            case layout.ROW:
                return f'<div class="row">{inside}</div>'
            case layout.BUTTON:
                return self._button(component)
            case layout.TEXT:
                return f'<div class="text">{self._marked(component["content"])}</div>'
            case layout.SECTION:
                beside = self._component(component["accessory"], message)
                return f'<div class="section"><div>{inside}</div>{beside}</div>'
            case layout.THUMBNAIL | layout.GALLERY | layout.FILE:
                return self._media(component, message)
            case layout.SEPARATOR:
                line = " line" if component.get("divider", True) else ""
                return f'<div class="separator{line} s{int(component.get("spacing", 1))}"></div>'
            case layout.CONTAINER:
                return f'<div class="container"{_accent(component.get("accent_color"))}>{inside}</div>'
            case layout.LABEL:
                return self._label(component, message)
            case kind if kind in layout.SELECTS:
                return self._select(component)
            case _:
                return self._input(component)

    def _button(self, button: Raw) -> str:
        off = " disabled" if button.get("disabled") else ""
        leads_away = " ↗" if button["style"] == layout.LINK_BUTTON else ""
        label = f"<span>{_words((button.get('label') or '') + leads_away)}</span>"
        return (
            f'<span class="button {_BUTTONS[button["style"]]}{off}">{self._symbol(button.get("emoji"))}{label}</span>'
        )

    def _symbol(self, emoji: Raw | None) -> str:
        if not emoji:
            return ""
        if emoji.get("id"):
            return custom_emoji(emoji.get("name") or "", self._emoji(int(emoji["id"])))
        return _words(emoji["name"])

    def _media(self, component: Raw, message: Message) -> str:
        pictures = [self._described(item, about, message) for item, about in layout.media([component])]
        if component["type"] == layout.FILE:
            return "".join(self._file(each) for each in pictures)
        if component["type"] == layout.THUMBNAIL:
            return self.shown(pictures[0], small=True)
        many = " many" if len(pictures) > 1 else ""
        return f'<div class="gallery{many}">{"".join(self.shown(each) for each in pictures)}</div>'

    def _described(self, item: Raw, about: Raw, message: Message) -> Picture:
        found = self._picture(message, item["url"])
        hidden = bool(about.get("spoiler")) or found.is_spoiler
        return Picture(found.url, found.content, found.filename, about.get("description"), hidden)

    def _file(self, file: Picture) -> str:
        size = f"{len(file.content) / 1000:.1f} kB"
        return f'<div class="file"><b>{_words(file.filename or "file")}</b><small>{size}</small></div>'

    def _select(self, select: Raw) -> str:
        chosen = [each for each in select.get("options", []) if each.get("default")]
        shown = [f"{self._symbol(each.get('emoji'))}<span>{_words(each['label'])}</span>" for each in chosen]
        signs = {"user": "@", "role": "&", "channel": "#"}
        for each in select.get("default_values", []):
            sign = signs[each["type"]]
            shown.append(f"<span>{sign.replace('&', '@')}{_words(self._name(sign, int(each['id'])))}</span>")
        if not shown:
            hint = select.get("placeholder") or _ANYBODY.get(select["type"], "Make a selection")
            shown = [f'<span class="hint">{_words(hint)}</span>']
        off = " disabled" if select.get("disabled") else ""
        return f'<div class="select{off}"><div>{" ".join(shown)}</div><span class="arrow"></span></div>'

    def _label(self, label: Raw, message: Message) -> str:
        needed = ' <span class="needed">*</span>' if label["component"].get("required", True) else ""
        about = f"<small>{_words(label['description'])}</small>" if label.get("description") else ""
        inside = self._component(label["component"], message)
        return f'<div class="label"><b>{_words(label["label"])}{needed}</b>{about}{inside}</div>'

    def _input(self, component: Raw) -> str:
        label = f"<b>{_words(component['label'])}</b>" if component.get("label") else ""
        if component["type"] in {layout.RADIO_GROUP, layout.CHECKBOX_GROUP}:
            marks = ["●" if each.get("default") else "○" for each in component["options"]]
            lines = zip(marks, component["options"], strict=True)
            return "".join(f"<div>{mark} {_words(each['label'])}</div>" for mark, each in lines)
        value, hint = component.get("value") or "", component.get("placeholder") or ""
        shown = _words(value) if value else f'<span class="hint">{_words(hint)}</span>'
        tall = " tall" if component.get("style") == 2 else ""
        return f'{label}<div class="input{tall}">{shown}</div>'


def _accent(colour: Any) -> str:
    return "" if colour is None else f' style="border-left-color: #{int(colour):06x}"'


def _words(text: str) -> str:
    return pictured(html.escape(text))
