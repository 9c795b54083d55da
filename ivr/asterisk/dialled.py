"""How numbers are spelled between us and the phone network: which line a called number is, and how
one that we show or dial is written for this provider.

Everything here is worked out before Asterisk starts, so that it holds without the service. Rules:

1. A line is called by its number as it stands in the settings, and by each of its public numbers
   with its country (+4930…, 004930…, 4930…) and, from the same country, as there (030…).
2. What stands in the settings wins over what follows from another line's number.
"""

from __future__ import annotations

from ivr.phone_number import spellings
from ivr.settings.settings import Settings
from ivr.settings.trunk import Trunk


def called_lines(settings: Settings) -> dict[str, str]:
    """The line's number for each number by which the trunk may call it."""
    lines = {line.number: line.number for line in settings.lines}
    for line in settings.lines:
        for number in line.public_numbers:
            for spelling in spellings(number, settings.site.region):
                lines.setdefault(spelling, line.number)
    return lines


def as_the_provider_spells(trunk: Trunk, number: str) -> str:
    """A number with plus and country as this provider takes it."""
    match trunk.number_form:
        case "plus":
            return number
        case "zeros":
            return f"00{number.removeprefix('+')}"
        case "bare":
            return number.removeprefix("+")


def shown_number(settings: Settings) -> str | None:
    """The number that callees see, one of ours; None where the phone network knows none."""
    if settings.trunk is None:
        return None
    own = settings.trunk.number or next(iter(settings.own_numbers), None)
    return None if own is None else as_the_provider_spells(settings.trunk, own)


def dial_uri(trunk: Trunk, number: str) -> str:
    """The SIP address of a number at this provider, as the dialplan writes it."""
    where = trunk.domain or f"{trunk.host}:{trunk.sip_port}"
    return f"sip:{number}@{where}{_by(trunk)}"


def host_uri(trunk: Trunk) -> str:
    """The SIP address of the provider itself."""
    return f"sip:{trunk.host}:{trunk.sip_port}{_by(trunk)}"


def registrar_uri(trunk: Trunk) -> str:
    """Where we register."""
    return host_uri(trunk) if trunk.domain is None else f"sip:{trunk.domain}{_by(trunk)}"


def client_uri(trunk: Trunk) -> str:
    """As whom we register."""
    user = trunk.user or ""
    return f"sip:{user}" if "@" in user else f"sip:{user}@{trunk.domain or trunk.host}"


def proxy_uri(trunk: Trunk) -> str | None:
    """Through what all goes; where the domain is no host, the host is that."""
    if trunk.outbound_proxy is not None:
        return f"sip:{trunk.outbound_proxy}{_by(trunk)}\\;lr"
    return None if trunk.domain is None else f"{host_uri(trunk)}\\;lr"


def _by(trunk: Trunk) -> str:
    # A semicolon would begin a comment.
    return "" if trunk.transport == "udp" else f"\\;transport={trunk.transport}"
