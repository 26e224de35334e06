"""What the benchmark found, as a table and as JSON."""

import json
import os
import statistics
from dataclasses import asdict, dataclass
from typing import Optional


@dataclass
class Row:
    group: str
    client: str
    median_ms: float
    p10_ms: float
    p90_ms: float
    ratio: float
    cpu_ms: float
    rss_mb: float


@dataclass
class Rate:
    """Of runs of `calls` calls or events each, one a round: `rates`. `ratio`: to the base."""

    group: str
    client: str
    calls: int
    median_per_s: float
    p10_per_s: float
    p90_per_s: float
    ratio: float
    cpu_us_per_call: float
    rates: list

    def ratio_to(self, other):
        """The median of the ratios inside a round: the machine may be faster in the next."""
        return statistics.median(mine / theirs for mine, theirs in zip(self.rates, other.rates))


@dataclass
class Goal:
    """`limit` is the largest allowed value when `relation` is "<=", the smallest when ">=".
    `value` is None when one of the two programs compared is missing."""

    what: str
    relation: str
    limit: float
    value: Optional[float]

    @property
    def reached(self):
        if self.value is None:
            return False
        return self.value <= self.limit if self.relation == "<=" else self.value >= self.limit


def find(rows, group, client):
    """The first row of the group whose client's name begins with `client`, or None."""
    return next((row for row in rows if row.group == group and row.client.startswith(client)), None)


def print_table(rows):
    """Rows of one kind: all Row or all Rate."""
    of_rates = isinstance(rows[0], Rate)
    if of_rates:
        print("{:<28}{:>10}{:>18}{:>9}{:>13}".format(
            "", "a second", "p10 - p90", "ratio", "CPU us each"))
    else:
        print("{:<28}{:>10}{:>18}{:>9}{:>9}{:>9}".format(
            "", "median ms", "p10 - p90 ms", "ratio", "CPU ms", "RSS MB"))
    group = None
    for row in rows:
        if row.group != group:
            group = row.group
            print(group)
        print_rate(row) if of_rates else print_time(row)


def print_time(row):
    spread = "{:.2f} - {:.2f}".format(row.p10_ms, row.p90_ms)
    print("  {:<26}{:>10.2f}{:>18}{:>8.2f}x{:>9.2f}{:>9.1f}".format(
        row.client, row.median_ms, spread, row.ratio, row.cpu_ms, row.rss_mb))


def print_rate(row):
    spread = "{:.0f} - {:.0f}".format(row.p10_per_s, row.p90_per_s)
    print("  {:<26}{:>10.0f}{:>18}{:>8.2f}x{:>13.2f}".format(
        row.client, row.median_per_s, spread, row.ratio, row.cpu_us_per_call))


def print_goals(goals):
    for goal in goals:
        verdict, value = "not measured", "?"
        if goal.value is not None:
            verdict = "reached" if goal.reached else "NOT REACHED"
            value = "{:.2f}".format(goal.value)
        print("{:<12} {}: {} (goal {} {:.2f})".format(verdict, goal.what, value, goal.relation,
                                                      goal.limit))


def write_json(path, bench, load_before, rows, goals):
    """{"rounds": int, "cores": int, "load": [float, float], "rows": [Row], "rates": [Rate],
    "goals": [Goal and "reached": bool], "skipped": [str]}; load is the one-minute average before
    and after."""
    about = {"rounds": bench.options.rounds, "cores": os.cpu_count(),
             "load": [load_before, os.getloadavg()[0]],
             "rows": [asdict(row) for row in rows if isinstance(row, Row)],
             "rates": [asdict(row) for row in rows if isinstance(row, Rate)],
             "goals": [dict(asdict(goal), reached=goal.reached) for goal in goals],
             "skipped": bench.skipped}
    with open(path, "w") as file:
        json.dump(about, file, indent=2)
        file.write("\n")
