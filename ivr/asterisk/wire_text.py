"""Which text may go to the switch at all: the one place that looks at every value we send.

Rules, from loose to strict; each function gives the text back unchanged or raises `HostileText`,
whose own text names the field and never holds the value:

1. `header`: no control characters, so that one value is exactly one header line, and no longer
   than what the switch reads as one line.
2. `dialplan`: also nothing that the dialplan would read as more than text.
3. `quoted`: also nothing that would end a quoted argument of an AGI command.
4. `name`, `full_name`, `word`, `number`, `keys`, `variable`, `dial_target`: a closed alphabet.
"""

import re

from ivr.asterisk.errors import HostileText

# C0, DEL, C1, the two Unicode line ends, and lone surrogates, which cannot be sent as UTF-8.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_DIALPLAN = re.compile(r'[&,|;"]|\$[{\[]')
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:@/;+-]{0,148}")
_FULL_NAME = re.compile(r"(PJSIP|Local)/[A-Za-z0-9_.@+-]{1,160}-[0-9a-f]{8}(;[12])?")
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,79}")
_NUMBER = re.compile(r"\+?[0-9]{1,32}")
_KEYS = re.compile(r"[0-9*#]{0,12}")
_VARIABLE = re.compile(r"_{0,2}[A-Za-z][A-Za-z0-9_]{0,78}")
_TARGET = re.compile(r"(PJSIP|Local)/\+?[A-Za-z0-9_.-]{1,79}(@[A-Za-z0-9_.-]{1,79})?(/n)?")

# The switch reads a line into 1,025 bytes and refuses an action that holds a longer one.
LONGEST_LINE_BYTES = 1000


def header(field: str, text: str) -> str:
    """A value for one header line; raises HostileText for control characters or excess length."""
    if _CONTROL.search(text):
        raise HostileText(f"{field} holds a control character")
    if len(text.encode()) > LONGEST_LINE_BYTES - len(field) - 4:
        raise HostileText(f"{field} is too long for the switch")
    return text


def dialplan(field: str, text: str) -> str:
    """A value that enters the dialplan; raises HostileText for its syntax too."""
    if _DIALPLAN.search(header(field, text)):
        raise HostileText(f"{field} holds dialplan syntax")
    return text


def quoted(field: str, text: str) -> str:
    """An argument of an AGI command, in double quotes; a backslash is refused as well."""
    if "\\" in dialplan(field, text):
        raise HostileText(f"{field} holds a backslash")
    return f'"{text}"'


def name(field: str, text: str) -> str:
    """The id or name of a channel, as we or the switch make them."""
    return _closed(_NAME, field, text)


def full_name(field: str, text: str) -> str:
    """A channel's full name with its counter: nothing else begins with the same letters."""
    return _closed(_FULL_NAME, field, text)


def word(field: str, text: str) -> str:
    """The name of an endpoint, context, extension, trunk, host or music class."""
    return _closed(_WORD, field, text)


def number(field: str, text: str) -> str:
    """A telephone number: digits, perhaps behind a plus."""
    return _closed(_NUMBER, field, text)


def keys(field: str, text: str) -> str:
    """Up to twelve keys of a telephone, or none."""
    return _closed(_KEYS, field, text)


def variable(field: str, text: str) -> str:
    """The name of a plain variable, never of a function."""
    return _closed(_VARIABLE, field, text)


def dial_target(field: str, text: str) -> str:
    """What may be dialled: PJSIP/<phone>, PJSIP/<number>@<trunk>, Local/<exten>@<context>[/n]."""
    return _closed(_TARGET, field, text)


def _closed(alphabet: re.Pattern[str], field: str, text: str) -> str:
    if not alphabet.fullmatch(text):
        raise HostileText(f"{field} is not of the form it must have")
    return text
