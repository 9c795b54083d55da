"""Which names and numbers of the settings clash, and which name nobody; each at its own place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from ivr.dialplan.faults import did_you_mean
from ivr.settings.parts import Fault, Misplaced
from ivr.settings.people import Agent, Queue
from ivr.settings.trunk import EMERGENCY_NUMBERS

# What Asterisk's configuration of phones is written with; a phone of that name would be mixed up
# with it, and whoever calls without an account would be a phone called anonymous.
NO_PHONES: Final = frozenset(
    {
        *("anonymous", "fz-doctor", "global", "phone", "phone-aor", "system", "trunk"),
        *("transport-udp", "transport-tcp", "transport-tls"),
        *("fz-transport-udp", "fz-transport-tcp", "fz-transport-tls"),
    }
)
Line = tuple[str, Sequence[str]]  # the number, and the public ones (which may hold it too)


def check_names(
    lines: Sequence[Line],
    queues: Sequence[Queue],
    agents: Sequence[Agent],
    places: Sequence[str],
    callers: Sequence[str],
    pause_reasons: Sequence[str],
) -> None:
    """Raise `Misplaced` for every name that stands twice, is taken, or names nobody."""
    phones: list[Fault] = [(("places", n), name) for n, name in enumerate(places)]
    phones += [(("callers", n), name) for n, name in enumerate(callers)]
    faults = [
        *_numbers(lines),
        *_once((("queues", n, "id"), queue.id) for n, queue in enumerate(queues)),
        *_once((("agents", n, "id"), agent.id) for n, agent in enumerate(agents)),
        *_once((("pause_reasons", n), reason) for n, reason in enumerate(pause_reasons)),
        *_once(phones),
        *(
            (
                place,
                f"'{name}' cannot be the name of a phone, for Asterisk's configuration has "
                "something of that name; choose another, such as desk1",
            )
            for place, name in phones
            if name in NO_PHONES
        ),
        *_nobody(agents, [queue.id for queue in queues], places),
    ]
    if faults:
        raise Misplaced(faults)


def _numbers(lines: Sequence[Line]) -> Iterator[Fault]:
    yield from _once((("lines", n, "number"), number) for n, (number, _) in enumerate(lines))
    for n, (number, _) in enumerate(lines):
        if number in EMERGENCY_NUMBERS:
            yield ("lines", n, "number"), f"{number} is an emergency number and cannot be a line"
    yield from _once(
        (("lines", n, "public"), number)
        for n, (own, public) in enumerate(lines)
        for number in public
        if number != own or all(own != other for other, _ in lines[:n])  # said above
    )


def _nobody(
    agents: Sequence[Agent], queues: Sequence[str], places: Sequence[str]
) -> Iterator[Fault]:
    for n, agent in enumerate(agents):
        if agent.place not in places:
            said = f"agent '{agent.id}' sits at '{agent.place}', which is not among places"
            mend = did_you_mean(agent.place, places, _known(places))
            yield ("agents", n, "place"), f"{said}; {mend}"
        for k, queue in enumerate(agent.queues):
            if queue not in queues:
                said = f"agent '{agent.id}' serves '{queue}', which is not among queues"
                yield (
                    ("agents", n, "queues", k),
                    f"{said}; {did_you_mean(queue, queues, _known(queues))}",
                )


def _once(named: Iterable[Fault]) -> Iterator[Fault]:
    """A fault for each name that stands a second time."""
    seen: set[str] = set()
    for place, name in named:
        if name in seen:
            yield place, f"'{name}' stands twice; each name once"
        seen.add(name)


def _known(names: Sequence[str]) -> str:
    return f"known are {', '.join(names)}" if names else "there are none yet"
