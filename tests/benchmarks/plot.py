# SPDX-License-Identifier: Apache-2.0
"""Two plots as SVG: time against ports present, and rate against ports requested at once."""

import math
from xml.sax.saxutils import escape

from figures import one, select
from tables import BULK_WAYS, EVERYONE

WIDTH, HEIGHT = 760, 400
LEFT, RIGHT, TOP, BOTTOM = 70, 270, 40, 50
COLOURS = ("#0b6e4f", "#1f5fbf", "#7a3e9d", "#b58900", "#c0392b", "#555555")


def round_numbers(low, high):
    """Returns 1, 2, 5, 10, 20, ... from the last one that is not above `low` to the first not below `high`:
    at least two."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    numbers = [factor * 10.0 ** n for n in range(first, last + 1) for factor in (1, 2, 5)]
    start = max(number for number in numbers if number <= low * (1 + 1e-9))
    end = min(number for number in numbers if number >= high * (1 - 1e-9) and number > start)
    return [number for number in numbers if start <= number <= end]


class Axis:
    """Maps values to positions on a line; logarithmic unless `linear`."""

    def __init__(self, values, start, end, linear=False):
        self.start, self.end, self.linear = start, end, linear
        if linear:
            self.low, self.high = 0, max(values) or 1
            self.ticks = sorted(set(values))
        else:
            self.ticks = round_numbers(min(values), max(values))
            self.low, self.high = math.log10(self.ticks[0]), math.log10(self.ticks[-1])

    def place(self, value):
        share = (value if self.linear else math.log10(value)) - self.low
        return self.start + (self.end - self.start) * share / (self.high - self.low)


def _text(x, y, words, anchor="middle", extra=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{extra}>{escape(words)}</text>'


def _label(value):
    return f"{value:g}"


def _frame(title, x_title, y_title, x_axis, y_axis):
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
             f'font-family="sans-serif" font-size="12">',
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
             _text(LEFT, 22, title, "start", ' font-size="14" font-weight="bold"')]
    for tick in y_axis.ticks:
        y = y_axis.place(tick)
        lines += [f'<path d="M{LEFT} {y:.1f}H{right}" stroke="#dddddd"/>',
                  _text(LEFT - 6, y + 4, _label(tick), "end")]
    for tick in x_axis.ticks:
        x = x_axis.place(tick)
        lines += [f'<path d="M{x:.1f} {TOP}V{bottom}" stroke="#dddddd"/>',
                  _text(x, bottom + 16, _label(tick))]
    turn = f' transform="rotate(-90 16 {(TOP + bottom) / 2:.1f})"'
    return lines + [f'<path d="M{LEFT} {TOP}V{bottom}H{right}" fill="none" stroke="#333333"/>',
                    _text((LEFT + right) / 2, HEIGHT - 12, x_title),
                    _text(16, (TOP + bottom) / 2, y_title, "middle", turn)]


def chart(title, x_title, y_title, series, linear_x=False):
    """Draws a line for each of `series`, {name: [(x, y), ...]}."""
    points = [point for line in series.values() for point in line]
    x_axis = Axis([x for x, _ in points], LEFT, WIDTH - RIGHT, linear_x)
    y_axis = Axis([y for _, y in points], HEIGHT - BOTTOM, TOP)
    if not linear_x:
        x_axis.ticks = sorted({x for x, _ in points})
    lines = _frame(title, x_title, y_title, x_axis, y_axis)
    for i, (name, line) in enumerate(series.items()):
        colour = COLOURS[i % len(COLOURS)]
        places = [(x_axis.place(x), y_axis.place(y)) for x, y in line]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        lines.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        lines += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        y = TOP + 14 + 20 * i
        x = WIDTH - RIGHT + 14
        lines += [f'<path d="M{x} {y - 4}h18" stroke="{colour}" stroke-width="2"/>',
                  _text(x + 24, y, name, "start")]
    return "\n".join([*lines, "</svg>", ""])


def _series(records, names, x_key, **conditions):
    series = {}
    for who in names:
        found = select(records, who=who, **conditions)
        line = sorted((record[x_key], record["p50"]) for record in found)
        if len(line) > 1:
            series[who] = line
    return series


def plots(records):
    """Returns {file name: SVG} of those with figures."""
    made = {}
    series = _series(records, EVERYONE, "ports", part="single", what="plug", kind="vhost-user",
                     wait="realized")
    if series:
        made["performance-plug.svg"] = chart("One vhost-user port, realized (median)",
                                             "other ports present", "ms", series, linear_x=True)
    first = one(records, part="bulk", what="plug rate", kind="vhost-user", wait="realized", ports=0)
    if first:
        series = _series(records, BULK_WAYS, "count", part="bulk", what="plug rate",
                         kind="vhost-user", wait="realized", ports=0)
        if series:
            made["performance-rate.svg"] = chart("vhost-user ports asked for at once, realized",
                                                 "asked for at once", "ports/s", series)
    return made
