"""nameko_calls.py CALLS

Makes calls with Nameko's own client, one after the other. CALLS is JSON, [[service, method, args,
kwargs], ...]; AMQP_URI names the broker. Prints a line for each: ["result", any], or ["error", the
name of the class that was raised, str() of it].
Runs under Nameko 2 (ClusterRpcProxy) and Nameko 3 (ClusterRpcClient).
"""

import json
import os
import sys

from nameko.standalone import rpc


def client(uri):
    if hasattr(rpc, "ClusterRpcClient"):
        return rpc.ClusterRpcClient(uri=uri, timeout=20)
    return rpc.ClusterRpcProxy({"AMQP_URI": uri}, timeout=20)


def main(calls):
    with client(os.environ["AMQP_URI"]) as services:
        for service, method, args, kwargs in calls:
            try:
                answer = ["result", getattr(services[service], method)(*args, **kwargs)]
            except Exception as error:
                answer = ["error", type(error).__name__, str(error)]
            print(json.dumps(answer))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
