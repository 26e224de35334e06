#!/usr/bin/env python3
"""How fast miko is beside other ways to call a Nameko service, measured on this machine.

Starts a private RabbitMQ and a Nameko service (tests/support/lab.py), runs every client in turn,
round after round, and prints tables and whether miko reached its goals. Goals of speed are ratios
inside one interleaved run: milliseconds depend on the machine, ratios much less.
"""

import argparse
import os
import sys

from events import events
from large_replies import large_replies
from one_shot import one_shot
from peers import CannotBuild, HERE, Peers
from plot import write_svg
from runs import SERVICE_VERSION, Bench, Broken, enter_lab, open_lab
from table import print_goals, print_table, write_json
from throughput import throughput

ROOT = os.path.dirname(os.path.dirname(HERE))

# Each measures one thing with all of the machine to itself, and gives (rows, goals).
SECTIONS = {"one-shot": one_shot, "throughput": throughput, "large-replies": large_replies,
            "events": events}
PLOTTED = ("throughput", "one-shot")


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=50,
                        help="runs of each client (50); half of them of throughput, a fifth of "
                             "events, a tenth of large replies")
    parser.add_argument("--miko", metavar="PATH",
                        default=os.path.join(ROOT, "build", "release", "miko"),
                        help="the program to measure (build/release/miko)")
    parser.add_argument("--without-miko", action="store_true", help="measure the others only")
    parser.add_argument("--only", choices=SECTIONS, action="append", help="this section only")
    parser.add_argument("--json", metavar="FILE", help="write the numbers there too")
    parser.add_argument("--plot", metavar="FILE",
                        help="draw the calls a second and the times of one call, as SVG")
    parser.add_argument("--gate", action="store_true",
                        help="exit 1 if a goal is not reached, or not measured")
    options = parser.parse_args(argv)
    if options.plot and options.only and not set(options.only) & set(PLOTTED):
        parser.error("--plot draws {}".format(" and ".join(PLOTTED)))
    if options.rounds < 2:
        parser.error("--rounds must be at least 2")
    if options.without_miko and options.gate:
        parser.error("--gate needs miko")
    if options.without_miko:
        options.miko = None
    elif not os.access(options.miko, os.X_OK):
        parser.error("no program at {}: build it, or say --without-miko".format(options.miko))
    else:
        options.miko = os.path.abspath(options.miko)
    return options


def main(argv):
    options = parse(argv)
    enter_lab(__file__, SERVICE_VERSION, argv)
    lab = open_lab()
    peers = Peers()
    skipped = list(dict.fromkeys(peers.skipped + lab["skipped"]))
    bench = Bench(options=options, lab=lab, peers=peers, skipped=skipped)

    load_before = os.getloadavg()[0]
    tables, goals = {}, []
    for name in dict.fromkeys(options.only or SECTIONS):
        tables[name], more_goals = SECTIONS[name](bench)
        goals += more_goals

    print("{} rounds, {} cores, load {:.1f}".format(options.rounds, os.cpu_count(), load_before))
    for rows in filter(None, tables.values()):
        print_table(rows)
    if options.miko:
        print_goals(goals)
    for reason in bench.skipped:
        print("skipped      " + reason)
    if options.json:
        write_json(options.json, bench, load_before, sum(tables.values(), []), goals)
    if options.plot:
        write_svg(options.plot, [row for name in PLOTTED for row in tables.get(name, [])])
    return 1 if options.gate and not all(goal.reached for goal in goals) else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (Broken, CannotBuild) as error:
        sys.exit("benchmark: {}".format(error))
