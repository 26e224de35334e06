"""Events a second of `miko dispatch --lines`, and calls a second that `miko serve` answers."""

import contextlib
import json
import os
import random
import subprocess
import tempfile

from runs import SERVICE_VERSION, Broken, echo_service
from table import Goal, find
from throughput import BARE_CLIENT, NAMEKO, Load, read_own_figures, run, summarize

DISPATCH = "events over one connection, no handler"
DISPATCHER, UNCONFIRMED = "miko dispatch --lines", "C, rabbitmq-c, unconfirmed"
EVENTS = 200000
NAMEKO_EVENTS = 5000
SHOP = "benchmark"
# As Python writes it, so that all send the same bytes.
EVENT = json.dumps({"id": 1234567, "by": "Ann", "items": ["pen", "paper", "ink"]}) + "\n"

SERVE = "calls of a C client, 64 in flight, answered by"
WINDOW = 64
# More than that: otherwise each call waits for the acknowledgement of one before it.
PREFETCH = 1000
CALLS = 50000
NAMEKO_CALLS = 3000
STAND_IN, RESPONDER = "miko serve --reply", "C, rabbitmq-c, no acks"
RESPONDER_WITH_ACKS = "C, rabbitmq-c, with acks"


def read_dispatch(events, output, wall, cpu):
    """Confirmed or not, a line is printed for each event that failed."""
    if output:
        raise Broken("not all events were dispatched")
    return events / wall, cpu * 1e6 / events


def dispatch_loads(bench, directory):
    path = os.path.join(directory, "events.jsonl")
    with open(path, "w") as file:
        file.write(EVENT * EVENTS)
    publish = [bench.peers.publish]
    loads = [Load(DISPATCH, UNCONFIRMED, publish + [str(EVENTS), SHOP], EVENTS, read_own_figures)]
    if bench.options.miko:
        words = [bench.options.miko, "dispatch", SHOP, "paid", "--lines"]
        loads.append(Load(DISPATCH, DISPATCHER, words, EVENTS, read_dispatch, path))
    loads += [Load(DISPATCH, name, words + [str(NAMEKO_EVENTS), SHOP], NAMEKO_EVENTS,
                   read_own_figures) for name, words in bench.peers.dispatchers.items()]
    return loads


@contextlib.contextmanager
def stand_in(bench, name, home):
    """A `miko serve` answering as service `name` until the end of the block."""
    server = subprocess.Popen(
        [bench.options.miko, "serve", name, "-j", str(PREFETCH), "--reply", 'hello="Ann"'],
        env=bench.environment(home), text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        if not server.stderr.readline().startswith("miko: serving"):
            raise Broken("miko serve did not start")
        yield
    finally:
        server.kill()
        server.wait()
        server.stderr.close()


def serve_loads(bench):
    """Each of them calls another service; those that wait cost nothing."""
    window = bench.peers.windows[BARE_CLIENT]
    services = [(RESPONDER, "echo", CALLS), (RESPONDER_WITH_ACKS, "echo-acks", CALLS)]
    if bench.options.miko:
        services.append((STAND_IN, "echo-miko", CALLS))
    if SERVICE_VERSION in bench.lab["services"]:
        services.append(("{} {}".format(NAMEKO, SERVICE_VERSION), "greeting", NAMEKO_CALLS))
    return [Load(SERVE, name, window + [str(WINDOW), str(calls), service], calls, read_own_figures)
            for name, service, calls in services]


def measure(loads, rounds, environment, directory):
    order = random.Random(1)
    samples = [[] for _ in loads]
    turns = list(range(len(loads)))
    for _ in range(rounds):
        order.shuffle(turns)
        for turn in turns:
            samples[turn].append(run(loads[turn], environment, directory))
    return samples


def events(bench):
    """A fifth of the rounds, because each run is long. The CPU time of calls is the caller's."""
    rounds = max(2, bench.options.rounds // 5)
    with tempfile.TemporaryDirectory(prefix="miko-events-") as directory, \
            contextlib.ExitStack() as servers:
        environment = bench.environment(directory)
        subprocess.run([bench.peers.publish, "1", SHOP], env=environment, check=True,
                       stdout=subprocess.DEVNULL)
        loads = dispatch_loads(bench, directory)
        rows = summarize(loads, measure(loads, rounds, environment, directory), UNCONFIRMED)

        servers.enter_context(echo_service(bench, "echo"))
        servers.enter_context(
            echo_service(bench, "echo-acks", ["--ack", "--prefetch", str(PREFETCH)]))
        if bench.options.miko:
            servers.enter_context(stand_in(bench, "echo-miko", directory))
        loads = serve_loads(bench)
        rows += summarize(loads, measure(loads, rounds, environment, directory), RESPONDER)
    return rows, goals_of(rows)


def goals_of(rows):
    goals = []
    for group, client, base, what, limit in (
            (DISPATCH, DISPATCHER, UNCONFIRMED, "rate of dispatch --lines / that of C, unconfirmed",
             0.70),
            (DISPATCH, DISPATCHER, NAMEKO + " " + SERVICE_VERSION,
             "rate of dispatch --lines / that of Nameko", 10.0),
            (SERVE, STAND_IN, RESPONDER, "rate of serve --reply / that of C", 0.70)):
        miko, other = find(rows, group, client), find(rows, group, base)
        value = miko.ratio_to(other) if miko and other else None
        goals.append(Goal(what, ">=", limit, value))
    return goals
