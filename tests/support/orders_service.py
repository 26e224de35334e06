"""A Nameko service of two methods, one of which calls another service: stock.

Runs unchanged under Nameko 2.14.1 and 3.0.0rc11, wherever stock comes from.
"""

from nameko.rpc import RpcProxy, rpc


class Orders:
    name = "orders"

    stock = RpcProxy("stock")

    @rpc
    def ping(self):
        return "pong"

    @rpc
    def create(self, item, count):
        left = self.stock.take(item, count=count)
        return {"item": item, "left": left}
