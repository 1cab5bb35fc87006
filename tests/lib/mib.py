# SPDX-License-Identifier: Apache-2.0
"""A small reader of SCEP-CLIENT-MIB, for tests that hold the program to it.

It reads the generated module (SCEP-CLIENT-MIB.txt) and nothing else, and
shares no code with what it is compared with.  It knows as much of SMIv2 as
that module uses and refuses what it does not know.

    module = mib.load("SCEP-CLIENT-MIB.txt")
    for item in module.objects():
        print(item.dotted, item.name, item.access, item.ranges, item.default)

Run as a program, it prints one line an object, separated by blanks:

    relative.oid name access SYNTAX range default
"""

import re
import sys
from dataclasses import dataclass, field

ENTERPRISES = (1, 3, 6, 1, 4, 1)

TOKEN = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<comment>--[^\n]*)
    | "(?P<text>[^"]*)"
    | '(?P<hex>[0-9A-Fa-f]*)'[Hh]
    | (?P<word>[A-Za-z][A-Za-z0-9-]*)
    | (?P<number>-?[0-9]+)
    | (?P<mark>::=|\.\.|[{}(),;|])
    """,
    re.VERBOSE,
)

# The types of RFC 2578 itself.
BASE_TYPES = {
    "INTEGER",
    "Integer32",
    "Unsigned32",
    "Counter32",
    "Gauge32",
    "TimeTicks",
    "OCTET STRING",
    "OBJECT IDENTIFIER",
    "BITS",
}

# The few imported types (RFC 2579, RFC 3411).
IMPORTED = {
    "TruthValue": "INTEGER { true(1), false(2) }",
    "TestAndIncr": "INTEGER (0..2147483647)",
    "TimeStamp": "TimeTicks",
    "RowStatus": "INTEGER { active(1), notInService(2), notReady(3), "
    "createAndGo(4), createAndWait(5), destroy(6) }",
    "StorageType": "INTEGER { other(1), volatile(2), nonVolatile(3), "
    "permanent(4), readOnly(5) }",
    "SnmpAdminString": "OCTET STRING (SIZE (0..255))",
}


class MibError(Exception):
    """The text is not what this reader knows."""


@dataclass
class Token:
    kind: str  # text, hex, word, number or mark
    value: str
    line: int


@dataclass
class Syntax:
    """A SYNTAX as written: a type's name and what was said of it here."""

    name: str
    ranges: list = field(default_factory=list)  # (low, high), sizes too
    names: dict = field(default_factory=dict)  # of numbers or of bits


@dataclass
class Item:
    """One name of the module, with all that its clause says."""

    name: str
    kind: str  # scalar column table entry notification group compliance node
    parent: str = ""
    arc: int = 0
    oid: tuple = ()  # below the root of the module
    type: str = ""  # the type's name as written
    base: str = ""  # the type of RFC 2578 under it
    ranges: list = field(default_factory=list)  # of values or of sizes
    names: dict = field(default_factory=dict)  # enumeration or BITS
    access: str = ""
    units: str = ""
    description: str = ""
    default: object = None  # int, bytes or a frozenset of bits; None: no DEFVAL
    default_text: str = ""  # as written
    index: list = field(default_factory=list)
    augments: str = ""
    members: list = field(default_factory=list)  # of notification or group
    min_access: dict = field(default_factory=dict)  # of a compliance

    @property
    def dotted(self):
        return ".".join(str(arc) for arc in self.oid)

    @property
    def is_instance(self):
        """Tells whether there are instances of it: a scalar or a column."""
        return self.kind in ("scalar", "column")

    @property
    def is_writable(self):
        return self.access in ("read-write", "read-create")


def tokens_of(text):
    tokens = []
    position = 0
    line = 1
    while position < len(text):
        match = TOKEN.match(text, position)
        if not match:
            raise MibError(f"line {line}: cannot read {text[position]!r}")
        kind = match.lastgroup
        if kind not in ("space", "comment"):
            tokens.append(Token(kind, match.group(kind), line))
        line += match.group().count("\n")
        position = match.end()
    return tokens


class Reader:
    """Walks over the tokens of one module."""

    def __init__(self, text):
        self.tokens = tokens_of(text)
        self.position = 0

    def peek(self, ahead=0):
        position = self.position + ahead
        if position < len(self.tokens):
            return self.tokens[position].value
        return None

    def peek_kind(self):
        return self.tokens[self.position].kind

    def take(self):
        if self.position >= len(self.tokens):
            raise MibError("the module ends too early")
        self.position += 1
        return self.tokens[self.position - 1].value

    def expect(self, *values):
        for value in values:
            line = self.tokens[min(self.position, len(self.tokens) - 1)].line
            found = self.take()
            if found != value:
                raise MibError(f"line {line}: {found!r} instead of {value!r}")

    def accept(self, value):
        if self.peek() == value:
            self.position += 1
            return True
        return False

    def names_in_braces(self):
        """{ a, b, c }"""
        names = []
        self.expect("{")
        while not self.accept("}"):
            names.append(self.take())
            if self.peek() != "}":
                self.expect(",")
        return names

    def numbered_names(self):
        """{ a(1), b(2) }"""
        names = {}
        self.expect("{")
        while not self.accept("}"):
            name = self.take()
            self.expect("(")
            number = int(self.take())
            if name in names or number in names.values():
                raise MibError(f"{name}({number}) is there twice")
            names[name] = number
            self.expect(")")
            if self.peek() != "}":
                self.expect(",")
        return names

    def ranges(self):
        """(1..5 | 7) or (SIZE (0..5 | 7))"""
        ranges = []
        self.expect("(")
        is_size = self.accept("SIZE")
        if is_size:
            self.expect("(")
        while True:
            low = high = int(self.take())
            if self.accept(".."):
                high = int(self.take())
            ranges.append((low, high))
            if not self.accept("|"):
                break
        self.expect(")")
        if is_size:
            self.expect(")")
        return ranges

    def syntax(self):
        name = self.take()
        if name == "SEQUENCE":
            self.expect("OF")
            return Syntax("SEQUENCE OF " + self.take())
        if name in ("OCTET", "OBJECT"):
            name += " " + self.take()
        syntax = Syntax(name)
        if self.peek() == "{":
            syntax.names = self.numbered_names()
        elif self.peek() == "(":
            syntax.ranges = self.ranges()
        return syntax

    def oid(self):
        """::= { parent arc }"""
        self.expect("::=", "{")
        parent = self.take()
        arc = int(self.take())
        self.expect("}")
        return parent, arc

    def default(self):
        """{ value }: the text as written, and (kind, value)"""
        self.expect("{")
        if self.peek() == "{":
            names = self.names_in_braces()
            self.expect("}")
            return "{" + ",".join(names) + "}", ("bits", names)
        kind = self.peek_kind()
        value = self.take()
        self.expect("}")
        text = {"text": f'"{value}"', "hex": f"'{value}'H"}.get(kind, value)
        return text, (kind, value)


class Module:
    """The module that was read."""

    def __init__(self, text):
        self.name = ""
        self.root_name = ""
        self.root = ()  # the arcs of the module's identity
        self.items = {}
        self.types = {}
        self.sequences = {}
        self.imports = {}
        self._defaults = {}
        self._read(Reader(text))
        self._settle()

    def __getitem__(self, name):
        return self.items[name]

    def objects(self):
        """Scalars and columns in the order of their object identifiers."""
        return self.of_kind("scalar", "column")

    def notifications(self):
        return self.of_kind("notification")

    def of_kind(self, *kinds):
        found = [item for item in self.items.values() if item.kind in kinds]
        return sorted(found, key=lambda item: item.oid)

    def columns(self, table):
        """The columns of a table, given its name."""
        entry = self._child(table, 1)
        return [
            item for item in self.of_kind("column") if item.parent == entry.name
        ]

    def index_of(self, column):
        """The names of the index columns of a column's row."""
        entry = self.items[self.items[column].parent]
        while entry.augments:
            entry = self.items[entry.augments]
        return entry.index

    def _child(self, parent, arc):
        for item in self.items.values():
            if item.parent == parent and item.arc == arc:
                return item
        raise KeyError(f"{parent} {arc}")

    # ------------------------------------------------------------ reading

    def _read(self, reader):
        self.name = reader.take()
        reader.expect("DEFINITIONS", "::=", "BEGIN", "IMPORTS")
        names = []
        while not reader.accept(";"):
            word = reader.take()
            if word == "FROM":
                self.imports[reader.take()] = names
                names = []
            else:
                names.append(word)
                reader.accept(",")
        while not reader.accept("END"):
            self._read_clause(reader, reader.take())
        if reader.peek() is not None:
            raise MibError(f"{reader.peek()!r} after END")

    def _read_clause(self, reader, name):
        word = reader.take()
        if word == "::=":
            self._read_type(reader, name)
        elif word == "OBJECT":
            reader.expect("IDENTIFIER")
            self._add(Item(name, "node"), reader)
        elif word == "MODULE-IDENTITY":
            while reader.peek() != "::=":
                reader.take()
            self.root_name = name
            self._add(Item(name, "node"), reader)
        elif word == "OBJECT-TYPE":
            self._read_object(reader, name)
        elif word in ("NOTIFICATION-TYPE", "OBJECT-GROUP", "NOTIFICATION-GROUP"):
            self._read_members(reader, name, word)
        elif word == "MODULE-COMPLIANCE":
            self._read_compliance(reader, name)
        else:
            raise MibError(f"{name} {word}: an unknown clause")

    def _add(self, item, reader):
        item.parent, item.arc = reader.oid()
        if item.name in self.items:
            raise MibError(f"{item.name} is there twice")
        self.items[item.name] = item

    def _read_type(self, reader, name):
        if reader.accept("SEQUENCE"):
            reader.expect("{")
            columns = []
            while not reader.accept("}"):
                column = reader.take()
                columns.append((column, reader.syntax().name))
                if reader.peek() != "}":
                    reader.expect(",")
            self.sequences[name] = columns
            return
        reader.expect("TEXTUAL-CONVENTION")
        while reader.take() != "SYNTAX":
            pass
        self.types[name] = reader.syntax()

    def _read_object(self, reader, name):
        item = Item(name, "scalar")
        while reader.peek() != "::=":
            word = reader.take()
            if word == "SYNTAX":
                syntax = reader.syntax()
                item.type = syntax.name
                item.ranges = syntax.ranges
                item.names = syntax.names
            elif word == "MAX-ACCESS":
                item.access = reader.take()
            elif word == "UNITS":
                item.units = reader.take()
            elif word == "DESCRIPTION":
                item.description = reader.take()
            elif word == "INDEX":
                item.index = reader.names_in_braces()
            elif word == "AUGMENTS":
                (item.augments,) = reader.names_in_braces()
            elif word == "DEFVAL":
                item.default_text, self._defaults[name] = reader.default()
            elif word in ("STATUS", "REFERENCE"):
                reader.take()
            else:
                raise MibError(f"{name}: {word!r} is unknown here")
        self._add(item, reader)

    def _read_members(self, reader, name, word):
        kind = "notification" if word == "NOTIFICATION-TYPE" else "group"
        item = Item(name, kind)
        while reader.peek() != "::=":
            if reader.take() in ("OBJECTS", "NOTIFICATIONS"):
                item.members = reader.names_in_braces()
        self._add(item, reader)

    def _read_compliance(self, reader, name):
        item = Item(name, "compliance")
        current = None
        while reader.peek() != "::=":
            is_word = reader.peek_kind() == "word"
            word = reader.take()
            if not is_word:
                continue
            if word == "MANDATORY-GROUPS":
                item.members = reader.names_in_braces()
            elif word == "OBJECT":
                current = reader.take()
            elif word == "MIN-ACCESS":
                item.min_access[current] = reader.take()
        self._add(item, reader)

    # ----------------------------------------------------------- settling

    def _settle(self):
        self.root = self._absolute(self.root_name)
        for item in self.items.values():
            oid = self._absolute(item.name)
            if oid[: len(self.root)] == self.root:
                item.oid = oid[len(self.root) :]
        self._settle_kinds()
        for item in self.of_kind("scalar", "column"):
            self._settle_type(item)
            self._settle_default(item)
        self._check()

    def _absolute(self, name):
        arcs = []
        while name != "enterprises":
            if name not in self.items:
                raise MibError(f"{name} is not defined")
            arcs.append(self.items[name].arc)
            name = self.items[name].parent
        return ENTERPRISES + tuple(reversed(arcs))

    def _settle_kinds(self):
        for item in self.items.values():
            if item.type.startswith("SEQUENCE OF "):
                item.kind = "table"
            elif item.type in self.sequences:
                item.kind = "entry"
        for item in self.items.values():
            parent = self.items.get(item.parent)
            if item.kind == "scalar" and parent and parent.kind == "entry":
                item.kind = "column"

    def _settle_type(self, item):
        name = item.type
        while name not in BASE_TYPES:
            if name in self.types:
                syntax = self.types[name]
            elif name in IMPORTED:
                syntax = Reader(IMPORTED[name]).syntax()
            else:
                raise MibError(f"{item.name}: the type {name} is unknown")
            item.ranges = item.ranges or syntax.ranges
            item.names = item.names or syntax.names
            name = syntax.name
        item.base = name

    def _settle_default(self, item):
        if item.name not in self._defaults:
            return
        kind, value = self._defaults[item.name]
        if kind == "bits":
            item.default = frozenset(item.names[name] for name in value)
        elif kind == "word":
            item.default = item.names[value]
        elif kind == "number":
            item.default = int(value)
        elif kind == "hex":
            item.default = bytes.fromhex(value)
        else:
            item.default = value.encode()

    def _check(self):
        """Says here what a test would trip over later."""
        seen = {}
        for item in self.items.values():
            other = seen.setdefault(self._absolute(item.name), item.name)
            if other != item.name:
                raise MibError(f"{item.name} and {other} have the same OID")
        for item in self.of_kind("entry"):
            columns = [
                (column.name, column.type)
                for column in self.of_kind("column")
                if column.parent == item.name
            ]
            if columns != self.sequences[item.type]:
                raise MibError(f"{item.type} is not what {item.name} has")


def parse(text):
    """Returns the Module of a text."""
    return Module(text)


def load(path):
    """Returns the Module of a file."""
    with open(path, encoding="utf-8") as file:
        return parse(file.read())


def syntax_text(item):
    """The SYNTAX of an object without blanks: BITS{root(0),next(4)}."""
    text = item.type.replace(" ", "-")
    if item.names:
        names = ",".join(f"{name}({n})" for name, n in item.names.items())
        text += "{" + names + "}"
    return text


def range_text(item):
    """0|8|11, 1..600 or `-`."""
    parts = [
        str(low) if low == high else f"{low}..{high}" for low, high in item.ranges
    ]
    return "|".join(parts) or "-"


def main(arguments):
    if len(arguments) != 1:
        print("usage: mib.py SCEP-CLIENT-MIB.txt", file=sys.stderr)
        return 2
    try:
        module = load(arguments[0])
    except (MibError, OSError) as error:
        print(f"mib.py: {arguments[0]}: {error}", file=sys.stderr)
        return 1
    for item in module.objects():
        fields = (
            item.dotted,
            item.name,
            item.access,
            syntax_text(item),
            range_text(item),
            item.default_text or "-",
        )
        print(" ".join(fields))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
