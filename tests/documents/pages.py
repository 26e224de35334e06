"""The examples of the README and of the manual pages, as they stand there."""

import glob
import os
from dataclasses import dataclass, field
from typing import List

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


@dataclass
class Example:
    page: str  # its path below ROOT
    line: int
    command: str
    shown: List[str] = field(default_factory=list)  # what it prints, where the page says so

    @property
    def place(self):
        return "{}:{}".format(self.page, self.line)

    @property
    def first_line(self):
        return self.command.split("\n")[0]


def lines_of(page):
    with open(os.path.join(ROOT, page), encoding="utf-8") as file:
        return file.read().split("\n")


def readme():
    """Of the README: the indented lines that begin with "$ ", each with what follows up to the next
    one, and the other indented blocks, with the block as the command. A line that ends with "\\"
    goes on."""
    examples, others = [], []
    previous = None  # what an indented line goes on with
    for number, line in enumerate(lines_of("README.md"), 1):
        if line.startswith("    $ "):
            previous = Example("README.md", number, line[6:])
            examples.append(previous)
        elif previous in examples and (line.startswith("    ") or not line):
            if previous.command.endswith("\\") and not previous.shown:
                previous.command = previous.command[:-1] + line.strip()
            else:
                previous.shown.append(line[4:])
        elif line.startswith("    "):
            if previous is None:
                previous = Example("README.md", number, line[4:])
                others.append(previous)
            else:
                previous.command += "\n" + line[4:]
        else:
            previous = None
    for example in examples:
        while example.shown and not example.shown[-1]:
            example.shown.pop()
    return examples, others


def displays():
    """Of every manual page: (section, example) for each displayed line and each displayed block."""
    for path in sorted(glob.glob(os.path.join(ROOT, "man", "*.[15]"))):
        page = os.path.relpath(path, ROOT)
        section, block = "", None
        for number, line in enumerate(lines_of(page), 1):
            text = line.replace("\\(dq", '"').replace("\\-", "-").replace("\\e", "\\")
            if line.startswith(".Sh "):
                section = line[4:]
            elif line.startswith(".Dl "):
                yield section, Example(page, number, text[4:])
            elif line.startswith(".Bd "):
                block = Example(page, number, "")
            elif line.startswith(".Ed"):
                yield section, block
                block = None
            elif block is not None:
                block.command += text + "\n"


def manual():
    """What the sections EXAMPLES display. A block is one command."""
    return [display for section, display in displays() if section == "EXAMPLES"]


def displayed_blocks():
    return [display for _, display in displays() if "\n" in display.command]
