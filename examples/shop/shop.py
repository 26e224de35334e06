"""A small shop of three Nameko services, for the suite beside it: products, orders and gateway.

Runs unchanged under Nameko 2.14.1 and 3.0.0rc11:

    nameko run --config config.yaml shop

Words in SHOP_BREAK break it, to see what the suite says: "price" lets orders forget what things cost,
"missing" lets products raise nothing for what is not there, "event" keeps orders silent.
"""

import os
import uuid

from nameko.events import EventDispatcher, event_handler
from nameko.rpc import RpcProxy, rpc

BROKEN = os.environ.get("SHOP_BREAK", "").split()

PRODUCTS = {}
ORDERS = {}


class NotFound(Exception):
    """There is no such product, or order."""


class OutOfStock(Exception):
    """There are fewer left than were ordered."""


class Products:
    name = "products"

    @rpc
    def create(self, product):
        PRODUCTS[product["id"]] = dict(product)
        return product["id"]

    @rpc
    def get(self, product_id):
        if "missing" in BROKEN:
            return PRODUCTS.get(product_id)
        if product_id not in PRODUCTS:
            raise NotFound(product_id)
        return PRODUCTS[product_id]

    @rpc
    def delete(self, product_id):
        return PRODUCTS.pop(product_id, None) is not None

    @event_handler("orders", "order_created")
    def take_from_stock(self, order):
        for line in order["lines"]:
            PRODUCTS[line["product_id"]]["in_stock"] -= line["quantity"]


class Orders:
    name = "orders"

    products = RpcProxy("products")
    dispatch = EventDispatcher()

    @rpc
    def create(self, lines, customer=None):
        total = 0
        for line in lines:
            product = self.products.get(line["product_id"])
            if product["in_stock"] < line["quantity"]:
                raise OutOfStock(line["product_id"])
            total += 0 if "price" in BROKEN else product["price"] * line["quantity"]
        order = {"id": str(uuid.uuid4()), "customer": customer, "lines": lines, "total": total,
                 "status": "new"}
        ORDERS[order["id"]] = order
        if "event" not in BROKEN:
            self.dispatch("order_created", order)
        return order

    @rpc
    def get(self, order_id):
        if order_id not in ORDERS:
            raise NotFound(order_id)
        return ORDERS[order_id]

    @event_handler("payments", "paid")
    def mark_paid(self, payment):
        ORDERS[payment["order_id"]]["status"] = "paid"
        self.dispatch("order_paid", {"id": payment["order_id"], "amount": payment["amount"]})


class Gateway:
    name = "gateway"

    orders = RpcProxy("orders")
    products = RpcProxy("products")

    @rpc
    def get_order(self, order_id):
        order = dict(self.orders.get(order_id))
        order["lines"] = [dict(line, product=self.products.get(line["product_id"]))
                          for line in order["lines"]]
        return order
