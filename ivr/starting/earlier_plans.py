"""How an earlier dialplan is gone on with beside those of today, by callers who began on it.

Rules:

1. A prompt whose text or voice is another one today, or that is gone, is spoken as it was, into a
   file of its own name: a caller must hear the keys that the earlier plan knows. If that cannot be
   done, the prompt is missing, and left out as any other.
2. A queue that is gone is the default queue; what nobody there could ever give is not asked for.
3. What cannot be done here hinders no start.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

import structlog

from ivr import resources
from ivr.asterisk.install import find_espeak
from ivr.dialplan.plan import Plan, PromptId, Queue
from ivr.dialplan.staff import NOTHING_SAID, Staff
from ivr.speech.prompts import NOT_BUILT
from ivr.starting.preparation import Prepared, Progress, speak_prompts

log = structlog.get_logger()


def ready_earlier_plans(
    prepared: Prepared, kept: Mapping[str, Plan], progress: Progress
) -> dict[str, Plan]:
    """The kept plans that are no plan of today, by hash, with their prompts spoken."""
    today = {plan.hash: plan for plan in prepared.plans.values()}
    earlier = {
        name: _with_queues(_with_sounds(plan, today.values()), prepared.settings.staff)
        for name, plan in kept.items()
        if name not in today
    }
    if not earlier:
        return {}
    progress("callers go on with the dialplan that they began with")
    try:
        speak_prompts(
            prepared.settings,
            [*today.values(), *earlier.values()],
            find_espeak(resources.cache_folder()),
            prepared.prompts,
            progress,
        )
    except (*NOT_BUILT, OSError) as error:
        log.warning("prompts of an earlier dialplan are missing", error=type(error).__name__)
    return earlier


def _with_sounds(plan: Plan, today: Iterable[Plan]) -> Plan:
    same = {
        (prompt, text, each.voice, each.speed)
        for each in today
        if each.language == plan.language
        for prompt, text in each.prompts.items()
    }
    sounds = {
        prompt: _own_name(prompt, text, plan)
        for prompt, text in plan.prompts.items()
        if (prompt, text, plan.voice, plan.speed) not in same
    }
    return replace(plan, sounds=MappingProxyType(sounds))


def _own_name(prompt: PromptId, text: str, plan: Plan) -> str:
    """A name that no prompt of a dialplan has, the same for the same sound."""
    sound = json.dumps([prompt, text, plan.voice, plan.speed]).encode()
    return f"earlier__{hashlib.sha256(sound).hexdigest()}"


def _with_queues(plan: Plan, staff: Staff) -> Plan:
    nodes = {
        name: _answered(node, staff, plan.language) if isinstance(node, Queue) else node
        for name, node in plan.nodes.items()
    }
    return replace(plan, nodes=MappingProxyType(nodes))


def _answered(node: Queue, staff: Staff, language: str) -> Queue:
    queues = [each.queue for each in staff.queues]
    queue = node.queue if node.queue in queues else queues[0]
    unmet = staff.never_met(queue, staff.need(queue, node.asked, language))
    return replace(node, queue=queue, asked=node.asked if unmet is None else NOTHING_SAID)
