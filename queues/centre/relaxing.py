"""When a waiting call asks for less, and for what then."""

from typing import Final

from queues.centre.facts.calls import NeedRelaxed
from queues.centre.inputs.settings import QueueSetting
from queues.centre.state import Call, Centre
from queues.centre.values.needs import Need, NeedStep, Relaxed, relaxed

STRICT_FROM: Final = 2  # transfers; from then on the caller is passed to nobody who lacks something
_ROUNDING_S = 1e-6  # a deadline less the time it began at may be a hair shorter than the wait
_PREFERENCE_OVER = "the time in which one agent was waited for is over"
_PREFERRED_MISSED = "the agent who was waited for did not take it"


def relax_of(setting: QueueSetting, hops: int) -> tuple[NeedStep, ...]:
    """Give the steps by which a call that was transferred `hops` times asks for less."""
    return () if hops >= STRICT_FROM else setting.relax


def due_need(
    relax: tuple[NeedStep, ...], need: Need, waited_s: float, steps: int = 0
) -> tuple[Need, int, float | None]:
    """Give the need after all steps that are due, their number, and the wait of the next one.

    `steps` of them are in the need already.
    """
    for step in relax[steps:]:
        if step.after_s > waited_s + _ROUNDING_S:
            return need, steps, step.after_s
        need, steps = relaxed(need, step), steps + 1
    return need, steps, None


def need_relaxed(
    centre: Centre, call: Call, now: float, *, was_missed: bool = False
) -> NeedRelaxed:
    """The time has come at which a call asks for less, or for one agent alone no more.

    `was_missed`: not the time, but that agent did not take it.
    """
    relax = relax_of(centre.queues[call.queue].setting, call.hops)
    waited_s = now - call.wait_from
    need, steps, next_s = due_need(relax, call.need, waited_s, call.steps)
    over = call.only is not None
    why = Relaxed.PREFERENCE_OVER if over else Relaxed.WAITED
    reason = _PREFERENCE_OVER if over or steps == 0 else relax[steps - 1].reason
    if was_missed:
        why, reason = Relaxed.PREFERRED_MISSED, _PREFERRED_MISSED
    until = None if next_s is None else call.wait_from + next_s
    return NeedRelaxed(now, call.call, call.queue, need, steps, until, why, reason, waited_s)


def relaxes_at(setting: QueueSetting, call: Call) -> float | None:
    """Give when the first step not yet taken is due, in Unix seconds; it may be so already."""
    following = relax_of(setting, call.hops)[call.steps :]
    return call.wait_from + following[0].after_s if following else None
