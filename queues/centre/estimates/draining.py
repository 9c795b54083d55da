"""How long it takes until agents have taken the calls before a call, some of whom hang up.

With n agents who take a call for 1/mu seconds each, and callers who hang up after 1/theta seconds,
who has j callers before waits in the mean for the sum over i = 0..j of 1 / (n mu + i theta): the
first agent who is free takes the last one before it out of j, and so on (Erlang A; Whitt 1999,
"Predicting queueing delays"). Where agents differ in what they can take, each team (agents who can
take the same calls) is filled like a glass: a call goes to the least filled of the teams that can
take it, so that teams who share calls are level. With one team this is the sum, exactly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from operator import attrgetter


@dataclass(slots=True)
class Team:
    """So many agents, who are taken until `level_s` (from now) by calls that come first.

    Of those calls, `lost` a second hang up instead.
    """

    agents: int
    level_s: float = 0.0
    lost: float = 0.0


_level_s = attrgetter("level_s")


def pour(teams: Sequence[Team], calls: float, hold_s: float, hang_up_rate: float) -> float:
    """Let these teams, one at least, take so many calls next; give when the last one is taken.

    In seconds from now. A call takes an agent for `hold_s`; each of them, while it waits, hangs up
    at `hang_up_rate` (a second). Changes the teams.
    """
    rate, left, level_s = 0.0, calls, 0.0
    filled: list[tuple[Team, float]] = []
    for team in sorted(teams, key=_level_s):
        room = (team.level_s - level_s) * rate
        if filled and room >= left:
            break
        left -= room
        level_s = team.level_s
        own = team.agents / hold_s + team.lost
        rate += own
        filled.append((team, own))
    level_s += _lasts_s(left, rate, hang_up_rate)
    fits = sum(own * (level_s - team.level_s) for team, own in filled)
    for team, own in filled:
        team.lost += hang_up_rate * calls * own * (level_s - team.level_s) / fits
        team.level_s = level_s
    return level_s


def _lasts_s(calls: float, rate: float, hang_up_rate: float) -> float:
    """Give the sum over i < calls of 1 / (rate + i hang_up_rate): of many, by its integral."""
    if calls <= 1 or not hang_up_rate:
        return calls / rate
    half = hang_up_rate / 2
    return 1 / rate + log((rate + calls * hang_up_rate - half) / (rate + half)) / hang_up_rate
