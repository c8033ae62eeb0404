"""A picture of the tables: a bar for each server, as long as the logarithm of
how many times the work of the best possible it takes."""

import html
import math

WIDTH = 760
LEFT = 190
LINE = 17
MOST = 1000.0
COLOURS = {"limit": "#888", "gnu-pop3d": "#1a6fb5", "virtual": "#1a6fb5"}


def text(x, y, what, more=""):
    return f'<text x="{x}" y="{y}" {more}>{html.escape(what)}</text>'


def length_of(ratio):
    """Octets of logarithm: from 1/10 of the base to 1000 times."""
    place = (math.log10(min(max(ratio, 0.1), MOST)) + 1) / 4
    return max(2.0, place * (WIDTH - LEFT - 60))


def bars(table, y):
    for i, column in enumerate(table.columns):
        yield y, text(8, y + 12, f"{table.title}: {column}",
                      'font-weight="bold"')
        y += LINE + 2
        for name, result in table.results.items():
            ratio = table.ratio(result, i) if i < len(result) else None
            if ratio is None:
                continue
            wide = length_of(ratio)
            yield y, text(LEFT - 8, y + 12, name, 'text-anchor="end"')
            yield y, (f'<rect x="{LEFT}" y="{y + 2}" width="{wide:.0f}" '
                      f'height="{LINE - 5}" '
                      f'fill="{COLOURS.get(name, "#c9b48a")}"/>')
            yield y, text(LEFT + wide + 5, y + 12, f"{ratio:.2f}")
            y += LINE
        y += 8
    yield y, ""


def draw(tables):
    parts = []
    y = 40
    for table in tables:
        for bottom, part in bars(table, y):
            parts.append(part)
        y = bottom
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
            f'height="{y + 10}" font-family="sans-serif" font-size="12">'
            f'<rect width="100%" height="100%" fill="#fff"/>')
    title = text(8, 20, "times the work of the limit, or of gnu-pop3d where "
                 "there is none; shorter is better; logarithmic")
    return "\n".join([head, title, *parts, "</svg>"]) + "\n"
