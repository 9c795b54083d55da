"""What is read off the state beside the formula, to correct it where that was seen to help."""

from typing import Final

from queues.centre.estimates.estimate import Expected

_LEAST, _MOST = 0.3, 3.0  # times the formula; beyond that a correction is not believed

WEIGHTS: Final = 4


def read_off(expected_s: float, head_s: float, ahead: int, agents: int) -> tuple[float, ...]:
    """Give the numbers that a correction weighs, each in seconds or without unit."""
    return (1.0, expected_s, head_s, ahead / agents)


def corrected_s(weights: tuple[float, ...], found: Expected, head_s: float) -> float:
    """Give the wait after correction, in seconds; by the formula alone without weights."""
    if len(weights) != WEIGHTS:
        return found.expected_s
    values = read_off(found.expected_s, head_s, found.ahead, found.agents)
    weighed = sum(weight * value for weight, value in zip(weights, values, strict=True))
    return min(max(weighed, _LEAST * found.expected_s), _MOST * found.expected_s)
