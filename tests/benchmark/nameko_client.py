"""nameko_client.py SERVICE NAME

Calls SERVICE.hello(name=NAME) once with Nameko's own client and prints the result.
Runs under Nameko 2 (ClusterRpcProxy) and Nameko 3 (ClusterRpcClient).
"""

import json
import os
import sys

from nameko.standalone import rpc


def client(uri):
    if hasattr(rpc, "ClusterRpcClient"):
        return rpc.ClusterRpcClient(uri=uri)
    return rpc.ClusterRpcProxy({"AMQP_URI": uri})


def main(service, name):
    with client(os.environ["AMQP_URI"]) as services:
        print(json.dumps(getattr(services, service).hello(name=name)))


if __name__ == "__main__":
    main(*sys.argv[1:])
