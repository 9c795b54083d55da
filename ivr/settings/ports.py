"""Which ports the house uses, and whether those of sound are enough for all the calls it takes."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field, model_validator

from ivr.settings.asterisk import AsteriskSettings, calls_of, most_channels
from ivr.settings.parts import Misplaced, Part, Port

_LAST: Final = 65_535


class Ports(Part):
    """Ports, so that several checkouts and tests live side by side."""

    sip: Port = 5160
    sips: Port = 5161
    ami: Port = 5138
    http: Port = 8160
    rtp_first: Annotated[int, Field(ge=1024, le=65_400)] = 21_000
    rtp_last: Annotated[int, Field(ge=1025, le=_LAST)] = 22_699

    @model_validator(mode="after")
    def _distinct(self) -> Ports:
        if len({self.sip, self.sips, self.ami, self.http}) < 4:
            raise ValueError("sip, sips, ami and http must be four different ports")
        if self.rtp_last <= self.rtp_first:
            raise ValueError("rtp_last must be higher than rtp_first")
        if self.rtp_first <= self.sip <= self.rtp_last:
            raise ValueError("sip must lie outside rtp_first to rtp_last")
        return self


def sound_legs(first: int, last: int) -> int:
    """For how many legs of calls a range of ports has sound: an even one and the next for each."""
    return (last + 1) // 2 - (first + 1) // 2


def check_sound_ports(ports: Ports, asterisk: AsteriskSettings) -> None:
    """Raise `Misplaced` where a caller or an agent would be joined without sound."""
    legs, wanted = sound_legs(ports.rtp_first, ports.rtp_last), most_channels(asterisk.max_calls)
    if legs >= wanted or asterisk.config is not None:  # the ports are then another Asterisk's
        return
    first = ports.rtp_first + ports.rtp_first % 2
    last, fewer = first + 2 * wanted - 1, calls_of(legs)
    if last <= _LAST:
        mend = f"set rtp_last to {last}, in the firewall too"
    else:
        mend = f"set rtp_first to {_LAST + 1 - 2 * wanted}, and rtp_last to {_LAST}"
    if fewer > 0:
        mend += f", or max_calls to {fewer}"
    raise Misplaced(
        [
            (
                _where(ports),
                f"ports {ports.rtp_first} to {ports.rtp_last} are sound for {legs} legs of calls, "
                f"and asterisk.max_calls: {asterisk.max_calls} needs {wanted} (caller and agent of "
                f"each, and some for emergencies); {mend}",
            )
        ]
    )


def _where(ports: Ports) -> tuple[str, ...]:
    """The setting that somebody chose."""
    for name in ("rtp_last", "rtp_first"):
        if name in ports.model_fields_set:
            return ("ports", name)
    return ("asterisk", "max_calls")
