"""The process that draws one chart: JSON in, PNG out. `bot.stats.plotter` starts it."""

from __future__ import annotations

import json
import sys

from bot.stats.chart import Chart
from bot.stats.drawing import drawn

sys.stdout.buffer.write(drawn(Chart.from_json(json.load(sys.stdin.buffer))))
