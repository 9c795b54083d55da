"""The trunk and the standing emergency number, as the settings file describes them.

A trunk is known by a registration (our user and password at the provider) or by the addresses that
its calls come from; nobody else may call over it. A password never stands in the settings file.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, model_validator

from ivr.settings.parts import (
    E164,
    Fault,
    Host,
    HostAndPort,
    Id,
    Misplaced,
    Number,
    Part,
    Port,
    SipUser,
)

EMERGENCY_NUMBERS = ("110", "112", "116117")


def _network(text: str) -> str:
    try:
        network = ipaddress.IPv4Network(text)
    except ValueError:
        raise ValueError(
            "expected an IPv4 address or network, such as 192.0.2.10 or 192.0.2.0/28"
        ) from None
    if network.prefixlen < 8:
        raise ValueError("expected a network of the provider's, not half of the internet")
    return text


Network = Annotated[str, AfterValidator(_network)]
CallLimit = Annotated[int, Field(ge=1, le=10_000)]


class Trunk(Part):
    """The way to the phone network; emergency calls go straight there.

    `kind`: whether the provider knows us by a registration with `user` and password, or by our
    address. `number_form` is how it spells international numbers: +4930…, 004930… or 4930….
    """

    host: Host
    port: Port | None = None
    kind: Literal["address", "registration"] = "address"
    transport: Literal["udp", "tcp", "tls"] = "udp"
    srtp: bool = False
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    user: SipUser | None = None
    auth_user: SipUser | None = None
    password: SecretStr | None = Field(default=None, description="by the environment alone")
    password_file: Path | None = None
    domain: Host | None = None
    outbound_proxy: HostAndPort | None = None
    register_every_s: Annotated[int, Field(ge=60, le=86_400)] = 300
    keep_alive_s: Annotated[int, Field(ge=0, le=3600)] = 60
    addresses: tuple[Network, ...] = Field(default=(), max_length=50, examples=[["192.0.2.0/28"]])
    external_address: Host | None = None
    local_nets: tuple[Network, ...] = Field(
        default=("10.0.0.0/8", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
        min_length=1,
        examples=[["192.168.1.0/24"]],
    )
    caller_number_in: Literal["p_asserted_identity", "from"] = "p_asserted_identity"
    called_number_in: Literal["request_uri", "to"] | None = None
    own_number_in: Literal["from", "p_asserted_identity"] = "from"
    number: E164 | None = None
    number_form: Literal["plus", "zeros", "bare"] = "plus"
    other_numbers_to: Number | None = None
    dtmf: Literal["auto", "rfc4733", "info", "inband"] = "auto"
    early_media: bool = True
    most_calls: CallLimit | None = None
    most_calls_each_number: CallLimit = 10
    most_withheld_calls: CallLimit | None = None

    @property
    def sip_port(self) -> int:
        """The provider's port."""
        return self.port or (5061 if self.transport == "tls" else 5060)

    @property
    def registers(self) -> bool:
        """Whether we tell the provider where we are."""
        return self.kind == "registration"

    @property
    def called_in(self) -> str:
        """Where the number stands that was called: what registers is called by its user's name."""
        return self.called_number_in or ("to" if self.registers else "request_uri")

    @property
    def sources(self) -> tuple[str, ...]:
        """The addresses whose calls are the provider's, beside those of the registration."""
        return self.addresses or (() if self.registers else (self.host,))

    @model_validator(mode="after")
    def _hangs_together(self) -> Trunk:
        faults: list[Fault] = []
        if self.registers and self.user is None:
            faults.append((("user",), "is missing; a registration needs the provider's user name"))
        if self.registers and not (self.password or self.password_file):
            faults.append(
                (
                    ("password_file",),
                    "is missing; name a file that holds the provider's password, or set "
                    "FREIZEICHEN_TRUNK__PASSWORD",
                )
            )
        if self.srtp and self.transport != "tls":
            faults.append((("srtp",), "its keys travel in SIP, so it needs transport: tls"))
        if (self.certificate_file is None) != (self.key_file is None):
            faults.append((("certificate_file",), "goes with key_file; name both or neither"))
        if self.own_number_in == "p_asserted_identity" and self.user is None:
            faults.append((("own_number_in",), "From then holds trunk.user, which is missing"))
        if faults:
            raise Misplaced(faults)
        return self


class Emergency(Part):
    """Where callers with an emergency get, at any time: a phone of the house, a number, or both.

    The phone rings first, for `ring_s`; then the number over the trunk.
    """

    number: E164 | None = None
    place: Id | None = None
    ring_s: Annotated[int, Field(ge=5, le=120)] = 25

    @model_validator(mode="after")
    def _leads_somewhere(self) -> Emergency:
        if self.number is None and self.place is None:
            raise ValueError(
                "leads nowhere; give it 'number' (as +4930123456), 'place' (a phone) or both"
            )
        return self


def check_trunk(
    trunk: Trunk | None,
    emergency: Emergency | None,
    *,
    address: str,
    numbers: Iterable[str],
    own_numbers: Iterable[str],
    places: Iterable[str],
) -> None:
    """Raise `Misplaced` for what names a line, number or phone that is not there.

    `address` is where we listen, `numbers` are those of the lines, `own_numbers` those under which
    the phone network knows us.
    """
    faults: list[Fault] = []
    if trunk is not None:
        if trunk.number is not None and trunk.number not in own_numbers:
            mend = "is no number of ours; name one of a line, or put it into 'public' of a line"
            faults.append((("trunk", "number"), mend))
        nets = [ipaddress.IPv4Network(net) for net in trunk.local_nets]
        if trunk.external_address and not any(ipaddress.IPv4Address(address) in n for n in nets):
            mend = f"does not hold {address}, where we listen; sound would be asked for there"
            faults.append((("trunk", "local_nets"), mend))
        if trunk.other_numbers_to is not None and trunk.other_numbers_to not in numbers:
            faults.append((("trunk", "other_numbers_to"), "is not the number of a line"))
    if emergency is not None:
        if emergency.place is not None and emergency.place not in places:
            faults.append((("emergency", "place"), "is not among places"))
        if emergency.number is not None and trunk is None:
            faults.append((("emergency", "number"), "needs a trunk, which is not set"))
        if emergency.number is not None and emergency.number in own_numbers:
            faults.append((("emergency", "number"), "is a line of ours; it would call itself"))
    if faults:
        raise Misplaced(faults)
