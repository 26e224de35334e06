"""Prints "good" or "bad" for each YAML file, as the JSON Schema of suites finds it, and why.

usage: check_suite.py SCHEMA FILE...
"""

import json
import sys

import jsonschema
import yaml

with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)
jsonschema.Draft7Validator.check_schema(schema)
validator = jsonschema.Draft7Validator(schema)
for name in sys.argv[2:]:
    with open(name, encoding="utf-8") as file:
        faults = list(validator.iter_errors(yaml.safe_load(file)))
    print("bad" if faults else "good", *[f.message.replace("\n", " ")[:200] for f in faults[:1]])
