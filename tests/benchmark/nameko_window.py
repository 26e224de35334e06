"""nameko_window.py WINDOW CALLS SERVICE

Makes CALLS calls of SERVICE.hello with WINDOW of them in flight, by Nameko's own call_async.
Prints one line {"calls": int, "seconds": float, "cpu_us_per_call": float}.
Runs under Nameko 2 (ClusterRpcProxy) and Nameko 3 (ClusterRpcClient).
"""

import collections
import json
import os
import sys
import time

from nameko_client import client


def take(reply):
    result = reply.result()
    if result != "Ann":
        sys.exit("a call was answered with {!r}".format(result))


def main(window, calls, service):
    with client(os.environ["AMQP_URI"]) as services:
        method = getattr(services, service).hello
        in_flight = collections.deque()
        cpu_before = time.process_time()
        start = time.monotonic()
        for _ in range(calls):
            if len(in_flight) == window:
                take(in_flight.popleft())
            in_flight.append(method.call_async("Ann"))
        while in_flight:
            take(in_flight.popleft())
        seconds = time.monotonic() - start
        cpu = time.process_time() - cpu_before
        print(json.dumps({"calls": calls, "seconds": seconds,
                          "cpu_us_per_call": cpu * 1e6 / calls}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
