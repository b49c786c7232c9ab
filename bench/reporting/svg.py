"""A chart as SVG text: groups of horizontal bars with whiskers, readable on light and on dark ground."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import attrs

from bench.measuring.spread import Spread
from bench.reporting.words import number

_WIDTH, _LEFT, _RIGHT = 760, 205, 70
_BAR, _GAP, _GROUP, _HEAD, _FOOT = 16, 6, 30, 62, 16
_STYLE = """
svg { font: 13px system-ui, sans-serif; background: #fff; }
text { fill: #24292f; }
.title { font-size: 16px; font-weight: 600; }
.unit, .case { fill: #57606a; }
.case { font-weight: 600; }
.value { font-variant-numeric: tabular-nums; }
.bar { fill: #8c959f; }
.own { fill: #c2410c; }
.whisker, .axis { stroke: #24292f; stroke-width: 1; opacity: .55; }
@media (prefers-color-scheme: dark) {
  svg { background: #0d1117; }
  text { fill: #e6edf3; }
  .unit, .case { fill: #9198a1; }
  .bar { fill: #6e7681; }
  .own { fill: #fb923c; }
  .whisker, .axis { stroke: #e6edf3; }
}
"""


@attrs.frozen(kw_only=True)
class Bar:
    """One bar: whose it is, how long, and how far the rounds stray."""

    label: str
    spread: Spread
    is_own: bool = False


@attrs.frozen(kw_only=True)
class Group:
    """The bars of one case."""

    case: str
    bars: Sequence[Bar]


def chart(title: str, unit: str, groups: Sequence[Group]) -> str:
    """Return the whole file; the longest whisker reaches the right edge."""
    most = max((bar.spread.most for group in groups for bar in group.bars), default=0.0) or 1.0
    scale = (_WIDTH - _LEFT - _RIGHT) / most
    lines: list[str] = []
    y = _HEAD
    for group in groups:
        lines.append(_text(16, y + 13, "case", group.case))
        y += _GROUP - _GAP
        for bar in group.bars:
            lines += _bar(bar, y, scale)
            y += _BAR + _GAP
        y += _GAP
    axis = f'<line class="axis" x1="{_LEFT}" y1="{_HEAD}" x2="{_LEFT}" y2="{y}"/>'
    described = "; ".join(f"{bar.label}, {group.case}: {number(bar.spread.median)}" for group in groups for bar in group.bars)
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y + _FOOT}" width="{_WIDTH}" height="{y + _FOOT}" role="img">',
        f"<title>{escape(title)}</title>",
        f"<desc>{escape(f'{unit}. {described}')}</desc>",
        f"<style>{_STYLE}</style>",
        _text(16, 26, "title", title),
        _text(16, 46, "unit", f"{unit}: median, and from the least to the most"),
    ]
    return "\n".join([*head, *lines, axis, "</svg>", ""])


def _bar(bar: Bar, y: int, scale: float) -> list[str]:
    least, middle, most = (_LEFT + value * scale for value in (bar.spread.least, bar.spread.median, bar.spread.most))
    center = y + _BAR / 2
    kind = "bar own" if bar.is_own else "bar"
    return [
        _text(_LEFT - 8, y + 12, "label", bar.label, anchor="end"),
        f'<rect class="{kind}" x="{_LEFT}" y="{y}" width="{middle - _LEFT:.1f}" height="{_BAR}" rx="2"/>',
        f'<path class="whisker" fill="none" d="M{least:.1f} {center}H{most:.1f}M{least:.1f} {center - 4}v8M{most:.1f} {center - 4}v8"/>',
        _text(max(middle, most) + 6, y + 12, "value", number(bar.spread.median)),
    ]


def _text(x: float, y: float, kind: str, said: str, *, anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y}" text-anchor="{anchor}">{escape(said)}</text>'
