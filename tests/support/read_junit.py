"""Prints what junitparser finds in a report: a line for each test case, and the totals.

usage: read_junit.py FILE
"""

import sys

from junitparser import JUnitXml

report = JUnitXml.fromfile(sys.argv[1])
for suite in report:
    print(suite.name, suite.tests, suite.failures, suite.errors, suite.skipped)
    for case in suite:
        print(" ", case.name, *["%s: %s" % (type(r).__name__, r.message) for r in case.result])
