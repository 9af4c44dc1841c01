"""What the real Discord would not accept as components of a message or a modal."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import emoji as unicode_emoji

from tests.fakes.discord import layout
from tests.fakes.discord.checks import require
from tests.fakes.discord.layout import Raw

MAX_COMPONENTS, MAX_TEXT, MAX_ROWS = 40, 4000, 5
_IN_MESSAGE = {layout.ROW}
_IN_LAYOUT = {
    *(layout.ROW, layout.SECTION, layout.TEXT, layout.GALLERY, layout.FILE, layout.SEPARATOR, layout.CONTAINER),
}
_IN_CONTAINER = _IN_LAYOUT - {layout.CONTAINER}
_IN_ROW = {layout.BUTTON} | layout.SELECTS
_IN_MODAL = {layout.ROW, layout.TEXT, layout.LABEL}


def check_components(components: object, *, is_layout: bool, files: Collection[str], emoji: Collection[int]) -> None:
    """`is_layout` for version 2; `files` are names that `attachment://` may mean, `emoji` those the bot may use."""
    form = _Form(set(files), set(emoji))
    found = form.children(components, "components", _IN_LAYOUT if is_layout else _IN_MESSAGE, MAX_COMPONENTS)
    if not is_layout:
        form.limit(len(found) <= MAX_ROWS, "components", f"Must be {MAX_ROWS} or fewer in length.")
    form.finish()


def check_modal(modal: Raw) -> None:
    """A pop-up form: a title and one to five inputs."""
    _length(modal, "title", "data", 1, 45)
    _length(modal, "custom_id", "data", 1, 100)
    form = _Form(set(), set())
    rows = form.children(modal.get("components"), "components", _IN_MODAL, 5)
    form.limit(1 <= len(rows) <= 5, "components", "Must be between 1 and 5 in length.")
    form.finish()


class _Form:
    """One look through a tree of components."""

    def __init__(self, files: set[str], emoji: set[int]) -> None:
        self._files, self._emoji = files, emoji
        self._custom_ids: set[str] = set()
        self._count = self._text = 0

    def finish(self) -> None:
        reason = "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED"
        require(self._count <= MAX_COMPONENTS, "components", reason, f"At most {MAX_COMPONENTS} components.")
        reason = "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED"
        require(self._text <= MAX_TEXT, "components", reason, f"At most {MAX_TEXT} characters of text.")

    def limit(self, condition: object, field: str, message: str) -> None:
        require(condition, field, "BASE_TYPE_BAD_LENGTH", message)

    def children(self, components: object, field: str, kinds: set[int], most: int) -> list[Raw]:
        require(isinstance(components, list), field, "BASE_TYPE_BAD_TYPE", "Must be a list.")
        assert isinstance(components, list)
        self.limit(len(components) <= most, field, f"Must be {most} or fewer in length.")
        for index, component in enumerate(components):
            self._component(component, f"{field}.{index}", kinds)
        return components

    def _component(self, component: object, field: str, kinds: set[int]) -> None:
        require(isinstance(component, dict), field, "MODEL_TYPE_CONVERT", "Only dictionaries may be used.")
        assert isinstance(component, dict)
        kind = component.get("type")
        require(kind in kinds, f"{field}.type", "UNION_TYPE_CHOICES", f"Must be one of {sorted(kinds)}.")
        self._count += 1
        judges = {
            layout.ROW: self._row,
            layout.BUTTON: self._button,
            layout.TEXT_INPUT: self._input,
            layout.SECTION: self._section,
            layout.TEXT: self._words,
            layout.THUMBNAIL: self._thumbnail,
            layout.GALLERY: self._gallery,
            layout.FILE: self._file,
            layout.SEPARATOR: self._separator,
            layout.CONTAINER: self._container,
            layout.LABEL: self._label,
            **dict.fromkeys(layout.SELECTS, self._select),
        }
        judges.get(component["type"], self._input)(component, field)

    def _row(self, row: Raw, field: str) -> None:
        in_modal = any(isinstance(each, dict) and each.get("type") == layout.TEXT_INPUT for each in row["components"])
        kinds = {layout.TEXT_INPUT} if in_modal else _IN_ROW
        children = self.children(row.get("components"), f"{field}.components", kinds, 5)
        self.limit(children, f"{field}.components", "Must be between 1 and 5 in length.")
        alone = len(children) == 1 or all(child["type"] == layout.BUTTON for child in children)
        require(alone, f"{field}.components", "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "A select fills its row.")

    def _button(self, button: Raw, field: str) -> None:
        style = button.get("style")
        require(style in range(1, 7), f"{field}.style", "BASE_TYPE_CHOICES", "Not a choice.")
        if style == layout.LINK_BUTTON:
            url = str(button.get("url") or "")
            web = url.startswith(("http://", "https://", "discord://")) and len(url) <= 512
            require(web, f"{field}.url", "URL_TYPE_INVALID_URL", "Not a well formed URL.")
            require(not button.get("custom_id"), field, "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", "Both.")
        else:
            require(not button.get("url"), field, "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", "Both.")
            self._custom_id(button, field)
        face = button.get("label") or button.get("emoji")
        require(face, field, "BUTTON_COMPONENT_INVALID_CONTENT", "A button needs a label or an emoji.")
        self.limit(len(button.get("label") or "") <= 80, f"{field}.label", "Must be 80 or fewer in length.")
        self._symbol(button.get("emoji"), f"{field}.emoji")

    def _select(self, select: Raw, field: str) -> None:
        self._custom_id(select, field)
        self.limit(len(select.get("placeholder") or "") <= 150, f"{field}.placeholder", "At most 150.")
        least, most = select.get("min_values", 1), select.get("max_values", 1)
        fits = 0 <= least <= most and 1 <= most <= 25
        require(fits, f"{field}.max_values", "NUMBER_TYPE_MAX", "0 <= min_values <= max_values <= 25.")
        if select["type"] != layout.SELECT:
            return
        options = self._options(select, field, 25)
        self.limit(most <= len(options), f"{field}.max_values", "More than there are options.")

    def _options(self, holder: Raw, field: str, limit: int) -> list[Raw]:
        options: list[Raw] = holder.get("options") or []
        self.limit(1 <= len(options) <= limit, f"{field}.options", f"Must be between 1 and {limit} in length.")
        values = [option.get("value") for option in options]
        reason = "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED"
        require(len(set(values)) == len(values), f"{field}.options", reason, "The values must be unique.")
        for index, option in enumerate(options):
            at = f"{field}.options.{index}"
            _length(option, "label", at, 1, 100)
            _length(option, "value", at, 1, 100)
            _length(option, "description", at, 0, 100)
            self._symbol(option.get("emoji"), f"{at}.emoji")
        chosen = sum(bool(option.get("default")) for option in options)
        most = holder.get("max_values", 1)
        require(chosen <= most, f"{field}.options", "SELECT_COMPONENT_DEFAULT_EXCEEDED", "Too many defaults.")
        return options

    def _section(self, section: Raw, field: str) -> None:
        words = self.children(section.get("components"), f"{field}.components", {layout.TEXT}, 3)
        self.limit(words, f"{field}.components", "Must be between 1 and 3 in length.")
        self._component(section.get("accessory"), f"{field}.accessory", {layout.BUTTON, layout.THUMBNAIL})

    def _words(self, text: Raw, field: str) -> None:
        _length(text, "content", field, 1, MAX_TEXT)
        self._text += len(text["content"])

    def _thumbnail(self, thumbnail: Raw, field: str) -> None:
        self._media(thumbnail.get("media"), f"{field}.media")
        _length(thumbnail, "description", field, 0, 1024)

    def _gallery(self, gallery: Raw, field: str) -> None:
        items = gallery.get("items") or []
        self.limit(1 <= len(items) <= 10, f"{field}.items", "Must be between 1 and 10 in length.")
        for index, item in enumerate(items):
            self._thumbnail(item, f"{field}.items.{index}")

    def _file(self, file: Raw, field: str) -> None:
        self._media(file.get("file"), f"{field}.file")
        url = str(file["file"]["url"])
        reason = "UNFURLED_MEDIA_ITEM_MUST_BE_ATTACHMENT"
        require(url.startswith("attachment://") or "/attachments/" in url, f"{field}.file.url", reason, "Not attached.")

    def _separator(self, separator: Raw, field: str) -> None:
        require(separator.get("spacing", 1) in {1, 2}, f"{field}.spacing", "BASE_TYPE_CHOICES", "Not a choice.")

    def _container(self, container: Raw, field: str) -> None:
        children = self.children(container.get("components"), f"{field}.components", _IN_CONTAINER, MAX_COMPONENTS)
        self.limit(children, f"{field}.components", "This field is required.")
        colour = container.get("accent_color")
        fits = colour is None or (isinstance(colour, int) and 0 <= colour <= 0xFFFFFF)
        require(fits, f"{field}.accent_color", "NUMBER_TYPE_MAX", "0 to 16777215.")

    def _label(self, label: Raw, field: str) -> None:
        _length(label, "label", field, 1, 45)
        _length(label, "description", field, 0, 100)
        self._component(label.get("component"), f"{field}.component", layout.INPUTS)

    def _input(self, component: Raw, field: str) -> None:
        self._custom_id(component, field)
        if component["type"] == layout.TEXT_INPUT:
            require(component.get("style") in {1, 2}, f"{field}.style", "BASE_TYPE_CHOICES", "Not a choice.")
            _length(component, "placeholder", field, 0, 100)
            _length(component, "value", field, 0, 4000)
            self.limit(0 <= (component.get("min_length") or 0) <= 4000, f"{field}.min_length", "0 to 4000.")
            self.limit(1 <= (component.get("max_length") or 4000) <= 4000, f"{field}.max_length", "1 to 4000.")
        elif component["type"] in {layout.RADIO_GROUP, layout.CHECKBOX_GROUP}:
            self._options({"max_values": 10} | component, field, 10)

    def _custom_id(self, component: Raw, field: str) -> None:
        _length(component, "custom_id", field, 1, 100)
        custom_id = component["custom_id"]
        reason = "COMPONENT_CUSTOM_ID_DUPLICATED"
        require(custom_id not in self._custom_ids, f"{field}.custom_id", reason, "Custom ids must be unique.")
        self._custom_ids.add(custom_id)

    def _media(self, item: object, field: str) -> None:
        require(isinstance(item, dict) and item.get("url"), field, "BASE_TYPE_REQUIRED", "This field is required.")
        assert isinstance(item, dict)
        url = str(item["url"])
        scheme, _, name = url.partition("://")
        known = scheme != "attachment" or name in self._files
        reason = "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND"
        require(known, f"{field}.url", reason, "The referenced attachment was not found.")
        web = scheme in {"http", "https", "attachment"} and len(url) <= 2048
        require(web, f"{field}.url", "URL_TYPE_INVALID_SCHEME", "Scheme must be one of attachment, http, https.")

    def _symbol(self, symbol: Any, field: str) -> None:
        if not symbol:
            return
        name, id_ = symbol.get("name"), symbol.get("id")
        known = int(id_) in self._emoji if id_ else unicode_emoji.is_emoji(name or "")
        require(known, field, "COMPONENT_INVALID_EMOJI", "Invalid emoji")


def _length(holder: Raw, name: str, field: str, least: int, most: int) -> None:
    value = holder.get(name)
    if value is None and least == 0:
        return
    fits = isinstance(value, str) and least <= len(value) <= most
    require(fits, f"{field}.{name}", "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most} in length.")
