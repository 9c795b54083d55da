"""A call in a talk whose agent asks another one, for tests of consultations."""

from queues.centre.facts.fact import Fact
from queues.centre.inputs.consults import ConsultAsked
from queues.centre.inputs.offers import OfferAnswered, TalkStarted
from queues.centre.inputs.settings import AgentSetting, QueueSetting, SettingsLoaded
from queues.centre.values.needs import Need, NeedStep, Skill
from queues.ids import AgentId, CallId, OfferId, PlaceId, QueueId
from queues.picture import Picture, look_at_all
from queues.view import View
from tests.unit.queues.scenes import BILLING, EPOCH, REPAIRS, RING_S, WRAP_UP_S, Scene

TAX = Skill("tax", 3)
SOFTER = (NeedStep(20.0, "better somebody than nobody", lower=2),)
C1 = CallId("c1")
# How long a caller of a queue is held that does not say so.
CONSULT_SEEKS_S = 60.0
CONSULT_LASTS_S = 300.0
SETTINGS = SettingsLoaded(
    (
        QueueSetting(BILLING, RING_S, WRAP_UP_S, 1),
        QueueSetting(REPAIRS, RING_S, WRAP_UP_S, 1, relax=SOFTER),
    ),
    (
        AgentSetting(AgentId("anna"), PlaceId("p-anna"), (BILLING, REPAIRS)),
        AgentSetting(AgentId("bert"), PlaceId("p-bert"), (REPAIRS,), (TAX,)),
        AgentSetting(AgentId("cem"), PlaceId("p-cem"), (REPAIRS,), (Skill("tax", 1),)),
    ),
    EPOCH,
)


def anna_talks(*others: str, house: SettingsLoaded = SETTINGS) -> Scene:
    """A caller waited for a minute and talks with anna; the others are ready."""
    scene = Scene(house)
    scene.enter("c1")
    scene.now += 60
    scene.ready("anna")
    scene.talk("c1")
    scene.ready(*others)
    return scene


def asks(
    scene: Scene,
    queue: QueueId | None = REPAIRS,
    *,
    agent: str | None = None,
    by: str | None = "anna",
    need: Need | None = None,
    after: float = 40.0,
) -> tuple[Fact, ...]:
    named = None if agent is None else AgentId(agent)
    asked_by = None if by is None else AgentId(by)
    return scene.take(ConsultAsked(C1, asked_by, queue, named, need), after=after)


def leg(scene: Scene) -> OfferId:
    """The offer of the agent who asks."""
    offer = scene.centre.calls[C1].offer
    assert offer is not None
    return offer


def asked(scene: Scene) -> OfferId:
    """The offer of the agent who is rung or asked."""
    return scene.offer(leg(scene))


def both_talk(scene: Scene, **whom: str) -> tuple[OfferId, OfferId]:
    """The agents talk, the caller is held; gives their legs."""
    asks(scene, **whom)  # type: ignore[arg-type]
    other = asked(scene)
    scene.take(OfferAnswered(other), after=3)
    scene.take(TalkStarted(other))
    return leg(scene), other


def told(facts: tuple[Fact, ...]) -> list[str]:
    return [fact.TYPE for fact in facts]


def view(scene: Scene) -> View:
    picture = Picture()
    picture.follow(look_at_all(scene.centre))
    return picture.view(1)


def of_kind(facts: tuple[Fact, ...] | list[Fact], kind: type[Fact]) -> Fact:
    return next(fact for fact in facts if isinstance(fact, kind))
