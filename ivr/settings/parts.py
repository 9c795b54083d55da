"""The kinds of value that settings are made of, and what each must look like."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic.fields import FieldInfo

_ID = r"^[a-z][a-z0-9_-]{0,30}$"
_NUMBER = r"^\+?[0-9]{2,15}$"
_LANGUAGE = r"^[a-z]{2}$"
_DIALPLAN = r"^[a-z0-9_-]+(/[a-z0-9_-]+)*\.yaml$"
_E164 = r"^\+[1-9][0-9]{5,14}$"
_HOST = r"^[A-Za-z0-9.-]{1,253}$"
_HOST_AND_PORT = r"^[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?$"
_SIP_USER = r"^[A-Za-z0-9+._-]{1,64}(@[A-Za-z0-9.-]{1,253})?$"
_WORDS = r"^\S(?:.*\S)?$"
_CODE = r"^\*{0,2}[0-9]{1,6}$"
_NUMBERS: Final = (int, float)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

# What is expected where a value has not the form of its kind.
MEANT = {
    _ID: "expected a name of small letters, digits, '-' and '_' that begins with a letter",
    _NUMBER: 'expected 2 to 15 digits in quotes, such as "100" or "+4930123456"',
    _LANGUAGE: "expected two small letters, such as de",
    _DIALPLAN: "expected a file below dialplans/, such as de/main.yaml",
    _E164: 'expected a number with its country, in quotes, such as "+4930123456"',
    _HOST: "expected a host name or an IPv4 address",
    _HOST_AND_PORT: "expected a host name or an IPv4 address, perhaps with :port behind it",
    _SIP_USER: "expected a user name: letters, digits and '+._-', perhaps with @domain behind it",
    _CODE: 'expected up to six digits, after one or two stars or none, in quotes, such as "*81"',
    _WORDS: "expected a word or a few, such as lunch, without spaces around them",
}


def _shown(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("holds a line break or another control character; remove it")
    return text


def _address(text: str) -> str:
    try:
        address = ipaddress.IPv4Address(text)
    except ValueError:
        raise ValueError("expected an IPv4 address, such as 127.0.0.1") from None
    if address.is_unspecified:
        raise ValueError(
            "this is no address that a telephone could be told; name the address of the network "
            "interface that telephones reach, such as 192.168.1.10"
        )
    if address.is_multicast or address.is_reserved:
        raise ValueError("expected the address of a network interface of this machine")
    return text


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (LookupError, ValueError, OSError):  # not known, no name at all, a folder of zones
        raise ValueError(
            "expected a time zone of the tz database, such as Europe/Berlin or Asia/Seoul"
        ) from None
    return text


Id = Annotated[str, StringConstraints(pattern=_ID)]
Number = Annotated[str, StringConstraints(pattern=_NUMBER)]
# What people read: any character but those that would break a line or a message.
Shown = Annotated[str, AfterValidator(_shown)]
Reason = Annotated[Shown, StringConstraints(max_length=60, pattern=_WORDS)]
E164 = Annotated[str, StringConstraints(pattern=_E164)]
Host = Annotated[str, StringConstraints(pattern=_HOST)]
HostAndPort = Annotated[str, StringConstraints(pattern=_HOST_AND_PORT)]
SipUser = Annotated[str, StringConstraints(pattern=_SIP_USER)]
Port = Annotated[int, Field(ge=1, le=65_535)]
Seconds = Annotated[float, Field(ge=0, le=86_400)]
Language = Annotated[str, StringConstraints(pattern=_LANGUAGE)]
Code = Annotated[str, StringConstraints(pattern=_CODE)]
DialplanFile = Annotated[str, StringConstraints(pattern=_DIALPLAN)]
Address = Annotated[str, AfterValidator(_address)]
Zone = Annotated[str, AfterValidator(_zone)]


Fault = tuple[tuple[str | int, ...], str]  # a place below the table, what is wrong there


class Misplaced(ValueError):
    """Values that are each in order and do not go together: where, below the table, and why."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(message for _, message in self.faults))


class Part(BaseModel):
    """A table of the settings file; a word that it does not know is a fault.

    So is true or false for a number, which would else count as 1 or 0.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _numbers_are_numbers(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        faults: list[Fault] = [
            ((name,), "expected a number, and not true or false")
            for name, value in values.items()
            if isinstance(value, bool) and _is_number(cls.model_fields.get(name))
        ]
        if faults:
            raise Misplaced(faults)
        return values


def _is_number(field: FieldInfo | None) -> bool:
    """Of a number, or of one that may be missing."""
    kind = None if field is None else field.annotation
    one_of = get_args(kind) if get_origin(kind) in (UnionType, Union) else (kind,)
    return any(each in _NUMBERS or get_args(each)[:1] in ((int,), (float,)) for each in one_of)
