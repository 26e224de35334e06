"""nameko_events.py EVENTS SERVICE

Dispatches EVENTS events of SERVICE by Nameko's own event_dispatcher, one after the other.
Prints one line {"calls": int, "seconds": float, "cpu_us_per_call": float}.
Runs under Nameko 2 and Nameko 3.
"""

import json
import os
import sys
import time

import nameko
from nameko.standalone.events import event_dispatcher

EVENT = {"id": 1234567, "by": "Ann", "items": ["pen", "paper", "ink"]}


def dispatcher(uri):
    config = {"AMQP_URI": uri}
    if hasattr(nameko, "config"):
        nameko.config.setup(config)
        return event_dispatcher()
    return event_dispatcher(config)


def main(events, service):
    dispatch = dispatcher(os.environ["AMQP_URI"])
    # Connects.
    dispatch(service, "paid", EVENT)
    cpu_before = time.process_time()
    start = time.monotonic()
    for _ in range(events):
        dispatch(service, "paid", EVENT)
    seconds = time.monotonic() - start
    cpu = time.process_time() - cpu_before
    print(json.dumps({"calls": events, "seconds": seconds, "cpu_us_per_call": cpu * 1e6 / events}))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
