"""Calls a second over one connection, a window of them in flight.

The peers time their calls themselves, from the first request to the last reply, and count the CPU
time of that. `miko bench` times itself too. Of `miko batch` the whole process is timed, and of both
the CPU time of the whole process is counted: with so many calls, start and goodbye are below 1 %.
"""

import json
import os
import random
import resource
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass

from runs import NODE_AMQPLIB, SERVICE_VERSION, Broken, echo_service
from table import Goal, Rate, find

BARE_CLIENT = "C, rabbitmq-c, bare"
BATCH, BENCH = "miko batch", "miko bench"
NAMEKO = "Nameko"
SERVICE = "echo"
# One call at a time is bound by how fast processes wake each other, which no client decides.
WINDOWS_WITH_GOALS = (64, 512)
WINDOWS = (1,) + WINDOWS_WITH_GOALS
LINE = '{"service": "echo", "method": "hello", "args": ["Ann"]}\n'
PATIENCE_SECONDS = 300


@dataclass
class Load:
    """`calls` calls by one client; `read` takes (calls, output, wall seconds, CPU seconds of the
    process) and gives (calls a second, CPU us per call). `input` is a file for standard input."""

    group: str
    name: str
    words: list
    calls: int
    read: object
    input: str = os.devnull


def group_of(window):
    return "one connection, {} in flight, answered by a C program".format(window)


def calls_of(client, window):
    if client.startswith(NAMEKO):
        return 500 if window == 1 else 1000
    return 4000 if window == 1 else 60000


def require_all(answered, calls):
    if answered != calls:
        raise Broken("{} of {} calls were answered rightly".format(answered, calls))


def read_own_figures(calls, output, wall, cpu):
    figures = json.loads(output)
    require_all(figures["calls"], calls)
    return calls / figures["seconds"], figures["cpu_us_per_call"]


def read_bench(calls, output, wall, cpu):
    report = json.loads(output)
    require_all(report["ok"], calls)
    return report["rate"], cpu * 1e6 / calls


def read_batch(calls, output, wall, cpu):
    require_all(output.count(b'"result":"Ann"'), calls)
    return calls / wall, cpu * 1e6 / calls


def make_loads(bench, window, directory):
    group = group_of(window)
    miko_calls = calls_of("miko", window)
    loads = []
    if bench.options.miko:
        miko = [bench.options.miko]
        input_file = os.path.join(directory, "{}.jsonl".format(miko_calls))
        with open(input_file, "w") as file:
            file.write(LINE * miko_calls)
        loads += [
            Load(group, BATCH, miko + ["batch", "-j", str(window), input_file], miko_calls,
                 read_batch),
            Load(group, BENCH, miko + ["bench", "-j", str(window), "-n", str(miko_calls), "-o",
                                       "json", SERVICE, "hello", "--args", '["Ann"]'], miko_calls,
                 read_bench)]
    for name, words in bench.peers.windows.items():
        calls = calls_of(name, window)
        loads.append(Load(group, name, words + [str(window), str(calls), SERVICE], calls,
                          read_own_figures))
    return loads


def cpu_of_children():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run(load, environment, directory):
    """Gives (calls a second, CPU us per call) of one run."""
    path = os.path.join(directory, "output")
    with open(path, "wb") as output, open(load.input, "rb") as standard_input:
        cpu, start = cpu_of_children(), time.monotonic()
        done = subprocess.run(load.words, stdin=standard_input, stdout=output,
                              stderr=subprocess.PIPE, env=environment, cwd=directory,
                              timeout=PATIENCE_SECONDS)
        wall, cpu = time.monotonic() - start, cpu_of_children() - cpu
    said = done.stderr.decode(errors="replace")[:2000]
    if done.returncode != 0:
        raise Broken("{} ({}) ended with {}\n{}".format(load.name, load.group, done.returncode,
                                                       said))
    with open(path, "rb") as output:
        try:
            return load.read(load.calls, output.read(), wall, cpu)
        except (Broken, ValueError, KeyError) as problem:
            raise Broken("{} ({}): {}\n{}".format(load.name, load.group, problem,
                                                  said)) from problem


def summarize(loads, samples, base=BARE_CLIENT):
    rows = []
    for load, of_load in zip(loads, samples):
        rates = [rate for rate, _ in of_load]
        deciles = statistics.quantiles(rates, n=10, method="inclusive")
        rows.append(Rate(group=load.group, client=load.name, calls=load.calls,
                         median_per_s=statistics.median(rates), p10_per_s=deciles[0],
                         p90_per_s=deciles[-1], ratio=0.0,
                         cpu_us_per_call=statistics.median(cpu for _, cpu in of_load),
                         rates=rates))
    for row in rows:
        row.ratio = row.ratio_to(find(rows, row.group, base))
    return rows


def throughput(bench):
    """Many calls over one connection. Half of the rounds, because each run is long."""
    rounds = max(2, bench.options.rounds // 2)
    order = random.Random(1)
    rows = []
    with tempfile.TemporaryDirectory(prefix="miko-throughput-") as directory:
        environment = bench.environment(directory)
        with echo_service(bench, SERVICE):
            for window in WINDOWS:
                loads = make_loads(bench, window, directory)
                samples = [[] for _ in loads]
                turns = list(range(len(loads)))
                for _ in range(rounds):
                    order.shuffle(turns)
                    for turn in turns:
                        samples[turn].append(run(loads[turn], environment, directory))
                rows += summarize(loads, samples)
    return rows, [goal for window in WINDOWS_WITH_GOALS for goal in goals_of(rows, window)]


def goals_of(rows, window):
    batch = find(rows, group_of(window), BATCH)
    bench = find(rows, group_of(window), BENCH)
    goals = []
    for client, what, limit in (
            (BARE_CLIENT, "rate of batch / that of bare C", 0.90),
            (NODE_AMQPLIB, "rate of batch / that of node", 1.3),
            (NAMEKO + " " + SERVICE_VERSION, "rate of batch / that of Nameko", 10.0)):
        other = find(rows, group_of(window), client)
        value = batch.ratio_to(other) if batch and other else None
        goals.append(Goal("{}, {} in flight".format(what, window), ">=", limit, value))
    cpu = max(batch.cpu_us_per_call, bench.cpu_us_per_call) if batch and bench else None
    goals.append(Goal("CPU us per call of batch and bench, {} in flight".format(window), "<=", 10.0,
                      cpu))
    return goals
