"""What became of each caller of a run."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from queues.simulation.callers import Callers
from queues.simulation.laws import Floats


class End(IntEnum):
    """How a caller's wait ended; every caller has exactly one."""

    ANSWERED = 1
    HUNG_UP = 2
    TURNED_AWAY = 3  # nobody free, and no room to wait
    GIVEN_BACK = 4  # waited as long as anybody may, or could not be joined
    NOT_KNOWN = 5  # lost with the switch, or waiting on when everybody has gone home


@dataclass(frozen=True, slots=True)
class Outcome:
    """A run's callers and what became of them, in the order of arrival. Times in seconds.

    `wait` is from the arrival to the answer, or to the moment when the caller was gone. `agent` is
    the number of the one who answered, -1 for nobody.
    """

    callers: Callers
    end: npt.NDArray[np.int8]
    wait: Floats
    agent: npt.NDArray[np.int32]

    @property
    def answered(self) -> npt.NDArray[np.bool_]:
        """Who was answered."""
        return np.equal(self.end, End.ANSWERED)
