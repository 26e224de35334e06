"""A service whose name and version a test chooses: instances of different versions, one that is
stopped. Runs unchanged under Nameko 2.14.1 and 3.0.0rc11; see start_instance() in instance.h.
"""

import os

import eventlet
from nameko.events import event_handler
from nameko.rpc import rpc


class Other:
    name = os.environ["MIKO_SERVICE_NAME"]

    @rpc
    def hello(self):
        return "hello"

    @rpc
    def slow(self, seconds):
        eventlet.sleep(seconds)

    @event_handler("orders", "paid")
    def paid(self, payload):
        pass

    if os.environ["MIKO_SERVICE_VERSION"] == "2":

        @rpc
        def newer(self, **options):
            return options
