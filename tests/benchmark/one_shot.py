"""One call after the other, each by a process of its own: what a shell script pays."""

from runs import NODE_AMQPLIB, SERVICE_VERSION, Job, echo_service, run_interleaved, summarize
from table import Goal, find

BASE_CLIENT = "C sequential"
EMPTY = "empty C program, static"


def call_jobs(bench, group, service, expected):
    jobs = []
    if bench.options.miko:
        words = [bench.options.miko, "call", service, "hello", "name=Ann"]
        jobs.append(Job(group, "miko", words, BASE_CLIENT, expected))
    for name, words in bench.peers.clients.items():
        jobs.append(Job(group, name, words + [service, "Ann"], BASE_CLIENT, expected))
    return jobs


def one_shot(bench):
    """Start, connect, one call, print, goodbye, exit: what a shell script pays for each call."""
    nameko_group = "one call, answered by Nameko {}".format(SERVICE_VERSION)
    echo_group = "one call, answered by a C program"
    start_group = "process start"
    jobs = []
    if SERVICE_VERSION in bench.lab["services"]:
        jobs += call_jobs(bench, nameko_group, "greeting", "Hello, Ann!")
    jobs += call_jobs(bench, echo_group, "echo", "Ann")
    if bench.options.miko:
        jobs.append(Job(start_group, "miko --version", [bench.options.miko, "--version"], EMPTY))
    jobs.append(Job(start_group, EMPTY, [bench.peers.empty], EMPTY))

    with echo_service(bench, "echo"):
        rows = summarize(jobs, run_interleaved(bench, jobs, bench.options.rounds))
    return rows, one_shot_goals(rows, nameko_group)


def one_shot_goals(rows, group):
    goals = []
    miko = find(rows, group, "miko")
    for client, what, relation, limit in (
            (BASE_CLIENT, "time of one call / that of sequential C", "<=", 0.80),
            (NODE_AMQPLIB, "times faster than node", ">=", 15.0),
            ("Nameko " + SERVICE_VERSION, "times faster than Nameko", ">=", 60.0)):
        other = find(rows, group, client)
        value = None
        if miko and other:
            ratio = miko.median_ms / other.median_ms
            value = ratio if relation == "<=" else 1 / ratio
        goals.append(Goal(what, relation, limit, value))
    return goals
