"""Large results, as JSON text."""


def string(size):
    """About `size` bytes."""
    return b'"' + b"x" * size + b'"'


def list_of_objects(size):
    """At least `size` bytes of small objects."""
    items, total = [], 0
    while total < size:
        number = len(items)
        items.append(b'{"id": %d, "name": "item %d", "price": %d.%d0}' % (
            number, number, number % 1000, number % 10))
        total += len(items[-1]) + 2
    return b"[" + b", ".join(items) + b"]"
