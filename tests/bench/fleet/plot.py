#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Draws what fleet -c has written: for each scenario the requests per second
around the outage, on a logarithmic scale.

    fleet -c fleet.csv && plot.py fleet.csv fleet.svg
"""

import math
import sys
from html import escape

WIDTH, HEIGHT = 430, 150        # of one panel's axes
LEFT, TOP, GAP_X, GAP_Y = 60, 70, 70, 60
COLUMNS = 2
DOWN, UP = -10, 50              # minutes from the due time
DECADES = 5                     # 1 to 100,000 requests per second


def read(path):
    """Returns the server's rate, the names, the minutes and one list of
    loads for each name."""
    with open(path, encoding="utf-8") as file:
        head, *lines = file.read().splitlines()
    rate, *names = head.split(";")
    rows = [[float(cell) for cell in line.split(";")] for line in lines]
    minutes, *loads = zip(*rows)
    return int(rate), names, minutes, loads


class Panel:
    """One scenario's axes and its bars."""

    def __init__(self, index, first, last):
        self.x = LEFT + index % COLUMNS * (WIDTH + GAP_X)
        self.y = TOP + index // COLUMNS * (HEIGHT + GAP_Y)
        self.first, self.last = first, last

    def at_minute(self, minute):
        share = (minute - self.first) / (self.last - self.first)
        return self.x + share * WIDTH

    def at_load(self, load):
        share = math.log10(load) / DECADES
        return self.y + HEIGHT * (1 - min(share, 1))

    def frame(self, name, rate):
        yield (f'<rect x="{self.at_minute(DOWN):.1f}" y="{self.y}" '
               f'width="{self.at_minute(UP) - self.at_minute(DOWN):.1f}" '
               f'height="{HEIGHT}" fill="#f3d9d5"/>')
        for decade in range(DECADES + 1):
            y = self.at_load(10 ** decade)
            yield (f'<path d="M{self.x} {y:.1f}h{WIDTH}" stroke="#ddd"/>'
                   f'<text x="{self.x - 6}" y="{y + 4:.1f}" '
                   f'text-anchor="end">{10 ** decade:,}</text>')
        for minute in range(0, int(self.last) + 1, 30):
            yield (f'<text x="{self.at_minute(minute):.1f}" '
                   f'y="{self.y + HEIGHT + 15}" text-anchor="middle">'
                   f'{minute:+d} min</text>')
        yield (f'<path d="M{self.x} {self.at_load(rate):.1f}h{WIDTH}" '
               'stroke="#b33" stroke-dasharray="4 3"/>'
               f'<text x="{self.x}" y="{self.y - 8}" font-weight="bold">'
               f'{escape(name)}</text>')

    def bars(self, minutes, loads):
        bottom = self.y + HEIGHT
        yield '<path stroke="#246" stroke-width="0.9" d="'
        for minute, load in zip(minutes, loads):
            if load >= 1:
                # A load of one would have no height on this scale.
                top = min(self.at_load(load), bottom - 1)
                yield f'M{self.at_minute(minute):.1f} {bottom}V{top:.1f}'
        yield '"/>'


def draw(rate, names, minutes, loads):
    rows = -(-len(names) // COLUMNS)
    width = LEFT + COLUMNS * (WIDTH + GAP_X) - GAP_X // 2
    height = TOP + rows * (HEIGHT + GAP_Y)
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
           f'height="{height}" font-family="sans-serif" font-size="11" '
           'fill="#222">'
           f'<rect width="{width}" height="{height}" fill="white"/>'
           f'<text x="{LEFT}" y="24" font-size="15">Requests per second at '
           'the server, busiest second of each ten, around the due time of '
           'the second day</text>'
           f'<text x="{LEFT}" y="42">shaded: the server is down; dashed: the '
           f'{rate} a second that it can serve; the scale is logarithmic'
           '</text>')
    for index, name in enumerate(names):
        panel = Panel(index, minutes[0], minutes[-1])
        yield from panel.frame(name, rate)
        yield from panel.bars(minutes, loads[index])
    yield '</svg>'


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        file.write("\n".join(draw(*read(sys.argv[1]))) + "\n")


if __name__ == "__main__":
    main()
