"""Draws a chart with matplotlib. Imported in a process of its own: the library takes half a second and 50 MB."""

from __future__ import annotations

import io
from importlib.resources import files

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.ft2font import FT2Font
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator

from bot.stats.chart import Bars, Chart, Panel

_SIZE_INCH, _DPI, _PAD_INCH = (10, 7.5), 120, 0.12
_BACK, _FRONT, _FAINT, _BAR = "#1e1f22", "#f2f3f5", "#4e5058", "#7983f5"
_LONGEST_LABEL = 22
_ROWS = 10


def drawn(chart: Chart) -> bytes:
    """A PNG."""
    fonts = _Fonts()
    with mpl.rc_context({"font.family": fonts.families, "text.parse_math": False, "text.color": _FRONT}):
        layout = ConstrainedLayoutEngine(h_pad=_PAD_INCH, w_pad=_PAD_INCH)
        figure = Figure(figsize=_SIZE_INCH, dpi=_DPI, facecolor=_BACK, layout=layout)
        figure.suptitle(fonts.shown(chart.title), fontsize=17)
        grid = figure.add_gridspec(2, 1, height_ratios=[1, 1.15])
        above, below = (figure.add_subfigure(grid[at, 0], facecolor=_BACK) for at in range(2))
        left, right = below.subplots(1, 2)
        _columns(above.subplots(), chart.days, chart.nothing, fonts)
        _rows(left, chart.emotes, chart.nothing, fonts)
        _rows(right, chart.channels, chart.nothing, fonts)
        file = io.BytesIO()
        figure.savefig(file, format="png")
    return file.getvalue()


class _Fonts:
    """DejaVu, which comes with matplotlib, and for Japanese IPAexGothic. What neither has is left out of a text."""

    def __init__(self) -> None:
        dejavu = mpl.get_data_path() + "/fonts/ttf/DejaVuSans.ttf"
        japanese = str(files("matplotlib_fontja") / "fonts" / "ipaexg.ttf")
        fontManager.addfont(japanese)
        self.families = ["DejaVu Sans", "IPAexGothic"]
        self._fonts = [FT2Font(dejavu), FT2Font(japanese)]

    def shown(self, text: str) -> str:
        """Only what can be drawn: a row of boxes helps nobody."""
        return "".join(c for c in text if any(font.get_char_index(ord(c)) for font in self._fonts))


def _columns(axes: Axes, panel: Panel, nothing: str, fonts: _Fonts) -> None:
    values = _prepared(axes, panel, nothing, fonts)
    if not values:
        return
    axes.bar(range(len(values)), values, color=_BAR, width=0.8)
    every = max(1, len(values) // 8)
    ticks = range(len(values) - 1, -1, -every)  # the last day has a label
    axes.set_xticks(list(ticks), [fonts.shown(panel.bars[at][0]) for at in ticks])
    axes.set_xlim(-0.7, len(values) - 0.3)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True, min_n_ticks=1))
    axes.set_ylim(0, max(*values, 1) * 1.08)
    axes.grid(axis="y", color=_FAINT, linewidth=0.6)


def _rows(axes: Axes, panel: Panel, nothing: str, fonts: _Fonts) -> None:
    values = _prepared(axes, panel, nothing, fonts)
    if not values:
        return
    places = range(len(values))
    bars = axes.barh(places, values, color=_BAR, height=0.72)
    axes.bar_label(bars, padding=4, color=_FRONT, fontsize=9)
    axes.set_yticks(places, [_shortened(fonts.shown(label)) for label, _ in panel.bars])
    axes.set_ylim(max(len(values), _ROWS) - 0.4, -0.6)  # few bars stay slim; the first is on top
    axes.set_xlim(0, max(values) * 1.15)
    axes.set_xticks([])


def _prepared(axes: Axes, panel: Panel, nothing: str, fonts: _Fonts) -> list[int]:
    axes.set_facecolor(_BACK)
    axes.set_axisbelow(True)
    axes.set_title(fonts.shown(panel.title), loc="left", fontsize=12, color=_FRONT, pad=9)
    axes.tick_params(colors=_FRONT, length=0, labelsize=10)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
    if _is_empty(panel.bars):
        axes.set_xticks([])
        axes.set_yticks([])
        axes.text(0.5, 0.5, fonts.shown(nothing), ha="center", va="center", transform=axes.transAxes, color=_FRONT)
        return []
    return [value for _, value in panel.bars]


def _is_empty(bars: Bars) -> bool:
    return not any(value for _, value in bars)


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_LABEL else f"{text[: _LONGEST_LABEL - 1]}…"
