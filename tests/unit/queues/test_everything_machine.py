"""Unit: calls passed on, asked about, behind doors, foretold, under new settings, all in one."""

from hypothesis import settings as hypothesis_settings

from queues.centre.facts.estimates import EstimateMade
from queues.centre.facts.fact import Fact
from queues.centre.policies.known import decide_anew
from tests.unit.queues.test_consult_machine import ConsultMachine
from tests.unit.queues.test_door_machine import DoorMachine
from tests.unit.queues.test_transfer_machine import TransferMachine


class EverythingMachine(ConsultMachine, TransferMachine, DoorMachine):
    """Each of these machines with what the others do."""

    def note(self, fact: Fact) -> None:
        """What was foretold follows from the state before it, whoever waited there then.

        But where a talk that ends frees a phone for another agent who sits there: real phones are
        reported in use until they are free.
        """
        if isinstance(fact, EstimateMade):
            assert decide_anew(self.centre, fact) in (fact, None)
        super().note(fact)


TestEverythingMachine = EverythingMachine.TestCase
TestEverythingMachine.settings = hypothesis_settings(
    max_examples=50, stateful_step_count=40, deadline=None, derandomize=True
)
