#!/usr/bin/env python3
"""Writes the hand-made inputs into corpus/TARGET.

Of the others in there, nameko-* and rabbitmq-* were recorded from real services and brokers, with
the ids replaced by those of client_fuzz.cpp. The rest was found by the fuzzers.

The files are what counts; this says what is in those that are not text, and writes them again when
the input format of a target changes.
"""

import pathlib
import struct

CORPUS = pathlib.Path(__file__).parent / "corpus"

METHOD, HEADER, BODY, HEARTBEAT = 1, 2, 3, 8


def write(target, seeds):
    directory = CORPUS / target
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in seeds.items():
        (directory / name).write_bytes(content if isinstance(content, bytes) else content.encode())


# AMQP values and frames, as records of script.h.


def short(text):
    return bytes([len(text.encode())]) + text.encode()


def long(text):
    data = text if isinstance(text, bytes) else text.encode()
    return struct.pack(">I", len(data)) + data


def field(name, kind, value=b""):
    return short(name) + kind.encode() + value


def table(*fields):
    return long(b"".join(fields))


def record(kind, channel, payload):
    return struct.pack(">BBH", kind, channel, len(payload)) + payload


def method(channel, class_id, method_id, arguments=b""):
    return record(METHOD, channel, struct.pack(">HH", class_id, method_id) + arguments)


def raw(data):
    return b"r" + struct.pack(">H", len(data)) + data


def pause(milliseconds):
    return b"p" + struct.pack(">H", milliseconds)


def frame(kind, channel, payload, size=None, end=b"\xce"):
    return struct.pack(">BHI", kind, channel, len(payload) if size is None else size) + payload + end


NEXT_TURN = b"t"
NEXT_CONNECTION = b"c"
REFUSED = b"x"


def start(product="RabbitMQ", version="3.10.8", minor=9, mechanisms="PLAIN AMQPLAIN", extra=b""):
    """As RabbitMQ 3.10 greets."""
    capabilities = table(*(
        field(name, "t", b"\1")
        for name in ("publisher_confirms", "exchange_exchange_bindings", "basic.nack",
                     "consumer_cancel_notify", "connection.blocked", "consumer_priorities",
                     "authentication_failure_close", "per_consumer_qos", "direct_reply_to")))
    properties = table(
        field("capabilities", "F", capabilities),
        field("cluster_name", "S", long("rabbit@host")),
        field("copyright", "S", long("Copyright (c) 2007-2022 VMware, Inc. or its affiliates.")),
        field("information", "S", long("Licensed under the MPL 2.0. Website: https://rabbitmq.com")),
        field("platform", "S", long("Erlang/OTP 25.2.3")),
        field("product", "S", long(product)),
        field("version", "S", long(version)), extra)
    return method(0, 10, 10, bytes([0, minor]) + properties + long(mechanisms) + long("en_US"))


def tune(channel_max=2047, frame_max=131072, heartbeat=60):
    return method(0, 10, 30, struct.pack(">HIH", channel_max, frame_max, heartbeat))


OPEN_OK = method(0, 10, 41, short(""))
QUEUE = "rpc.reply-miko-02020202-0202-4202-8202-020202020202"
REPLY_KEY = "01010101-0101-4101-8101-010101010101"
SETUP_OK = (method(1, 20, 11, long("")) + method(1, 85, 11) +
            method(1, 50, 11, short(QUEUE) + struct.pack(">II", 0, 0)) +
            method(1, 50, 21) + method(1, 60, 21, short("amq.ctag-1")))
LOGIN = start() + tune() + OPEN_OK + SETUP_OK
CLOSE_OK = method(0, 10, 51)


def correlation_id(call):
    """Of the call with this number, from 1: see client_fuzz.cpp."""
    digits = f"{2 * call + 1:02x}"
    return "-".join((digits * 4, digits * 2, "4" + digits[1] + digits, "8" + digits[1] + digits,
                     digits * 6))


def ack(tag, multiple=False):
    return method(1, 60, 80, struct.pack(">QB", tag, multiple))


def nack(tag, multiple=False):
    return method(1, 60, 120, struct.pack(">QB", tag, multiple))


def properties(call, content_type="application/json", headers=True):
    flags, values = 0, b""
    if content_type:
        flags, values = 0xC000, short(content_type) + short("utf-8")
    if headers:
        stack = field("nameko.call_id_stack", "A", long(b"S" + long("miko.call.04040404")))
        flags, values = flags | 0x2000, values + table(stack, field("n", "I", b"\0\0\0\7"))
    values += b"\2\0" + short(correlation_id(call))
    return struct.pack(">H", flags | 0x1C00) + values


def header(size, encoded, class_id=60):
    return record(HEADER, 1, struct.pack(">HHQ", class_id, 0, size) + encoded)


def deliver(body, call=1, announced=None, pieces=1, **options):
    body = body.encode()
    content = method(1, 60, 60, short("amq.ctag-1") + struct.pack(">QB", 1, 0) +
                     short("nameko-rpc") + short(REPLY_KEY))
    content += header(len(body) if announced is None else announced, properties(call, **options))
    step = -(-len(body) // pieces)
    for at in range(0, len(body), step):
        content += record(BODY, 1, body[at:at + step])
    return content


def returned(call=1, code=312, text="NO_ROUTE"):
    return (method(1, 60, 50, struct.pack(">H", code) + short(text) + short("nameko-rpc") +
                   short("greeting.hello")) +
            header(30, properties(call)) + record(BODY, 1, b'{"args": ["Ann"], "kwargs": {}}'[:30]))


def close_connection(code, text, class_id=0, method_id=0):
    return method(0, 10, 50, struct.pack(">H", code) + short(text) +
                  struct.pack(">HH", class_id, method_id))


def close_channel(code, text, class_id, method_id):
    return method(1, 20, 40, struct.pack(">H", code) + short(text) +
                  struct.pack(">HH", class_id, method_id))


def error(exc_type, exc_path, args, value):
    return ('{"result": null, "error": {"exc_type": "%s", "exc_path": "%s", "exc_args": %s, '
            '"value": "%s"}}' % (exc_type, exc_path, args, value))


HELLO = '{"result": "Hello, Ann!", "error": null}'
NOT_FOUND = error("NotFound", "orders.errors.NotFound", '["A-1"]', "A-1")
NO_METHOD = error("MethodNotFound", "nameko.exceptions.MethodNotFound", '["hello"]', "hello")
NO_SUCH_ARGUMENT = error(
    "IncorrectSignature", "nameko.exceptions.IncorrectSignature",
    '["hello() got an unexpected keyword argument \'x\'"]',
    "hello() got an unexpected keyword argument 'x'")

# Options of client_fuzz.
CAREFUL, TWO_CALLS, FOUR_CALLS = 1, 2, 6
EOF, CLOSE, RESET, SILENCE = 0, 8, 16, 24
ONE_BY_ONE, IN_FLIGHT_2, RAW = 32, 64, 128
SMALL_REPLIES, TWO_BROKERS, END_AT_ONCE, SPEAKS_FIRST = 1, 2, 4, 8
LARGE, NO_EXPIRE, DEAF = 16 | 128, 32, 64


def client(first, script, second=0):
    return bytes([first, second]) + script


def unwrapped(script):
    """The bytes of the frames of a script."""
    data = b""
    while script:
        kind, channel, size = struct.unpack(">BBH", script[:4])
        data += frame(kind, channel, script[4:4 + size])
        script = script[4 + size:]
    return data


def client_seeds():
    good = LOGIN + NEXT_TURN + ack(1) + deliver(HELLO) + NEXT_TURN + CLOSE_OK
    two = (LOGIN + ack(2, True) + deliver(HELLO, 2) + deliver(NOT_FOUND, 1) + NEXT_TURN + CLOSE_OK)
    four = LOGIN + NEXT_TURN + b"".join(
        ack(n) + deliver(HELLO, n) + NEXT_TURN for n in (1, 2, 3, 4)) + CLOSE_OK
    careful = start() + NEXT_TURN + tune() + NEXT_TURN + good[len(start() + tune()):]
    small_frames = start() + tune(frame_max=8192)
    again = (small_frames + NEXT_CONNECTION + start() + NEXT_TURN + tune(frame_max=8192) +
             NEXT_TURN + OPEN_OK + SETUP_OK + NEXT_TURN + deliver(HELLO) + NEXT_TURN + CLOSE_OK)
    return {
        "good": client(EOF, good),
        "good-then-close": client(CLOSE, good),
        "good-then-reset": client(RESET, good),
        "good-then-silence": client(SILENCE, good),
        "good-at-once": client(EOF, LOGIN + ack(1) + deliver(HELLO) + CLOSE_OK, END_AT_ONCE),
        "good-spoken-first": client(CLOSE, LOGIN + deliver(HELLO), SPEAKS_FIRST | END_AT_ONCE),
        "good-careful": client(CAREFUL, careful),
        "good-careful-at-once": client(CAREFUL, good),
        "good-raw": client(RAW, unwrapped(LOGIN + ack(1) + deliver(HELLO) + CLOSE_OK)),
        "good-no-expire": client(EOF, good, NO_EXPIRE),
        "good-in-pieces": client(EOF, LOGIN + NEXT_TURN + deliver(HELLO, pieces=5) + CLOSE_OK),
        "good-cut-inside-a-frame": client(
            EOF, start() + raw(unwrapped(tune())[:9]) + NEXT_TURN + raw(unwrapped(tune())[9:]) +
            OPEN_OK + SETUP_OK + deliver(HELLO)),
        "good-second-broker": client(EOF, REFUSED + NEXT_CONNECTION + good, TWO_BROKERS),
        "two-calls-out-of-order": client(TWO_CALLS, two),
        "two-calls-one-by-one": client(
            TWO_CALLS | ONE_BY_ONE, LOGIN + deliver(HELLO) + NEXT_TURN + deliver(HELLO, 2)),
        "four-calls": client(FOUR_CALLS, four),
        "four-calls-two-in-flight": client(FOUR_CALLS | IN_FLIGHT_2, four),
        "four-calls-half-answered": client(
            FOUR_CALLS, LOGIN + ack(2, True) + deliver(HELLO, 1) + deliver(HELLO, 3)),
        "four-calls-nacked": client(
            FOUR_CALLS, LOGIN + nack(1) + ack(3) + nack(2) + nack(4) + NEXT_TURN + CLOSE_OK),
        "large-request": client(TWO_CALLS, careful[:len(start() + tune()) + 2] + OPEN_OK +
                                SETUP_OK + NEXT_TURN + deliver(HELLO) + deliver(HELLO, 2), LARGE),
        "large-request-not-read": client(FOUR_CALLS | SILENCE, start() + tune() + OPEN_OK +
                                         SETUP_OK, LARGE | DEAF),
        "large-request-blocked": client(
            SILENCE, start() + tune() + OPEN_OK + SETUP_OK +
            method(0, 10, 60, short("low on memory")), LARGE | DEAF),
        "limits-lower-than-usual": client(CLOSE, again),
        "limits-lower-than-usual-and-refused": client(CLOSE, small_frames),
        "limits-lower-than-usual-two-calls": client(TWO_CALLS, again),
        "limits-lower-than-usual-not-rabbitmq": client(
            CLOSE, start(product="Other") + tune(frame_max=8192)),
        "limits-below-amqp": client(CAREFUL, start() + tune(frame_max=100)),
        "no-limits": client(CAREFUL, start() + tune(0, 0, 0) + OPEN_OK + SETUP_OK + deliver(HELLO)),
        "heartbeats": client(SILENCE, LOGIN + b"".join(
            pause(2000) + record(HEARTBEAT, 0, b"") for _ in range(4)) + deliver(HELLO)),
        "silent-broker": client(SILENCE, start() + tune(heartbeat=1) + OPEN_OK + SETUP_OK),
        "reply-comes-late": client(TWO_CALLS, LOGIN + pause(5100) + deliver(HELLO) +
                                   deliver(HELLO, 2)),
        "reply-comes-twice": client(TWO_CALLS, LOGIN + deliver(HELLO) * 2 + deliver(HELLO, 2)),
        "reply-of-nobody": client(EOF, LOGIN + deliver(HELLO, 9) + deliver(HELLO)),
        "reply-too-large": client(
            TWO_CALLS, LOGIN + deliver('{"result": "%s"}' % ("x" * 100)) + deliver("{}", 2),
            SMALL_REPLIES),
        "reply-announced-huge": client(EOF, LOGIN + deliver(HELLO, announced=1 << 62)),
        "reply-shorter-than-announced": client(EOF, LOGIN + deliver(HELLO, announced=1000)),
        "reply-longer-than-announced": client(EOF, LOGIN + deliver(HELLO, announced=3)),
        "reply-raises": client(EOF, LOGIN + deliver(NOT_FOUND) + NEXT_TURN + CLOSE_OK),
        "reply-no-method": client(EOF, LOGIN + deliver(NO_METHOD)),
        "reply-bad-arguments": client(EOF, LOGIN + deliver(NO_SUCH_ARGUMENT)),
        "reply-not-json": client(EOF, LOGIN + deliver("oops\x1b[2J")),
        "reply-pickled": client(EOF, LOGIN + deliver(HELLO, content_type="application/x-pickle")),
        "returned": client(EOF, LOGIN + returned() + ack(1) + NEXT_TURN + CLOSE_OK),
        "returned-second-of-two": client(TWO_CALLS, LOGIN + returned(2) + deliver(HELLO)),
        "login-refused": client(EOF, start() + close_connection(
            403, "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN.")),
        "login-refused-without-a-word": client(CLOSE, start()),
        "vhost-refused": client(EOF, start() + tune() + close_connection(
            530, "NOT_ALLOWED - vhost x not found", 10, 40)),
        "no-exchange": client(EOF, start() + tune() + OPEN_OK + close_channel(
            404, "NOT_FOUND - no exchange 'nameko-rpc' in vhost '/'", 50, 20)),
        "no-right-to-publish": client(TWO_CALLS, LOGIN + close_channel(
            403, "ACCESS_REFUSED - write access to exchange 'nameko-rpc' refused", 60, 40)),
        "message-too-large": client(TWO_CALLS, LOGIN + ack(1) + close_channel(
            311, "CONTENT_TOO_LARGE", 60, 40)),
        "shutdown": client(CLOSE, LOGIN + ack(1) + NEXT_TURN + close_connection(
            320, "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'")),
        "closed-unasked": client(EOF, LOGIN + CLOSE_OK),
        "consumer-cancelled": client(EOF, LOGIN + method(1, 60, 30, short("amq.ctag-1") + b"\1")),
        "blocked": client(SILENCE, LOGIN + method(0, 10, 60, short("low on memory\x1b[2J"))),
        "blocked-and-unblocked": client(EOF, LOGIN + method(0, 10, 60, short("low on disk")) +
                                        NEXT_TURN + method(0, 10, 61) + deliver(HELLO)),
        "old-version": client(EOF, start(minor=8)),
        "amqp-1": client(RAW, b"AMQP\0\1\0\0"),
        "http": client(RAW | CLOSE, b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        "tls-alert": client(RAW, b"\x15\x03\x03\0\2\2F"),
        "nothing": client(EOF, NEXT_CONNECTION),
        "nothing-and-silence": client(SILENCE, NEXT_CONNECTION),
        "nobody-there": client(EOF, REFUSED),
        "nobody-there-at-first": client(EOF, REFUSED + NEXT_CONNECTION + LOGIN + deliver(HELLO)),
        "only-external": client(EOF, start(mechanisms="EXTERNAL")),
        "frame-too-large": client(EOF, raw(frame(METHOD, 0, b"", size=1 << 31))),
        "frame-without-end": client(EOF, LOGIN + raw(frame(BODY, 1, b"x", end=b"\0"))),
        "frame-of-unknown-type": client(EOF, LOGIN + record(9, 1, b"x")),
        "frame-on-another-channel": client(EOF, LOGIN + method(2, 60, 21, short("x"))),
        "header-of-another-class": client(
            EOF, LOGIN + deliver(HELLO)[:56] + header(4, b"\0\0", class_id=20)),
        "method-unknown": client(EOF, LOGIN + method(1, 60, 99)),
        "setup-twice": client(EOF, LOGIN + LOGIN + deliver(HELLO)),
        "setup-out-of-order": client(EOF, OPEN_OK + start() + tune() + deliver(HELLO)),
    }


def connection_seeds():
    """Two bytes of options, see connection_fuzz.cpp, and a script."""
    declared = short("q") + struct.pack(">II", 3, 1)
    setup_ok = (method(1, 20, 11, long("")) + method(1, 40, 11) + method(1, 50, 11, declared) +
                method(1, 50, 21) + method(1, 60, 11) + method(1, 60, 21, short("q")))
    login = start() + tune() + OPEN_OK + setup_ok
    opened, answer = method(2, 20, 11, long("")), method(2, 50, 11, declared)
    refusal = method(2, 20, 40, struct.pack(">H", 404) + short("NOT_FOUND - no queue \x1b[2J") +
                     struct.pack(">HH", 50, 10))
    body = record(BODY, 1, HELLO.encode())
    silent, careful, two_brokers = 6, 1, 32
    one, three, three_in_turn, requeue = 4, 12, 28, 32

    def connection(first, second, script):
        return bytes([first, second]) + script

    return {
        "answered": connection(silent, one, login + NEXT_TURN + opened + answer),
        "answered-carefully": connection(silent | careful, one, start() + NEXT_TURN + tune() +
                                         NEXT_TURN + OPEN_OK + setup_ok + NEXT_TURN + opened + answer),
        "refused": connection(silent, three, login + NEXT_TURN + opened + refusal + NEXT_TURN +
                              opened + answer + NEXT_TURN + answer),
        "refused-in-turn": connection(silent, three_in_turn, login + NEXT_TURN + opened + answer +
                                      NEXT_TURN + refusal + NEXT_TURN + opened + answer),
        "answered-unasked": connection(silent, 0, login + opened + answer + refusal),
        "answered-twice": connection(silent, one, login + NEXT_TURN + opened + answer + answer),
        "answered-with-a-message": connection(silent, one, login + NEXT_TURN + opened +
                                              record(HEADER, 2, bytes(14))),
        "answered-while-delivering": connection(
            silent, 1 | one | requeue, login + NEXT_TURN + deliver(HELLO)[:-len(body)] + opened +
            answer + body),
        "one-channel-only": connection(silent | careful, one, start() + NEXT_TURN +
                                       tune(channel_max=1) + NEXT_TURN + OPEN_OK + setup_ok),
        "delivered": connection(silent, 1, login + deliver(HELLO) * 2 + ack(1)),
        "delivered-in-pieces": connection(silent, requeue, login + deliver(HELLO, pieces=5)),
        "delivered-too-large": connection(silent, 64, login + deliver("x" * 100)),
        "cancelled": connection(silent, 1, login + method(1, 60, 30, short("q") + b"\1")),
        "opening-refused": connection(silent, one, start() + tune() + OPEN_OK + close_channel(
            406, "PRECONDITION_FAILED - inequivalent arg 'durable'", 40, 10)),
        "second-broker": connection(silent | two_brokers, one, REFUSED + NEXT_CONNECTION + login +
                                    NEXT_TURN + opened + answer),
        "nothing": connection(0, one, NEXT_CONNECTION),
    }


def decoder_seeds():
    seeds = {
        "login": LOGIN,
        "reply": deliver(HELLO),
        "reply-in-pieces": deliver(HELLO, pieces=7),
        "reply-over-the-limit": deliver(HELLO) * 2,
        "returned": returned(),
        "empty-body": deliver(" ")[:-5],
        "close-connection": close_connection(320, "CONNECTION_FORCED", 10, 40),
        "close-channel": close_channel(404, "NOT_FOUND", 50, 20),
        "confirms": ack(1) + nack(2, True),
        "blocked": method(0, 10, 60, short("low on memory")) + method(0, 10, 61),
        "cancel": method(1, 60, 30, short("tag") + b"\1"),
        "heartbeat": record(HEARTBEAT, 0, b""),
        "close-oks": CLOSE_OK + method(1, 20, 41),
        "header-of-another-class": LOGIN + header(1, b"\0\0", class_id=85),
        "header-with-more-flags": header(1, b"\0\1\0\0"),
        "header-with-everything": header(0, b"\xff\xf8" + short("application/json") +
            short("utf-8") + table(field("x", "t", b"\1")) + b"\2\0" + short("id") + short("r") +
            short("1") + short("m") + bytes(8) + short("t") + short("u") + short("a")),
        "every-kind-of-field": start(extra=b"".join((
            field("t", "t", b"\1"), field("b", "b", b"\1"), field("B", "B", b"\1"),
            field("s", "s", b"\0\1"), field("u", "u", b"\0\1"), field("I", "I", bytes(4)),
            field("i", "i", bytes(4)), field("l", "l", bytes(8)), field("L", "L", bytes(8)),
            field("f", "f", bytes(4)), field("d", "d", bytes(8)), field("D", "D", bytes(5)),
            field("T", "T", bytes(8)), field("V", "V"), field("S", "S", long("x")),
            field("x", "x", long("x")), field("A", "A", long(b"I" + bytes(4))),
            field("F", "F", table())))),
    }
    nested = table()
    for _ in range(40):
        nested = table(field("k", "F", nested))
    seeds["nested-tables"] = method(0, 10, 10, b"\0\x09" + nested + long("PLAIN") + long("en"))
    wrapped = {name: b"\x09" + script for name, script in seeds.items()}
    wrapped["reply-over-the-limit"] = b"\x05" + seeds["reply-over-the-limit"]
    wrapped["raw"] = b"\x08" + unwrapped(LOGIN + deliver(HELLO))
    wrapped["raw-large-frame"] = b"\x0a" + unwrapped(record(BODY, 1, b"x" * 5000))
    wrapped["raw-too-large"] = b"\x08" + unwrapped(record(BODY, 1, b"x" * 4089))
    return wrapped


def reply_seeds():
    bodies = {
        "hello": HELLO,
        "raises": NOT_FOUND.replace("hello", "get"),
        "no-method": NO_METHOD.replace("hello", "get"),
        "bad-arguments": NO_SUCH_ARGUMENT.replace("hello", "get"),
        "raises-from-inside": NO_METHOD,
        "raises-with-controls": error("E\\u001b[2J", "m.E", "[[]]", "a\\nb\\u202e\\ud800"),
        "raises-long": error("E", "m.E", "[]", "x" * 400),
        "error-empty": '{"result": 7, "error": {}}',
        "error-of-numbers": '{"result": 7, "error": {"exc_type": 7, "exc_args": "x", "value": []}}',
        "error-true": '{"result": null, "error": true}',
        "error-zero": '{"result": 1, "error": -0.0e5}',
        "doubled": '{"result": 1, "result": 2, "error": {"a": 1}, "error": null}',
        "escaped-keys": '{"r\\u0065sult": 7, "err\\u006fr": null}',
        "numbers": '{"result": [1e400, -0, 1.10, %s, NaN, Infinity, -Infinity]}' % ("9" * 400),
        "strings": '{"result": ["\\ud83d\\ude00", "\\ud800", "\\udc00", "\u00e9\u202e\x7f\u009b", '
                   '"\\"\\\\\\/\\b\\f\\n\\r\\t", "\\u00e9\\u001b"]}',
        "nested": '{"result": %s}' % ("[" * 511 + "]" * 511),
        "nested-too-deep": '{"result": %s}' % ("[" * 513 + "]" * 513),
        "blanks": ' {\r\n\t"result" : { "a" : [ ] , "b" : { } } , "error" : null }\n',
        "empty": "",
        "list": "[1]",
        "no-result": '{"error": null}',
        "cut": '{"result": "x',
    }
    head = "orders\nget\napplication/json\nutf-8\n"
    seeds = {name: head + body for name, body in bodies.items()}
    seeds["not-utf-8"] = head.encode() + b'{"result": "\xff\xc3"}'
    seeds["pickle"] = "orders\nget\napplication/x-python-serialize\nbinary\n\x80\x02"
    seeds["utf-16"] = "orders\nget\napplication/json\nutf-16\n{}"
    seeds["no-type"] = "orders\nget\n\n\n" + HELLO
    seeds["too-large"] = "\nget\napplication/json\nutf-8\nx"
    return seeds


def json_seeds():
    words = {
        "nothing": [],
        "items": ["iname=Ann", "iid:=7", "i=text", 'i:={"sku": [1.10, null]}', "ia==b", "i="],
        "args-array": ['a["A-1", 2]', 'k{"full": true}'],
        "args-object": ['a{"id": 7}'],
        "numbers": ["a[0, -0, 1.5e-3, 1E400, %s]" % ("8" * 400)],
        "strings": ['a["\\ud83d\\ude00", "\\ud800", "\\udc00", "\u00e9", "\\"\\\\\\/\\b\\f\\n\\r\\t"]'],
        "nested": ["a" + "[" * 512 + "]" * 512],
        "nested-too-deep": ["a" + "[" * 513 + "]" * 513],
        "nan": ["a[NaN, Infinity, -Infinity]"],
        "faults": ["a[1,]", "i:={\"a\" 1}", "i:=[01]", "i:=\"\\x\"", "i:=tru"],
        "two-lines": ['a[1,\n  2,\n  x]'],
        "doubled-keys": ['k{"a": 1, "b": 2}', "ia=3"],
        "context": ["cuser=ann", "ctrace:=[1, {\"deep\": [true, null]}]", "cn:=-7.5"],
        "headers": ["HX-Trace: 1", "Hname:text", "Hcompression: gzip", "Hnocolon"],
        "header-integers": ["ca:=2147483648", "cb:=-2147483649", "cc:=1e999"],
        "call-id-stack": ["ccall_id_stack=x"],
        "names": ["sorders.v2", "mget", "i=1"],
        "names-bad": ["so\x1brders", "mg.et"],
        "method-dotted": ["sorders", "mget.it"],
    }
    seeds = {name: "\0".join(each) for name, each in words.items()}
    seeds["not-utf-8"] = b'i=\xff\0a["\xed\xa0\x80"]'
    seeds["byte-order-mark"] = b"k\xbb7\0a\xef\xbb\xbf[1]\0k\xbf{}"
    return seeds


def batch_seeds():
    """The first character has the options: 0 and up calls, 1 and up arguments; digits are 48 to 57,
    so the pieces have 4 bytes."""
    whole = '{"service": "orders", "method": "get", "args": ["A-1", 1.10], "kwargs": {"full": true}, ' \
            '"ctx": {"user": "ann"}, "headers": {"X-Trace": 7}, "id": {"row": 1}}'
    return {
        "call": "0" + whole + "\n",
        "calls": "0" + (whole + "\n") * 3,
        "calls-of-one-word": '0{"method": "orders.get"}\n{"method": "a.b.c", "args": {"id": 7}}',
        "calls-on-a-line": '0{"method": "a.b"}{"method": "a.b"} {"method": "a.b"}',
        "calls-over-lines": '0{\n  "method": "a.b",\n  "args": [\n    {\n"x":\n[\n1\n]\n}\n  ]\n}\n',
        "calls-with-crlf": '0{"method": "a.b"}\r\n\r\n{"method": "a.b"}\r\n',
        "arguments": '1["A-1"]\n{"id": 7}\n[]\n{}\n[[1], {"a": null}]\n',
        "scalars": '1"x" 7 -1.5e3 true\nnull NaN\n',
        "strings": '1["\\\\", "\\"", "\\ud83d\\ude00", "\\ud800", "[{", "\u00e9"]\n',
        "broken-off": '0{"method": "a.b", "args": [1\n{"method": "a.b"}\n',
        "broken-string": '0{"method": "a.b\n{"method": "a.b"}\n',
        "broken-escape": '1["\\\n["b"]\n["\\',
        "broken-brackets": "1[1}\n]]\n{]}\n[2]\n",
        "keys-unknown": '0{"method": "a.b", "arguments": [], "\\u001b[2J": 1}\n',
        "keys-twice": '0{"id": 1, "id": 2, "method": "a.b"}\n',
        "keys-escaped": '0{"m\\u0065thod": "a.b", "id": "\\ud800"}\n',
        "names-missing": '0{}\n{"service": "a"}\n{"method": "a"}\n{"service": "", "method": 7}\n7\n',
        "nested": "1" + "[" * 512 + "]" * 512 + "\n" + "[" * 513 + "]" * 513 + "\n[1]",
        "byte-order-mark": '0\ufeff{"method": "a.b"}\n{"method": "a.b"}\n',
        "nothing": "0",
        "not-utf-8": b'1["\xff"]\n[1]\n',
        "nul": b"1[\x00]\n\x00\n[1]",
    }


def tap_seeds():
    def content(call, stack=("web.call.A",), values=b"", content_type="application/json", reply=False):
        ids = b"".join(b"S" + long(one) for one in stack)
        flags, fields = 0xC000, short(content_type) + short("utf-8")
        flags |= 0x2000
        fields += table(field("nameko.call_id_stack", "A", long(ids)), values)
        flags, fields = flags | 0x1400, fields + b"\2" + short(f"id-{call}")
        if not reply:
            flags, fields = flags | 0x0200, fields + short("key")
        return struct.pack(">HHQH", 60, 0, 0, flags) + fields

    def passing(kind, key, header, body):
        data = body if isinstance(body, bytes) else body.encode()
        return (kind.encode() + key.encode() + b"\n" + struct.pack(">H", len(header)) + header +
                struct.pack(">H", len(data)) + data)

    def request(call, key="lab.add", body='{"args": [1], "kwargs": {"b": 2}}', **options):
        return passing("q", key, content(call, **options), body)

    def reply(call, body='{"result": 3, "error": null}', **options):
        return passing("r", "key", content(call, reply=True, **options), body)

    every_kind = b"".join((
        field("t", "t", b"\1"), field("l", "l", b"\xff" * 8), field("f", "f", b"\x7f\x80\0\0"),
        field("d", "d", b"\x7f\xf8" + bytes(6)), field("D", "D", b"\xff\xff\xff\xff\xff"),
        field("T", "T", b"\xff" * 8), field("V", "V"), field("x", "x", long(b"\xff\x1b")),
        field("A", "A", long(b"t\1" + b"A" + long(b"V"))), field("F", "F", table(field("", "V")))))
    return {
        "answered": request(1) + reply(1),
        "raises": request(1) + reply(1, NOT_FOUND.replace("greeting", "lab")),
        "unanswered": request(1, stack=()),
        "reply-of-nobody": reply(7),
        "nested": request(1) + request(2, "shop.buy", stack=("web.call.A", "lab.add.B")) +
                  request(3, "shop.get", stack=("web.call.A", "lab.add.B", "shop.buy.C")) +
                  reply(3) + reply(2) + reply(1),
        "more-than-wait": b"".join(request(n) for n in range(1, 8)) + reply(1) + reply(7),
        "id-twice": request(1) + request(1) + reply(1) + reply(1),
        "headers-of-every-kind": request(1, values=every_kind) + reply(1, values=every_kind),
        "controls": request(1, "lab\u202e.a\x1b[2J", '{"args": ["\u202e\x7f"], "kwargs": {"a\u009b": 1}}') +
                    reply(1, '{"result": "\\u001b\u2066"}'),
        "not-json": request(1, body="oops") + reply(1, b"\xff\xfe"),
        "of-another-type": request(1, content_type="application/x-yaml") + reply(1, content_type=""),
        "large": request(1, body='{"args": ["%s"], "kwargs": {}}' % ("x" * 6000)) +
                 reply(1, '{"result": "%s"}' % ("y" * 6000)),
        "numbers": request(1, body='{"args": [1e400, NaN, -0, 1.10], "kwargs": {"n": Infinity}}') +
                   reply(1, '{"result": [1e400, NaN]}'),
        "no-dot": request(1, "lab") + request(2, ".") + request(3, ""),
    }


def serve_seeds():
    def content(content_type="application/json", encoding="utf-8", headers=b"", reply_to="key"):
        fields = short(content_type) + short(encoding) + table(headers) + b"\2" + short("id")
        return struct.pack(">HHQH", 60, 0, 0, 0xF600) + fields + short(reply_to)

    def record(kind, key, body, **options):
        header, data = content(**options), body if isinstance(body, bytes) else body.encode()
        return (kind + key.encode() + b"\n" + struct.pack(">H", len(header)) + header +
                struct.pack(">H", len(data)) + data)

    def request(method, body='{"args": [1], "kwargs": {"b": 2}}', **options):
        return record(b"q", "svc." + method, body, **options)

    def event(body, **options):
        return record(b"e", "paid", body, **options)

    stack = field("nameko.call_id_stack", "A", long(b"S" + long(b"web.call.A")))
    return {
        "echo": request("any", headers=stack),
        "raises": request("find"),
        "no-method": request("nope") + record(b"q", "other.hello", "{}") + record(b"q", "", ""),
        "template": request("hello", '{"args": ["Ann"], "kwargs": {"name": "x"}}') +
                    request("hello", '{"args": ["Ann", "Hi", 1], "kwargs": {"more": null}}',
                            headers=field("nameko.user_id", "I", b"\0\0\0\7")),
        "signature": request("hello", '{"args": [], "kwargs": {}}') + request("none"),
        "conditions": request("when", '{"args": [1.0], "kwargs": {}}') +
                      request("when", '{"args": [], "kwargs": {"a": [{"b": 1}, 2]}}') +
                      request("when", '{"args": [{"a": 1}], "kwargs": {}}') + request("when"),
        "python-arguments": b"".join(request("any", body) for body in (
            '{"args": "a\u00e9", "kwargs": {}}', '{"args": {"x": 1}, "kwargs": {}}',
            '{"args": 7, "kwargs": {}}', '{"args": [], "kwargs": [1]}', '{"args": []}', "[]", "7",
            '"text"', "null", "")),
        "twice": request("any", '{"args": [1], "args": [NaN], "kwargs": 1, "kwargs": {"a": 1e400}}'),
        "dropped": request("any", reply_to="") + request("any", content_type="") +
                   request("any", content_type="application/data\x1b[2J") +
                   request("any", encoding="latin-1") + request("any", "{") +
                   request("any", b"\xef\xbb\xbf{}") +
                   request("any", headers=field("compression", "S", long(b"x"))) +
                   request("any", headers=field("nameko.call_id_stack", "V")) +
                   request("any", headers=field("nameko.call_id_stack", "A", long(b"V"))),
        "deep": request("any", '{"args": [%s], "kwargs": {}}' % ("[" * 500 + "]" * 500)),
        "event": event('{"id": 1.10}', headers=stack) + event("null"),
        "event-not-json": event("") + event(b"\xff\x1b\0") + event("[" * 600) + event("\u202e"),
        "event-headers": event("1", headers=field("\x1b[2J", "x", long(b"\xff")) +
                               field("", "F", table(field("t", "t", b"\1")))),
    }


def uri_seeds():
    password = "hunter2"
    return {
        "every-part": f"amqp://bob:{password}@broker.example:5673/orders",
        "nothing": "amqp://",
        "schemes": "pyamqp://a;amqps://b;AMQP://c",
        "paths": "amqp://h/;amqp://h//;amqp://h/%2F;amqp://h/a/b;amqp://h/v#f;amqp://h#/f",
        "decoded": f"amqp://u%40x:p%2F{password}@h/%C3%A9",
        "ipv6": f"amqp://u:{password}@[2001:db8::1]:5673/v",
        "query": "amqp://h/v?heartbeat=30&login_method=AMQPLAIN&ssl_ca_certs=/c/ca%2Ecrt"
                 "&ssl_certfile=/c/c.pem&ssl_keyfile=k&ssl_server_hostname=o"
                 "&ssl_check_hostname=False&ssl_cert_reqs=CERT_NONE&unknown=1&&x",
        "several": f"amqp://a:{password}@h1/v; amqps://b:q@h2:1 ;pyamqp://h3",
        "sixty-five": ";".join(["amqp://h"] * 65),
        "no-password": "amqp://bob@h",
        "bad-percent": f"amqp://u:{password}%zz@h",
        "bad-percent-in-host": f"amqp://u:{password}@h%2",
        "bad-nul": f"amqp://u:{password}@h/%00",
        "bad-two-at": f"amqp://u:{password}@x@h",
        "bad-slash": f"amqp://u:x/{password}@h",
        "bad-semicolon": f"amqp://u:x;{password}@h",
        "bad-hash": f"amqp://u:x#{password}@h",
        "bad-question": f"amqp://u:x?{password}@h",
        "bad-login-method": f"amqp://u:x?login_method=a://u:{password}@h",
        "bad-port": f"amqp://u:{password}@h:70000",
        "bad-bracket": f"amqp://u:{password}@[::1",
        "bad-scheme": f"http://u:{password}@h\x1b[2J",
        "bad-no-scheme": f"u:{password}@h:5672",
        "bad-heartbeat": f"amqp://u:{password}@h?heartbeat=x",
        "overridden": "amqp://a@h/v\0host=other\0port=xxxxx\0vhost=w\0user=bob\0password=" + password,
        "overridden-tls": "amqp://h\0tls=\0heartbeat=xxx\0login_method=EXTERNAL",
        "overridden-login": "amqp://h\0login_method=CRAM\0password_if_missing=x\0user=u",
    }


def config_seeds():
    return {
        "broker": "AMQP_URI: amqp://bob:pw@h:1/v\nrpc_exchange: 'other'\nLOGIN_METHOD: AMQPLAIN\n"
                  "HEARTBEAT: 30\nWEB_SERVER_ADDRESS: [0, {x: 1}]\n",
        "variables": "#env A=amqp://one\n#env P=5673\n"
                     "AMQP_URI: ${A}\nrpc_exchange: ${X:nameko-rpc}\nHEARTBEAT: ${HB:30}\n",
        "variables-in-uri": "#env U=bob\n"
                            "AMQP_URI: amqp://${U}:${PW:guest}@${HOST:localhost}:${PORT:5672}/\n",
        "variables-quoted": "AMQP_URI: \"${A}\"\nrpc_exchange: '${B:x}'\n",
        "variables-tagged": "#env A=one\nAMQP_URI: !env_var \"amqp://${A}/v\"\n"
                            "rpc_exchange: !raw_env_var \"${X:~}\"\n",
        "variables-nested": "AMQP_URI: ${A:${B}}\n",
        "variables-in-variables": "#env A=${B}/v\n#env B=amqp://b\nAMQP_URI: ${A}\n",
        "variables-without-end": "#env A=x${B}\n#env B=y${A}\nAMQP_URI: ${A}\n",
        "variables-odd": "AMQP_URI: ${}${:x}$${A}${A b}${A: b}\n",
        "variable-of-yaml": "#env SSL={ca_certs: /ca.pem, cert_reqs: CERT_NONE}\nAMQP_SSL: ${SSL}\n",
        "variable-not-yaml": "#env A=a: b: c\nAMQP_URI: ${A}\n",
        "tls": "AMQP_SSL:\n  ca_certs: ${CA:/ca.pem}\n  certfile: /c.pem\n  keyfile: /k.pem\n"
               "  server_hostname: name\n  cert_reqs: ssl.CERT_NONE\n",
        "tls-switch": "AMQP_SSL: yes\n",
        "tls-maybe": "AMQP_SSL: maybe\n",
        "merged": "base: &base\n  AMQP_URI: amqp://merged\n<<: *base\n",
        "merged-list": "<<: [{AMQP_URI: amqp://a}, {rpc_exchange: b}]\n",
        "merged-with-itself": "a: &a\n  <<: *a\n  AMQP_URI: x\n<<: *a\n",
        "empty": "",
        "nothing": "---\n",
        "list": "- AMQP_URI\n",
        "text": "text\n",
        "uri-list": "AMQP_URI: [x]\n",
        "bad-brace": "a: 1\nb: }\n",
        "bad-tab": "a: 1\n\tb: 2\n",
        "blocks": "AMQP_URI: >-\n  amqp://\n  h\nrpc_exchange: |\n  x\n",
        "documents": "AMQP_URI: amqp://a\n---\nAMQP_URI: amqp://b\n...\n",
        "heartbeat-negative": "HEARTBEAT: -1\n",
        "escapes": "AMQP_URI: \"\\x1b[2J\\u202e\\U0001F600\"\nLOGIN_METHOD: \"a\\\n  b\"\n",
        "complex-keys": "? [a, b]\n: c\n? !!str AMQP_URI\n: !!binary aGVsbG8=\n",
    }


write("batch_fuzz", batch_seeds())
write("client_fuzz", client_seeds())
write("config_fuzz", config_seeds())
write("connection_fuzz", connection_seeds())
write("decoder_fuzz", decoder_seeds())
write("json_fuzz", json_seeds())
write("reply_fuzz", reply_seeds())
write("serve_fuzz", serve_seeds())
write("tap_fuzz", tap_seeds())
write("uri_fuzz", uri_seeds())
