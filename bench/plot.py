"""The plot for the README: one picture of bars on a logarithmic scale, as plain SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

_WIDTH, _LEFT, _RIGHT, _ROW, _BAR = 760, 270, 90, 26, 15
# One grey that can be read on white and on black alike: a picture does not know what page it is on.
_STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #768390 }
  .title { font-weight: 600; font-size: 15px }
  .small { font-size: 11px }
  .grid { stroke: #768390; stroke-opacity: .3 }
  .peer { fill: #8c959f } .ours { fill: #2f81f7 } .wall { fill: #bf8700 }
"""


@dataclass(frozen=True, slots=True)
class Bar:
    """One row: ``kind`` is ``ours``, ``peer`` or ``wall`` (what the bare machine does)."""

    name: str
    value: float
    kind: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Some bars that share a scale."""

    title: str
    unit: str
    bars: Sequence[Bar]


def svg(charts: Sequence[Chart], caption: str) -> str:
    """All charts one below the other. Those without bars are left out."""
    drawn, top = [], 10
    for chart in charts:
        if chart.bars:
            drawn.append(_chart(chart, top))
            top += 62 + _ROW * len(chart.bars)
    height = top + 20
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" '
        f'height="{height}" role="img" aria-label="{escape(caption, _QUOTED)}">\n<style>{_STYLE}</style>\n'
        + "\n".join(drawn)
        + f'\n<text class="small" x="10" y="{height - 10}">{escape(caption)}</text>\n</svg>\n'
    )


_QUOTED = {'"': "&quot;"}


def _chart(chart: Chart, top: int) -> str:
    values = [bar.value for bar in chart.bars]
    low = 10 ** math.floor(math.log10(min(values)) - 0.05)
    high = 10 ** math.ceil(math.log10(max(values)))
    room = _WIDTH - _LEFT - _RIGHT

    def x(value: float) -> float:
        return _LEFT + room * math.log10(value / low) / math.log10(high / low)

    bottom = top + 34 + _ROW * len(chart.bars)
    lines = [f'<text class="title" x="10" y="{top + 16}">{escape(chart.title)}</text>']
    for power in range(round(math.log10(low)), round(math.log10(high)) + 1):
        at = x(10.0**power)
        lines.append(f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{top + 28}" y2="{bottom}"/>')
        tick = f"{10.0**power:,g} {chart.unit}"
        lines.append(
            f'<text class="small" x="{at:.1f}" y="{bottom + 14}" text-anchor="middle">{escape(tick)}</text>'
        )
    for row, bar in enumerate(chart.bars):
        y = top + 34 + _ROW * row
        lines.append(f'<text x="{_LEFT - 8}" y="{y + 12}" text-anchor="end">{escape(bar.name)}</text>')
        lines.append(
            f'<rect class="{bar.kind}" x="{_LEFT}" y="{y}" width="{max(2.0, x(bar.value) - _LEFT):.1f}" '
            f'height="{_BAR}" rx="2"/>'
        )
        told = escape(f"{_number(bar.value)} {chart.unit}")
        lines.append(f'<text x="{x(bar.value) + 6:.1f}" y="{y + 12}">{told}</text>')
    return "\n".join(lines)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.1f}"
