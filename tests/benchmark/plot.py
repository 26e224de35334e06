"""The benchmark's figures as an SVG of horizontal bars, without any library.

The background is transparent; the text is dark, or light where the reader's system is dark.
"""

from xml.sax.saxutils import escape

from table import Rate

WIDTH, LABELS, BARS, LINE, BAR, MARGIN = 760, 220, 430, 22, 14, 16
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600 }
  .value { fill: #59636e }
  .bar { fill: #8c959f }
  .miko { fill: #0969da }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc }
    .value { fill: #9198a1 }
    .bar { fill: #656c76 }
    .miko { fill: #4493f8 }
  }
"""


def text(x, y, words, attributes=""):
    return '<text x="{}" y="{}"{}>{}</text>'.format(x, y, attributes, escape(words))


def bar(y, label, value, words, longest):
    """One line: whose it is, a bar as long as `value` is beside `longest`, and `words`."""
    width = max(1.0, BARS * value / longest)
    colour = "bar miko" if label.startswith("miko") else "bar"
    return [text(LABELS - 8, y + 12, label, ' text-anchor="end"'),
            '<rect class="{}" x="{}" y="{}" width="{:.1f}" height="{}" rx="2"/>'.format(
                colour, LABELS, y + 1, width, BAR),
            text("{:.1f}".format(LABELS + width + 6), y + 12, words, ' class="value"')]


def panel(y, group, rows):
    """Gives the elements of one group and the height at which they end."""
    if isinstance(rows[0], Rate):
        title = "Calls a second: " + group
        lines = [(row.median_per_s, "{:,.0f}".format(row.median_per_s)) for row in rows]
    else:
        title = "Milliseconds: " + group
        lines = [(row.median_ms, "{:,.1f}".format(row.median_ms)) for row in rows]
    longest = max(value for value, _ in lines)
    elements = [text(MARGIN, y + 14, title, ' class="title"')]
    y += LINE + 4
    for row, (value, words) in zip(rows, lines):
        elements += bar(y, row.client, value, words, longest)
        y += LINE
    return elements, y + MARGIN


def write_svg(path, rows):
    """A panel for each group of `rows`, Row or Rate, in their order."""
    groups = {}
    for row in rows:
        groups.setdefault(row.group, []).append(row)
    elements, y = [], MARGIN
    for group, members in groups.items():
        more, y = panel(y, group, members)
        elements += more
    with open(path, "w") as file:
        file.write('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {1}" width="{0}" '
                   'height="{1}" role="img">\n<title>miko beside other clients</title>\n'
                   '<style>{2}</style>\n'.format(WIDTH, y, STYLE))
        file.write("\n".join(elements))
        file.write("\n</svg>\n")
