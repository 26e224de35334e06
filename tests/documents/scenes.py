"""What is around the examples of the README and of the manual pages, and what must come of them.

One without a scene runs on pipes, ends with 0 and prints exactly what its page shows.
"""

from stage import Scene

ORDERS = "miko serve orders --file orders.yaml"
STOCK = "miko serve stock --echo"
PAYMENTS = "miko serve payments --echo"
CALL = "miko call orders get =A-1"
FAIL = "miko call orders get =A-0"
PAID = "miko dispatch orders paid id:=7 by=Ann"
SHOP_PAID = "miko dispatch shop paid id:=7 by=Ann"
SILENT = "^$"
BROKER = ["AMQP_URI", "MIKO_CACERT", "MIKO_MANAGEMENT"]  # these beat a selected context
TOTAL = "miko serve orders --reply 'get(id)={\"total\": 1.10}'"

README = {
    "miko -v call greeting hello name=Ann": Scene(numbers=True),
    "miko bench greeting hello name=Ann -n 2000 -j 5 --fail-if 'p99>200ms'":
        Scene(terminal=True, numbers=True, lines=4),
    SHOP_PAID: Scene(prints=SILENT),
    "miko dispatch shop.paid --data @event.json": Scene(prints=SILENT),
    "jq -c '.[]' events.json | miko dispatch shop paid --lines":
        Scene(prints=SILENT),
    "miko listen shop paid 'refund.*' --also stock=low | jq -c .data":
        Scene(terminal=True, when="listening", meanwhile=[SHOP_PAID], until='"Ann"'),
    "miko listen shop paid -n 1 --for 10s || echo 'nothing was paid'":
        Scene(when="listening", meanwhile=[SHOP_PAID],
              prints='"service":"shop","event":"paid","data":{"id":7,"by":"Ann"}'),
    "miko listen shop paid --exec 'jq -r .data.id >> paid-orders'":
        Scene(when="listening", meanwhile=[SHOP_PAID], until="paid-orders", leaves="paid-orders"),
    "miko listen shop --durable audit >> audit.jsonl":
        Scene(when="listening", meanwhile=[SHOP_PAID], until="audit.jsonl", leaves="audit.jsonl"),
    "miko listen --durable audit --delete": Scene(prints="audit"),
    "miko tap lab greeting":
        Scene(terminal=True, numbers=True, when="watching",
              meanwhile=["miko call greeting hello name=Ann", "miko call lab add :=40 b:=2",
                         "miko call lab boom", "miko call lab slow :=8"],
              until="no reply in 5 s"),
    "miko tap lab --tree -n 1":
        Scene(terminal=True, numbers=True, when="watching",
              meanwhile=["miko call lab inner_boom"]),
    "miko tap orders --errors --for 1m | jq -r .error.message":
        Scene(terminal=True, beside=[ORDERS], when="watching", meanwhile=[CALL, FAIL], until="A-0",
              prints="\norders.get raised NotFound: no order A-0\n"),
    "miko tap orders --record calls.jsonl --for 1m":
        Scene(beside=[ORDERS], when="watching", meanwhile=[CALL], until="get",
              leaves="calls.jsonl"),
    "miko smoke --record orders.yaml calls.jsonl": Scene(leaves="orders.yaml"),
    "miko serve orders --reply 'get(id)={\"total\": 1.10}' --raise 'cancel=NotFound:no such order'":
        Scene(when="orders", meanwhile=[CALL + " > total"], until="total", leaves="total"),
    "miko call orders get =A-1": Scene(beside=[TOTAL]),
    "miko call orders get; echo $?": Scene(beside=[TOTAL]),
    "miko serve math --exec 'add(a, b)=./add.sh'":
        Scene(when="math", meanwhile=["chmod +x add.sh", "miko call math add a:=40 b:=2 > sum"],
              until="sum", leaves="sum"),
    "miko services greeting lab": Scene(terminal=True, numbers=True),
    "miko services": Scene(terminal=True, numbers=True, lines=2),
    "miko probe lab echo boom": Scene(terminal=True, numbers=True),
    "miko ping lab -n 3 -i 500ms --timeout 1s": Scene(terminal=True, numbers=True, lines=2),
    "miko wait greeting lab --timeout 1m && run-the-tests": Scene(numbers=True),
    "miko -c config.yaml call greeting hello name=Ann": Scene(prints='^"Hello, Ann!"\n$'),
    "miko --host rabbit.example.com --user ann --password-file ~/.miko-password call greeting hello =Ann":
        Scene(prints='^"Hello, Ann!"\n$'),
    "miko -b amqps://rabbit.example.com --cacert ca.pem --user ann --password-file ~/.miko-password "
    "call greeting hello =Ann": Scene(prints='^"Hello, Ann!"\n$'),
    "miko context add prod -b amqps://bob@rabbit.example.com/ --cacert ca.pem "
    "--password-from 'cmd:pass show rabbit/bob'": Scene(leaves=".config/miko/contexts/prod.yaml"),
    "miko --context prod call greeting hello name=Ann": Scene(prints='^"Hello, Ann!"\n$'),
    "miko context select prod": Scene(prints=SILENT),
    "miko context validate --connect": Scene(prints="prod"),
    "MIKO_TIMEOUT=2s miko context show --effective":
        Scene(terminal=True, numbers=True, without=BROKER),
    "miko doctor greeting --context prod": Scene(prints='"ok":true'),
}

MANUAL = {
    "miko batch calls.jsonl > answers.jsonl": Scene(beside=[ORDERS], leaves="answers.jsonl"),
    "sed 's/.*/[\"&\"]/' ids.txt | miko call orders.get --batch --ordered":
        Scene(beside=[ORDERS], prints='"id":"A-1"(.|\n)*"id":"A-2"'),
    "miko bench orders.get =A-1 -r 200 -z 1m --fail-if 'p99>200ms'":
        Scene(beside=[ORDERS], terminal=True, until="/s", prints="p99"),
    "miko call greeting hello name=Ann": Scene(prints='^"Hello, Ann!"\n$'),
    "miko call orders create customer=Ann items:='[{\"sku\": 7}]'":
        Scene(beside=[ORDERS], prints='"customer":"Ann"'),
    "miko call orders.get --args '[\"A-1\"]'": Scene(beside=[ORDERS], prints='"id":"A-1"'),
    "miko call orders create --args @order.json --timeout 30s -o envelope":
        Scene(beside=[ORDERS], prints='"ok":true'),
    "miko call orders.get =A-1 --expect '/total > 0' --within 200ms":
        Scene(beside=[ORDERS], prints='"total":1.10'),
    "mkdir -p ~/.local/share/bash-completion/completions ~/.config/fish/completions":
        Scene(prints=SILENT),
    "miko completion bash > ~/.local/share/bash-completion/completions/miko":
        Scene(leaves=".local/share/bash-completion/completions/miko"),
    "miko completion fish > ~/.config/fish/completions/miko.fish":
        Scene(leaves=".config/fish/completions/miko.fish"),
    "miko context add prod -b amqps://bob@rabbit.example.com/ --password-from env:RABBIT":
        Scene(leaves=".config/miko/contexts/prod.yaml"),
    "miko --context prod call greeting hello name=Ann": Scene(prints='^"Hello, Ann!"\n$'),
    "miko context select prod": Scene(prints=SILENT),
    "miko context show --effective": Scene(without=BROKER, prints="env:RABBIT"),
    "miko context validate --connect": Scene(prints="prod"),
    PAID: Scene(prints=SILENT),
    "miko dispatch orders.paid --data @event.json --require-handler":
        Scene(beside=["miko listen orders paid"], prints=SILENT),
    "jq -c '.[]' events.json | miko dispatch orders paid --lines":
        Scene(prints=SILENT),
    "miko doctor": Scene(prints='"ok":true'),
    "miko doctor orders --context prod": Scene(beside=[ORDERS], prints='"ok":true'),
    "miko doctor -o json | jq '.checks[] | select(.verdict == \"failed\")'": Scene(prints=SILENT),
    "miko listen orders":
        Scene(when="listening", meanwhile=[PAID], until='"Ann"', prints='"event":"paid"'),
    "miko listen orders paid 'refund.*' --also shipping=sent | jq .data":
        Scene(terminal=True, when="listening",
              meanwhile=["miko dispatch shipping sent id:=7 by=Ann"], until='"Ann"', prints='"by": "Ann"'),
    "miko listen orders paid --durable audit >> audit.jsonl":
        Scene(when="listening", meanwhile=[PAID], until="audit.jsonl", leaves="audit.jsonl"),
    "miko listen orders paid --exec 'jq -r .data.id >> paid-orders'":
        Scene(when="listening", meanwhile=[PAID], until="paid-orders", leaves="paid-orders"),
    "miko listen orders paid -n 1 --for 10s":
        Scene(when="listening", meanwhile=[PAID], prints='"by":"Ann"'),
    "miko ping orders": Scene(beside=[ORDERS], prints='"received":4'),
    "miko ping orders -n 0 -i 250ms": Scene(beside=[ORDERS], until='"seq":3', prints='"received":'),
    "miko ping orders -n 3 --format nagios --warn 100ms --crit 1s":
        Scene(beside=[ORDERS], prints="OK"),
    "miko probe orders get create":
        Scene(beside=[ORDERS], prints='"method":"create","status":"present"'),
    "miko probe orders refund -n 20 -o json":
        Scene(beside=[ORDERS], prints='"missing":20', status=5),
    "miko serve parrot --reply 'hello(name)=\"Hello!\"'":
        Scene(when="parrot", meanwhile=["miko call parrot hello =Ann > said"], until="said",
              leaves="said"),
    "miko serve orders --raise 'get=orders.errors.NotFound:A-1' --log":
        Scene(when="orders", meanwhile=[FAIL], until="NotFound", prints="NotFound"),
    "miko serve math --exec 'add(a, b)=jq .kwargs.a+.kwargs.b'":
        Scene(when="math", meanwhile=["miko call math add :=40 :=2 > sum"], until="sum",
              leaves="sum"),
    "miko serve orders --file stubs.yaml --log":
        Scene(when="orders", meanwhile=[CALL], until='"get"', prints='"get"'),
    "miko serve slow --echo --delay 2s":
        Scene(when="slow", meanwhile=["miko call slow down > echoed"], until="echoed",
              leaves="echoed"),
    "miko services orders payments":
        Scene(beside=[ORDERS, PAYMENTS], prints='"service":"payments"'),
    "miko services --watch": Scene(terminal=True, until="greeting", prints="PREFETCH"),
    "miko services orders --details -o json": Scene(beside=[ORDERS], prints='"handles":'),
    "miko smoke smoke.yaml --report-junit smoke.xml": Scene(beside=[ORDERS], leaves="smoke.xml"),
    "miko smoke suites/*.yaml -j 8 --var customer=Ann --fail-fast":
        Scene(beside=[ORDERS], prints="2 passed"),
    "miko tap orders --record calls.jsonl --for 1m":
        Scene(beside=[ORDERS], when="watching", meanwhile=[CALL], until="get",
              leaves="calls.jsonl"),
    "miko smoke --record smoke.yaml calls.jsonl": Scene(leaves="smoke.yaml"),
    "prove --exec 'miko -o tap smoke' smoke.yaml": Scene(beside=[ORDERS], prints="Result: PASS"),
    "miko tap --errors":
        Scene(beside=[ORDERS], when="watching", meanwhile=[FAIL], until="A-0", prints="NotFound"),
    "miko tap orders --errors --for 1m -o json | jq -r .error.message":
        Scene(terminal=True, beside=[ORDERS], when="watching", meanwhile=[CALL, FAIL], until="A-0",
              prints="\norders.get raised NotFound: no order A-0\n"),
    "miko tap orders stock payments --tree --slow 500ms":
        Scene(beside=[ORDERS, STOCK, "miko serve payments --echo --delay 600ms"], when="watching",
              meanwhile=["miko call payments pay"], until="pay", prints="pay"),
    "miko tap orders --for 10s -o json | jq -r .method | sort | uniq -c":
        Scene(beside=[ORDERS], when="watching", meanwhile=[CALL, CALL], until="get",
              prints=" 2 get\n"),
    "miko wait --timeout 2m && miko wait orders payments --timeout 1m":
        Scene(beside=[ORDERS, PAYMENTS], prints='"service":"payments"'),
    "miko wait orders --count 3 -o none":
        Scene(beside=[ORDERS, ORDERS + " --force", ORDERS + " --force"], prints=SILENT),
    "miko -c config.yaml call greeting hello name=Ann": Scene(prints='^"Hello, Ann!"\n$'),
    'if text=$(miko -o raw call greeting hello name=Ann); then\n  echo "$text"\nelse\n'
    "  case $? in\n    4) echo 'the service is not there' ;;\n    124) echo 'it may have run' ;;\n"
    "  esac\nfi\n": Scene(prints="^Hello, Ann!\n$"),
}

# Why these are shown and not run.
NOT_RUN = {
    "miko smoke smoke.yaml": "the suite has a test of its own: ShopTest",
}
OTHER_BLOCKS = {
    "scripts/demo": "it installs packages",
    "scripts/install": "it installs packages",
    "scripts/package": "it installs packages",
    "tests/support/lab.py run --nameko 2.14.1 -- bash": "the examples run in such a lab",
    "PATH=$PWD/build/release:$PATH": "examples.py runs it first",
    "{": "an error object",
    "cmake -S examples -B build/examples": "LibraryTest builds the example",
    "   +----------------------------------------------------------+": "a picture",
    "cmake --preset dev": "whoever runs the tests has done so",
    "cmake -S rabbitmq-c-0.15.0 -B build/rabbitmq-c -DBUILD_SHARED_LIBS=OFF -DBUILD_TESTING=OFF":
        "it takes sources from elsewhere",
    "scripts/test                 installs what is missing, builds, runs all tests, checks the format":
        "whoever runs the tests has done so",
    "scripts/benchmark --json speed.json --plot speed.svg": "it takes most of an hour",
}

# Files that pages show, by page and first line: where each is put, and an example that reads it.
READ_SUITE = ("miko smoke suite.yaml --filter 'not there'",
              Scene(prints="no case is named 'not there'", status=2))
READ_STUBS = ("miko call orders get =A-2",
              Scene(beside=["miko serve orders --file stubs.yaml"], prints="no order A-2",
                    status=1))
FILES = {
    ("README.md", "vars:"): ("suite.yaml", *READ_SUITE),
    ("README.md", "methods:"): ("stubs.yaml", *READ_STUBS),
    ("man/miko-serve.1", "service: orders"): ("stubs.yaml", *READ_STUBS),
    ("man/miko-smoke.5", "name: orders"): ("suite.yaml", *READ_SUITE),
    ("man/miko-context.5", "broker: amqps://rabbit.example.com/shop"):
        ("shown/miko/contexts/shown.yaml", "XDG_CONFIG_HOME=$PWD/shown miko context validate shown",
         Scene(prints='"ok":true')),
}
