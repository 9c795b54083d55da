"""When a waiting call asks for less, and for what then."""

from queues.centre.call_facts import NeedRelaxed
from queues.centre.inputs import QueueSetting
from queues.centre.needs import Need, Relaxed, relaxed
from queues.centre.state import Call, Centre

_ROUNDING_S = 1e-6  # a deadline less the time it began at may be a hair shorter than the wait
_PREFERENCE_OVER = "the time in which one agent was waited for is over"


def due_need(
    setting: QueueSetting, need: Need, waited_s: float, steps: int = 0
) -> tuple[Need, int, float | None]:
    """Give the need after all steps that are due, their number, and the wait of the next one.

    `steps` of them are in the need already.
    """
    for step in setting.relax[steps:]:
        if step.after_s > waited_s + _ROUNDING_S:
            return need, steps, step.after_s
        need, steps = relaxed(need, step), steps + 1
    return need, steps, None


def need_relaxed(centre: Centre, call: Call, now: float) -> NeedRelaxed:
    """The time has come at which a call asks for less, or for one agent alone no more."""
    setting = centre.queues[call.queue].setting
    waited_s = now - call.since
    need, steps, next_s = due_need(setting, call.need, waited_s, call.steps)
    over = call.only is not None
    why = Relaxed.PREFERENCE_OVER if over else Relaxed.WAITED
    reason = _PREFERENCE_OVER if over or steps == 0 else setting.relax[steps - 1].reason
    until = None if next_s is None else call.since + next_s
    return NeedRelaxed(now, call.call, call.queue, need, steps, until, why, reason, waited_s)


def relaxes_at(setting: QueueSetting, call: Call) -> float | None:
    """Give when the first step not yet taken is due, in Unix seconds; it may be so already."""
    following = setting.relax[call.steps :]
    return call.since + following[0].after_s if following else None
