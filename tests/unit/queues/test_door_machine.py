"""Unit: queues open and close in any order with everything else, against what must always hold."""

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from queues.centre.inputs.doors import CloseAsked, HoursTold, OpenAsked, QueueHours
from queues.centre.inputs.house import TimerFired
from queues.centre.lives.call import GRACE_S, CallState
from queues.centre.lives.door import OpenSpan, standing
from queues.ids import AgentId, QueueId
from tests.unit.queues.test_centre_machine import AGENTS, QUEUES, CentreMachine

ALONE_S = 20.0  # the longest that a transfer of the machines asks for
NEAR = st.sampled_from((-300.0, -20.0, 5.0, 30.0, 60.0, 7000.0))  # from now on


class DoorMachine(CentreMachine):
    """The centre's machine, with queues that open and close by hours and by hand."""

    @property
    def wall(self) -> float:
        return self.now + self.centre.wall_ahead_s

    @rule(queue=st.sampled_from(QUEUES), edges=st.sets(NEAR, max_size=4), others=st.booleans())
    def tell_hours(self, queue: QueueId, edges: set[float], others: bool) -> None:
        ends = sorted(self.wall + edge for edge in edges)
        spans = [OpenSpan(a, b) for a, b in zip(ends[::2], ends[1::2], strict=False)]
        if len(ends) % 2:
            spans.append(OpenSpan(ends[-1], None))
        hours = [QueueHours(queue, tuple(spans))]
        if others:
            hours += [QueueHours(other, ()) for other in QUEUES if other != queue]
        self.take(HoursTold(tuple(hours)))

    @rule(
        queue=st.sampled_from(QUEUES),
        by=st.none() | AGENTS,
        since_s=st.none() | NEAR,
        lasts_s=st.none() | st.sampled_from((1.0, 40.0, 9000.0)),
    )
    def close(
        self, queue: QueueId, by: AgentId | None, since_s: float | None, lasts_s: float | None
    ) -> None:
        since = None if since_s is None else self.wall + since_s
        until = None if lasts_s is None else (since or self.wall) + lasts_s
        self.take(CloseAsked(queue, by, since, until))

    @rule(queue=st.sampled_from(QUEUES))
    def open(self, queue: QueueId) -> None:
        self.take(OpenAsked(queue, None))

    @rule()
    def all_is_open_again(self) -> None:
        """So that talks happen, too."""
        self.take(HoursTold(()))
        for queue in QUEUES:
            self.take(OpenAsked(queue, None))
        self.take(TimerFired())

    @invariant()
    def behind_a_closed_door_nobody_waits_for_more_than_a_moment(self) -> None:
        for call in self.centre.calls.values():
            if call.state is CallState.WAITING and not self.centre.queues[call.queue].is_open:
                assert call.leave_at is not None
                assert call.leave_at <= self.now + GRACE_S + ALONE_S

    @invariant()
    def a_door_stands_as_its_hours_say_or_that_is_due(self) -> None:
        for queue in self.centre.queues.values():
            due = queue.door_due is not None and queue.door_due <= self.now + 1e-6
            if not due:
                assert standing(queue.hours, queue.shut, self.wall).is_open is queue.is_open


TestDoorMachine = DoorMachine.TestCase
TestDoorMachine.settings = hypothesis_settings(
    max_examples=60, stateful_step_count=40, deadline=None, derandomize=True
)
