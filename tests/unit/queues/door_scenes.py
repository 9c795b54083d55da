"""A queue with hours, agents at work, and a clock in the hand."""

from __future__ import annotations

from dataclasses import replace

from queues.centre.facts.calls import CallRefused, CallReturned
from queues.centre.facts.doors import QueueClosed, QueueOpened
from queues.centre.inputs.calls import CallEnded, EndCause
from queues.centre.inputs.doors import HoursTold, QueueHours
from queues.centre.inputs.house import TimerFired
from queues.centre.inputs.settings import SettingsLoaded
from queues.centre.lives.door import Hours, OpenSpan
from queues.centre.state import next_wake
from queues.ids import AgentId, CallId
from tests.unit.queues.scenes import BILLING, Scene, settings

ANNA = AgentId("anna")
C1 = CallId("c1")
OPENS, CLOSES = 500.0, 2000.0  # a scene begins at 1000
TOMORROW, TILL = 90_000.0, 91_000.0
DAYS = (OpenSpan(OPENS, CLOSES), OpenSpan(TOMORROW, TILL))


def open_house(*agents: str, hours: Hours | None = DAYS, **changed: object) -> Scene:
    """The queue for bills, with these hours, and agents who are ready; nobody waits."""
    known = settings(*((name, (BILLING,)) for name in agents or ("anna",)), wrap_up_s=0.0)
    queue = replace(known.queues[0], **changed)  # type: ignore[arg-type]
    scene = Scene(SettingsLoaded((queue, known.queues[1]), known.agents, known.epoch))
    if hours is not None:
        tell(scene, hours)
    scene.ready(*agents)
    return scene


def tell(scene: Scene, hours: Hours) -> None:
    scene.take(HoursTold((QueueHours(BILLING, hours),)))
    on_time(scene)


def on_time(scene: Scene, until: float | None = None) -> None:
    """Let all that is due happen when it is due."""
    until = scene.now if until is None else until
    while (wake := next_wake(scene.centre)) is not None and wake <= until:
        scene.take(TimerFired(), after=max(0.0, wake - scene.now))
    scene.now = max(scene.now, until)


def given_back(scene: Scene) -> list[tuple[str, str]]:
    return [
        (fact.call, fact.reason.value)
        for fact in scene.facts
        if isinstance(fact, CallReturned | CallRefused)
    ]


def doors(scene: Scene) -> list[tuple[float, bool, float | None]]:
    """What was told of the door: when, whether open, until when."""
    told = []
    for fact in scene.facts:
        if isinstance(fact, QueueOpened):
            told.append((fact.at, True, fact.closes_at))
        elif isinstance(fact, QueueClosed):
            told.append((fact.at, False, fact.opens_at))
    return told


def learn(scene: Scene, talk_s: float) -> None:
    """Anna talks so long with somebody, and is ready again."""
    scene.enter("learned")
    scene.talk("learned")
    scene.take(CallEnded(CallId("learned"), EndCause.HUNG_UP), after=talk_s)
