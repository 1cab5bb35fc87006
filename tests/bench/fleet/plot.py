#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Draws what fleet -c has written: for each scenario the requests per second
around the outage, on a logarithmic scale.

    fleet -c fleet.csv && plot.py fleet.csv fleet.svg
"""

import math
import sys
from html import escape

WIDTH, HEIGHT = 300, 130        # of one panel's axes
LEFT, TOP, GAP_X, GAP_Y = 80, 96, 26, 62
COLUMNS = 3
DOWN, UP = -10, 50              # minutes from the due time
DECADES = 5                     # 1 to 100,000 requests per second
LOAD, LIMIT, SERVER_DOWN, POWER_CUT = "#246", "#b33", "#f3d9d5", "#dcdcdc"
ROWS = (
    "Without Adjust: all devices send their first message in the same second",
    "With Adjust: the first message comes 1 to 600 s after the due time",
    "The server defers each request three times (PENDING)",
    "The power is cut at all devices, and they are on again in the same second; "
    "missed runs are made up for",
)
TITLES = {
    "no Adjust, no Poll": "no Poll",
    "no Adjust, Poll fixed": "Poll, every retry at PollInterval",
    "no Adjust, Poll spread": "Poll, first retry spread",
    "Adjust, no Poll": "no Poll",
    "Adjust, Poll fixed": "Poll, every retry at PollInterval",
    "Adjust, Poll spread": "Poll, first retry spread",
    "no Adjust, deferred, spread": "no Adjust, first retry spread",
    "Adjust, deferred, fixed": "Adjust, every retry at PollInterval",
    "Adjust, deferred, spread": "Adjust, first retry spread",
    "cut, no Adjust": "no Adjust",
    "cut, Adjust, at once": "Adjust, but missed runs begin at once",
    "cut, Adjust, spread": "Adjust, missed runs spread",
}


class Data:
    """The server's rate, the number of devices, and for each scenario its
    name, its loads and its figures."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            head, *lines = [line.split(";") for line in file.read().splitlines()]
        self.rate, self.count, *self.names = head
        self.figures = {line[0]: [int(cell) for cell in line[1:]] for line in lines[:4]}
        rows = [[float(cell) for cell in line] for line in lines[4:]]
        self.minutes, *self.loads = zip(*rows)
        self.rate, self.count = int(self.rate), int(self.count)

    def summary(self, index):
        peak, served, last = (self.figures[name][index] for name in ("peak", "served", "last"))
        if served == 0:
            return f"peak {peak:,}/s, none served, all end in Error"
        if served < self.count:
            return f"peak {peak:,}/s, {self.count - served:,} end in Error"
        return f"peak {peak:,}/s, all served by {last:+d} min"


class Panel:
    """One scenario's axes and its bars."""

    def __init__(self, data, index):
        self.data, self.index = data, index
        self.x = LEFT + index % COLUMNS * (WIDTH + GAP_X)
        self.y = TOP + index // COLUMNS * (HEIGHT + GAP_Y + 24) + 24
        self.first, self.last = data.minutes[0], data.minutes[-1]

    def at_minute(self, minute):
        share = (minute - self.first) / (self.last - self.first)
        return self.x + share * WIDTH

    def at_load(self, load):
        share = math.log10(load) / DECADES
        return self.y + HEIGHT * (1 - min(share, 1))

    def axes(self):
        is_cut = self.data.figures["cut"][self.index]
        yield (f'<rect x="{self.at_minute(DOWN):.1f}" y="{self.y}" '
               f'width="{self.at_minute(UP) - self.at_minute(DOWN):.1f}" '
               f'height="{HEIGHT}" fill="{POWER_CUT if is_cut else SERVER_DOWN}"/>')
        for decade in range(DECADES + 1):
            y = self.at_load(10 ** decade)
            yield f'<path d="M{self.x} {y:.1f}h{WIDTH}" stroke="#ccc" stroke-width="0.5"/>'
            if self.index % COLUMNS == 0:
                yield (f'<text x="{self.x - 6}" y="{y + 4:.1f}" text-anchor="end">'
                       f'{10 ** decade:,}</text>')
        for minute in range(0, int(self.last) + 1, 30):
            x = self.at_minute(minute)
            yield (f'<path d="M{x:.1f} {self.y + HEIGHT}v4" stroke="#222"/>'
                   f'<text x="{x:.1f}" y="{self.y + HEIGHT + 16}" '
                   f'text-anchor="middle">{minute}</text>')
        yield f'<path d="M{self.x} {self.y + HEIGHT}h{WIDTH}" stroke="#222"/>'

    def words(self):
        name = self.data.names[self.index]
        yield (f'<text x="{self.x}" y="{self.y - 20}" font-weight="bold">'
               f'{escape(TITLES.get(name, name))}</text>'
               f'<text x="{self.x}" y="{self.y - 6}">{self.data.summary(self.index)}</text>')
        if self.index % COLUMNS == 0:
            middle = self.y + HEIGHT / 2
            yield (f'<text transform="rotate(-90 18 {middle})" x="18" y="{middle}" '
                   'text-anchor="middle">requests per second</text>')
            yield (f'<text x="{self.x}" y="{self.y - 42}" font-size="13" fill="#246">'
                   f'{escape(ROWS[self.index // COLUMNS])}</text>')

    def bars(self):
        bottom = self.y + HEIGHT
        yield f'<path stroke="{LOAD}" stroke-width="0.8" d="'
        for minute, load in zip(self.data.minutes, self.data.loads[self.index]):
            if load >= 1:
                # A load of one would have no height on this scale.
                top = min(self.at_load(load), bottom - 1)
                yield f'M{self.at_minute(minute):.1f} {bottom}V{top:.1f}'
        yield '"/>'

    def limit(self):
        yield (f'<path d="M{self.x} {self.at_load(self.data.rate):.1f}h{WIDTH}" '
               f'stroke="{LIMIT}" stroke-width="1.2" stroke-dasharray="4 3"/>')


def legend(data, y):
    """Tells the meaning of the colours, in one line."""
    x = LEFT
    for mark, words, width in (
        (f'<rect width="14" height="10" fill="{LOAD}"/>', "busiest second of each ten", 190),
        (f'<path d="M0 5h16" stroke="{LIMIT}" stroke-width="1.5" stroke-dasharray="4 3"/>',
         f"what the server can serve: {data.rate} a second", 285),
        (f'<rect width="14" height="10" fill="{SERVER_DOWN}"/>', "the server is down", 150),
        (f'<rect width="14" height="10" fill="{POWER_CUT}"/>', "the devices are off", 150),
    ):
        yield (f'<g transform="translate({x} {y - 9})">{mark}'
               f'<text x="22" y="9">{words}</text></g>')
        x += width


def draw(data):
    rows = -(-len(data.names) // COLUMNS)
    width = LEFT + COLUMNS * (WIDTH + GAP_X)
    height = TOP + rows * (HEIGHT + GAP_Y + 24) + 10
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
           f'height="{height}" font-family="sans-serif" font-size="11" '
           'fill="#222">'
           f'<rect width="{width}" height="{height}" fill="white"/>'
           f'<text x="{LEFT}" y="24" font-size="16">{data.count:,} devices, all due at the same '
           'time, around an outage of an hour</text>')
    yield from legend(data, 46)
    for index in range(len(data.names)):
        panel = Panel(data, index)
        yield from panel.axes()
        yield from panel.bars()
        yield from panel.limit()
        yield from panel.words()
    yield (f'<text x="{LEFT + (width - LEFT) / 2}" y="{height - 18}" text-anchor="middle">'
           'minutes after the due time; the load is on a logarithmic scale</text></svg>')


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        file.write("\n".join(draw(Data(sys.argv[1]))) + "\n")


if __name__ == "__main__":
    main()
