"""Unit: each wait after a transfer, or after a lost phone, is a caller of its own in a replay."""

from queues.centre.inputs.calls import CallEnded, EndCause, TransferAsked
from queues.centre.inputs.consults import CompleteAsked, ConsultAsked
from queues.centre.inputs.offers import AgentLegEnded, OfferAnswered, TalkStarted
from queues.ids import CallId
from queues.simulation.recorded import RecordedDay, Recorder, Stay, StayEnd
from tests.unit.queues.scenes import BILLING, REPAIRS, settings
from tests.unit.queues.written import Written

C1 = CallId("c1")
HOUSE = settings(("anna", (BILLING,)), ("bert", (REPAIRS,)))


def talking() -> Written:
    """After 10 s of waiting c1 talks with anna; bert is ready."""
    scene = Written(HOUSE)
    scene.enter("c1")
    scene.now += 10
    scene.ready("anna", "bert")
    scene.talk("c1")
    return scene


def recorded(scene: Written, begins: float = 1000.0) -> RecordedDay:
    recorder = Recorder(begins, begins + 3600)
    for row in scene.rows:
        recorder.take(row)
    return recorder.day()


def seen(stay: Stay) -> tuple[str, str, float, float, float]:
    queue = stay.kind.queue
    return stay.end.value, queue, stay.waited_s, stay.talked_s, stay.entered.waited_s


def ends(scene: Written) -> None:
    scene.take(CallEnded(C1, EndCause.HUNG_UP), after=50)


def test_a_call_that_was_passed_on_is_a_caller_once_more_with_its_place() -> None:
    scene = talking()
    scene.take(TransferAsked(C1, None, REPAIRS, None, 0.0, None), after=30)
    scene.now += 4
    scene.talk("c1")
    ends(scene)
    assert [seen(stay) for stay in recorded(scene).stays] == [
        ("served", BILLING, 10.0, 30.0, 0.0),
        ("served", REPAIRS, 4.0, 50.0, 40.0),
    ]


def test_one_who_hangs_up_after_a_transfer_had_patience_for_that_wait() -> None:
    scene = talking()
    scene.take(TransferAsked(C1, None, REPAIRS, None, 0.0, None), after=30)
    scene.take(CallEnded(C1, EndCause.HUNG_UP), after=12)
    assert seen(recorded(scene).stays[1]) == ("hung_up", REPAIRS, 12.0, 0.0, 40.0)


def test_one_whose_agents_phone_was_lost_waits_once_more() -> None:
    scene = talking()
    scene.take(AgentLegEnded(scene.offer("c1"), lost=True), after=30)
    scene.take(CallEnded(C1, EndCause.HUNG_UP), after=12)
    assert seen(recorded(scene).stays[1]) == ("hung_up", BILLING, 12.0, 0.0, 40.0)


def test_what_an_agent_asks_is_no_caller() -> None:
    scene = talking()
    own = scene.offer("c1")
    scene.take(ConsultAsked(C1, None, REPAIRS, None, None), after=30)
    cut = scene.now + 1
    other = scene.offer(own)
    scene.take(OfferAnswered(other), after=5)
    scene.take(TalkStarted(other))
    scene.take(CompleteAsked(C1, None), after=5)
    scene.take(TalkStarted(other))
    ends(scene)
    assert [seen(stay) for stay in recorded(scene).stays] == [
        ("served", BILLING, 10.0, 40.0, 0.0),
        ("served", REPAIRS, 0.0, 50.0, 50.0),
    ]
    later = recorded(scene, begins=cut)  # the caller is held at the day's begin
    assert later.left_out == 1
    assert [stay.end for stay in later.stays] == [StayEnd.SERVED]
