"""How needs and skills become the centre's inputs: here alone.

Today a need is a queue, and an agent serves the queues of the agent's skills.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from queues.centre.inputs.agents import ReadyAsked
from queues.centre.inputs.calls import QueueEntered
from queues.centre.inputs.house import PlaceChanged, PlaceState
from queues.centre.inputs.input import Input
from queues.centre.inputs.settings import AgentSetting, Order, QueueSetting, SettingsLoaded
from queues.ids import AgentId, CallId, LineId, PlaceId, QueueId

_EPOCH: Final = "simulated"
_LINE: Final = LineId("line")
_RING_GRACE_S: Final = 20.0  # simulated agents answer; no phone's ringing is ever given up
_MISSED_BEFORE_PAUSE: Final = 1


@dataclass(frozen=True, slots=True)
class House:
    """Who answers what. Times in seconds.

    `agents` holds each agent's skills by name. Without a waiting room who finds no agent free is
    turned away. A phone rings `ring_s`, which counts as waiting.
    """

    needs: tuple[str, ...]
    agents: tuple[tuple[str, ...], ...]
    ring_s: float = 0.0
    wrap_up_s: float = 0.0
    waiting_room: bool = True
    order: Order = Order.LONGEST_WAIT
    mark_s: float = 20.0
    cap_s: float = 75.0


def alike(agents: int, *, needs: tuple[str, ...] = ("any",), waiting_room: bool = True) -> House:
    """Give a house whose agents all have every skill and answer at once."""
    return House(needs, (needs,) * agents, waiting_room=waiting_room)


def opening(house: House) -> Iterator[Input]:
    """Give what the centre hears in the morning: settings, phones that are free, agents ready."""
    timeout_s = house.ring_s + _RING_GRACE_S
    yield SettingsLoaded(
        tuple(
            QueueSetting(
                QueueId(need),
                timeout_s,
                house.wrap_up_s,
                _MISSED_BEFORE_PAUSE,
                order=house.order,
                mark_s=house.mark_s,
                pick_up_s=house.ring_s,
                cap_s=house.cap_s,
            )
            for need in house.needs
        ),
        tuple(
            AgentSetting(agent_id(number), PlaceId(f"p{number}"), tuple(QueueId(s) for s in skills))
            for number, skills in enumerate(house.agents)
        ),
        _EPOCH,
    )
    for number in range(len(house.agents)):
        yield PlaceChanged(PlaceId(f"p{number}"), PlaceState.FREE)
        yield ReadyAsked(agent_id(number))


def entering(house: House, caller: int, need: int) -> QueueEntered:
    """Give what the centre hears when a caller with this need begins to wait."""
    return QueueEntered(CallId(str(caller)), _LINE, QueueId(house.needs[need]))


def caller_of(call: CallId) -> int:
    """Give the number of the caller whom a call's id names."""
    return int(call)


def agent_number(agent: AgentId) -> int:
    """Give the number of the agent whom an id names."""
    return int(agent[1:])


def agent_id(number: int) -> AgentId:
    """Give the id of the agent of this number."""
    return AgentId(f"a{number}")
