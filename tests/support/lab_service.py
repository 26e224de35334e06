"""The Nameko services that miko's tests and demonstration call.

Runs unchanged under Nameko 2.14.1 and 3.0.0rc11. Started by lab.py, by hand with
`nameko run --config config.yaml lab_service`.
"""

import datetime
import json
import os

import eventlet
from nameko.events import BROADCAST, SINGLETON, EventDispatcher, event_handler
from nameko.extensions import DependencyProvider
from nameko.rpc import RpcProxy, rpc


class Boom(Exception):
    pass


class Silent(Exception):
    pass


class Weird(Exception):
    def __str__(self):
        return "weird-str"


class WorkerContext(DependencyProvider):
    """Gives a method what its caller sent along: context data and the chain of call ids."""

    def get_dependency(self, worker_ctx):
        return {
            "data": dict(worker_ctx.data),
            "call_id": worker_ctx.call_id,
            "call_id_stack": list(worker_ctx.call_id_stack),
            "immediate_parent": worker_ctx.immediate_parent_call_id,
            "origin": worker_ctx.origin_call_id,
        }


class Greeting:
    name = "greeting"

    @rpc
    def hello(self, name):
        return "Hello, {}!".format(name)


class Dotted:
    name = "lab.dotted"

    @rpc
    def hello(self, name):
        return "Hello from a dotted name, {}!".format(name)


def nested(depth):
    value = []
    for _ in range(depth - 1):
        value = [value]
    return value


# Values that a reply must show digit for digit and character for character.
EXACT = {
    "big_integer": 10**40,
    "huge_integer": 10**400,
    "negative_integer": -(2**63) - 1,
    "decimal": 1.10,
    "one": 1.0,
    "negative_zero": -0.0,
    "exponent": 1e22,
    "tiny": 5e-324,
    "high_surrogate": "\ud800",
    "low_surrogate": "\udc00",
    "nul": "a\x00b",
    "controls": "".join(chr(code) for code in list(range(1, 32)) + [127, 0x85, 0x9B]),
    "terminal": "\x1b]0;title\x07\x1b[31mred\x1b[0m\u202eabc\u202c",
    "astral": "\U0001f600",
    "latin": "\u00e9",
    "quotes": "\"'\\/",
    "empty_key": {"": 1},
    "number_keys": {1: "one", None: "none"},
    "empty": {"array": [], "object": {}, "string": ""},
}


class Lab:
    name = "lab"

    worker_context = WorkerContext()
    lab = RpcProxy("lab")
    greeting = RpcProxy("greeting")
    nosuch = RpcProxy("nosuch")

    @rpc
    def echo(self, *args, **kwargs):
        if len(args) == 1 and not kwargs:
            return args[0]
        return {"args": args, "kwargs": kwargs}

    @rpc
    def add(self, a, b=0):
        return a + b

    @rpc
    def slow(self, seconds):
        eventlet.sleep(seconds)
        return seconds

    @rpc
    def boom(self):
        raise Boom("bang", 42)

    @rpc
    def silent(self):
        raise Silent()

    @rpc
    def keyerror(self):
        return {}["nokey"]

    @rpc
    def weird(self):
        raise Weird({"a": 1}, [1, None, 2.5], object, datetime.date(2020, 1, 2), b"\xff")

    @rpc
    def shout(self, text):
        raise Boom(text)

    @rpc
    def unser(self):
        return object()

    @rpc
    def nothing(self):
        pass

    @rpc
    def nan(self):
        return [float("nan"), float("inf"), float("-inf")]

    @rpc
    def big(self, size):
        return "x" * size

    @rpc
    def exact(self, name, depth=1):
        """One value of EXACT; "all" for the whole table; "nested" for `depth` arrays in each other."""
        if name == "nested":
            return nested(depth)
        if name == "all":
            return EXACT
        return EXACT[name]

    @rpc
    def context(self):
        return self.worker_context

    @rpc
    def inner_boom(self):
        return self.lab.boom()

    @rpc
    def inner_context(self):
        return self.lab.context()

    @rpc
    def inner_unknown_service(self):
        return self.nosuch.hello()

    @rpc
    def inner_unknown_method(self):
        return self.greeting.nosuch()

    @rpc
    def inner_bad_arguments(self):
        return self.greeting.hello()

    @rpc
    def record(self, token):
        """Leaves a line in the file MIKO_LAB_EXECUTED: proof that the method ran, and how often."""
        with open(os.environ["MIKO_LAB_EXECUTED"], "a", encoding="utf-8") as executed:
            executed.write("{}\n".format(token))
        return token

    @rpc
    def record_slowly(self, token, seconds):
        self.record(token)
        eventlet.sleep(seconds)
        return token

    @rpc
    def record_until(self, token, path):
        """As record(), and waits until the file `path` exists."""
        self.record(token)
        while not os.path.exists(path):
            eventlet.sleep(0.02)
        return token


def leave_line(*words):
    """As Lab.record(): words that are not text as JSON."""
    with open(os.environ["MIKO_LAB_EXECUTED"], "a", encoding="utf-8") as executed:
        executed.write(" ".join(word if isinstance(word, str) else json.dumps(word, sort_keys=True)
                                for word in words) + "\n")


class Shop:
    """Dispatches events."""

    name = "shop"

    dispatch_event = EventDispatcher()

    @rpc
    def dispatch(self, event, data):
        self.dispatch_event(event, data)


class Watcher:
    """Handles events of the shop in each way that Nameko has, and leaves a line for each."""

    name = "watcher"

    worker_context = WorkerContext()

    @event_handler("shop", "paid")
    def pool(self, data):
        context = self.worker_context["data"]
        leave_line("watcher.pool", data, {k: context[k] for k in context if k != "call_id_stack"})

    @event_handler("shop", "paid", reliable_delivery=False)
    def fleeting(self, data):
        leave_line("watcher.fleeting", data)

    @event_handler("shop", "paid", handler_type=SINGLETON)
    def singleton(self, data):
        leave_line("singleton", data)

    @event_handler("shop", "paid", handler_type=BROADCAST, reliable_delivery=False)
    def broadcast(self, data):
        leave_line("watcher.broadcast", data)


class Observer:
    """Handles the same events; shares the singleton queue with the watcher."""

    name = "observer"

    @event_handler("shop", "paid")
    def pool(self, data):
        leave_line("observer.pool", data)

    @event_handler("shop", "paid", handler_type=SINGLETON)
    def singleton(self, data):
        leave_line("singleton", data)

    @event_handler("shop", "paid", handler_type=BROADCAST, reliable_delivery=False)
    def broadcast(self, data):
        leave_line("observer.broadcast", data)
