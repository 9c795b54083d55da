"""Decides whether a text is a day: every fault is named with file, line and what was expected."""

from collections.abc import Callable
from math import ceil
from typing import Final, TypeVar

import numpy as np

from queues.simulation.callers import Demand, Rate
from queues.simulation.day import Day, RivalFigures
from queues.simulation.expression import NotAFormula, formula
from queues.simulation.fields import DayFaulty, Fields, minutes_of, root
from queues.simulation.house import House
from queues.simulation.laws import (
    Constant,
    Endless,
    Exponential,
    Floats,
    Law,
    Lognormal,
    Patience,
    law_by_cv2,
    lognormal_by_cv2,
)
from queues.simulation.rival import AppQueue

HALF_HOUR_S: Final = 1800.0
_HOUR_S: Final = 3600.0
_Law = TypeVar("_Law", Law, Patience)
_LATER: Final = ("offer", "estimate", "callback")  # known words that are not played yet
_TOLD: Final = ("start", "closing", "figures")  # said for readers; the simulation does just that
_KNOWN: Final = {
    "duration_s", "duration_h", "begins_at", "arrivals", "needs", "service_s", "patience_s",
    "ring_s", "service_level_s", "wrap_up_s", "seeds", "rival", "rival_figures", "agents",
    *_LATER, *_TOLD,
}  # fmt: skip
_ONLY_NEED: Final = "any"
_ONLY_HOUSE: Final = "all"
_SHARES_OFF: Final = 1e-6
_MOST_AGENTS: Final = 5_000
_MOST_CALLS: Final = 5_000_000
_MOST_SEEDS: Final = 10_000


def read_day(text: str, file: str = "day") -> Day:
    """The day in `text`; raises `DayFaulty` with all its faults."""
    faults: list[str] = []
    fields = root(text, file, faults)
    fields.only(_KNOWN)
    needs, shares = _needs(fields)
    duration_s = _duration(fields)
    demand = Demand(
        duration_s,
        _rate(fields, duration_s),
        shares,
        _laws(fields, "service_s", needs, _service),
        _laws(fields, "patience_s", needs, _patience) if fields.has("patience_s") else Endless(),
    )
    day = Day(
        demand,
        _houses(fields, needs),
        fields.number("service_level_s", "seconds, such as 20", default=20.0),
        _seeds(fields),
        _rival(fields),
        _rival_figures(fields),
        tuple(word for word in _LATER if fields.has(word)),
        _begins_min(fields),
    )
    if not faults:
        _check_length(fields, demand)
    if faults:
        raise DayFaulty(tuple(faults))
    return day


def _duration(fields: Fields) -> float:
    if fields.has("duration_h"):
        return _HOUR_S * fields.number("duration_h", "hours above 0", above=True, most=24 * 31)
    expected = "seconds above 0 (or 'duration_h')"
    return fields.number("duration_s", expected, above=True, most=_HOUR_S * 24 * 31)


def _needs(fields: Fields) -> tuple[tuple[str, ...], tuple[float, ...]]:
    if not fields.has("needs"):
        return (_ONLY_NEED,), (1.0,)
    inner = fields.inner("needs")
    names = inner.names()
    shares = [inner.number(name, "a share from 0 to 1", most=1.0) for name in names]
    if not names or abs(sum(shares) - 1) > _SHARES_OFF:
        fields.fault("needs", f"the shares add up to {sum(shares):g}; expected 1")
    return tuple(names), tuple(shares)


def _rate(fields: Fields, duration_s: float) -> float | Rate:
    """Calls per second: constant, or a formula of t (seconds) or h (hours since opening)."""
    inner = fields.inner("arrivals")
    inner.only({"per_hour", "per_half_hour", "shape", "process"})
    inner.choice("process", ("poisson",), default="poisson")
    if inner.has("per_half_hour"):
        return _by_half_hour(inner, duration_s)
    expected = "calls an hour, or a formula of h in quotes"
    base: float | Rate
    if isinstance(inner.value("per_hour"), str):
        base = _by_hour(_formula(inner, "per_hour", "h", duration_s))
    else:
        base = inner.number("per_hour", expected, above=True) / _HOUR_S
    if not inner.has("shape"):
        return base
    shape = _formula(inner, "shape", "t", duration_s)
    return _product(base, shape)


def _by_half_hour(inner: Fields, duration_s: float) -> Rate:
    """A table: so many calls in each half-hour from the begin on, evenly within it."""
    for other in ("per_hour", "shape"):
        if inner.has(other):
            inner.fault(other, "does not go with 'per_half_hour'")
    calls = []
    for line, each in inner.rows("per_half_hour"):
        if (
            isinstance(each, bool)
            or not isinstance(each, int | float)
            or not 0 <= each <= _MOST_CALLS
        ):
            inner.fault_at(line, "per_half_hour: expected numbers of calls, 0 or more")
            return np.ones_like
        calls.append(float(each))
    if len(calls) != ceil(duration_s / HALF_HOUR_S):
        expected = f"expected {ceil(duration_s / HALF_HOUR_S)} numbers, as the day has half-hours"
        inner.fault("per_half_hour", f"has {len(calls)}; {expected}")
        return np.ones_like
    rates = np.array(calls) / HALF_HOUR_S

    def rate(t: Floats) -> Floats:
        return rates[np.minimum((t / HALF_HOUR_S).astype(np.int64), len(rates) - 1)]

    return rate


def _by_hour(calls: Rate) -> Rate:
    """Calls an hour over hours as calls a second over seconds."""

    def rate(t: Floats) -> Floats:
        return calls(t / _HOUR_S) / _HOUR_S

    return rate


def _product(base: float | Rate, shape: Rate) -> Rate:
    def rate(t: Floats) -> Floats:
        level = base(t) if callable(base) else base
        return level * shape(t)

    return rate


def _formula(fields: Fields, key: str, variable: str, duration_s: float) -> Rate:
    try:
        found = formula(str(fields.value(key)), variable)
    except NotAFormula as error:
        fields.fault(key, str(error))
        return np.ones_like
    until = duration_s / _HOUR_S if variable == "h" else duration_s
    values = found(np.linspace(0.0, until, 2001))
    if not np.isfinite(values).all() or (values < 0).any():
        fields.fault(key, "expected a formula that is never negative and always finite in the day")
        return np.ones_like
    return found


def _laws(
    fields: Fields, key: str, needs: tuple[str, ...], read: Callable[[Fields], _Law]
) -> _Law | tuple[_Law, ...]:
    """One law, or one for each need."""
    inner = fields.inner(key)
    if not inner.has("by_need"):
        return read(inner)
    inner.only({"by_need"})
    each = inner.inner("by_need")
    each.only(set(needs))
    return tuple(read(each.inner(need)) for need in needs)


def _service(inner: Fields) -> Law:
    law = inner.choice("law", ("exponential", "lognormal", "constant", "gamma"))
    inner.only({"law", "mean"} | _SPREADS.get(law, set()))
    mean = inner.number("mean", "seconds above 0", above=True)
    return _law(inner, law, mean)


def _patience(inner: Fields) -> Patience:
    laws = ("exponential", "lognormal", "constant", "gamma", "endless")
    law = inner.choice("law", laws)
    inner.only({"law", "mean", "from"} | _SPREADS.get(law, set()))
    inner.choice("from", ("arrival",), default="arrival")
    if law == "endless":
        return Endless()
    return _law(inner, law, inner.number("mean", "seconds above 0", above=True))


def _begins_min(fields: Fields) -> int:
    if not fields.has("begins_at"):
        return 0
    found = minutes_of(str(fields.value("begins_at")))
    if found is None:
        fields.fault("begins_at", "expected a time of the day such as '07:00'")
    return found or 0


_SPREADS: Final = {"lognormal": {"log_sd", "cv2"}, "gamma": {"cv2"}}


def _law(inner: Fields, law: str, mean: float) -> Law:
    match law:
        case "lognormal" if inner.has("cv2"):
            return lognormal_by_cv2(mean, inner.number("cv2", "variance / mean², 0 or more"))
        case "lognormal":
            return Lognormal(mean, inner.number("log_sd", "0 to 5 (or 'cv2')", most=5.0))
        case "gamma":
            return law_by_cv2(mean, inner.number("cv2", "variance / mean², 0 or more", most=100.0))
        case "constant":
            return Constant(mean)
        case _:
            return Exponential(mean)


def _houses(fields: Fields, needs: tuple[str, ...]) -> dict[str, House]:
    ring_s = fields.number("ring_s", "seconds", default=0.0, most=600.0)
    wrap_up_s = fields.number("wrap_up_s", "seconds", default=0.0)
    if not isinstance(fields.value("agents"), dict):
        expected = f"a whole number from 1 to {_MOST_AGENTS}, or draws of skills"
        count = fields.number("agents", expected, least=1, most=_MOST_AGENTS)
        if count != int(count):
            fields.fault("agents", f"expected {expected}")
        return {_ONLY_HOUSE: House(needs, (needs,) * int(count), ring_s, wrap_up_s)}
    inner = fields.inner("agents")
    if not inner.names():
        fields.fault("agents", "expected at least one draw of skills")
    return {
        draw: House(needs, _agents(inner, draw, needs), ring_s, wrap_up_s) for draw in inner.names()
    }


def _agents(inner: Fields, draw: str, needs: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    agents: list[tuple[str, ...]] = []
    for line, skills in inner.rows(draw):
        known = isinstance(skills, list) and all(skill in needs for skill in skills)
        if not known or not skills or len(set(skills)) < len(skills):
            inner.fault_at(line, f"{draw}: expected a list of different needs: {', '.join(needs)}")
        else:
            agents.append(tuple(str(skill) for skill in skills))
    for need in needs:
        if agents and not any(need in skills for skills in agents):
            inner.fault(draw, f"nobody serves '{need}'; expected at least one agent who does")
    return tuple(agents)


def _seeds(fields: Fields) -> tuple[int, int]:
    if not fields.has("seeds"):
        return 1, 10
    inner = fields.inner("seeds")
    inner.only({"from", "to"})
    first = inner.number("from", "a whole number, 0 or more")
    last = inner.number("to", "a whole number from 'from' on")
    if first != int(first) or last != int(last):
        inner.fault("to", "expected whole numbers")
    elif not first <= last < first + _MOST_SEEDS:
        inner.fault("to", f"expected a number from 'from' on, at most {_MOST_SEEDS} seeds")
    return int(first), int(last)


def _rival(fields: Fields) -> AppQueue | None:
    if not fields.has("rival"):
        return None
    inner = fields.inner("rival")
    inner.only({"poll_s", "strategy", "ring_s"})
    inner.choice("strategy", ("leastrecent",))
    return AppQueue(
        inner.number("poll_s", "seconds above 0", above=True),
        inner.number("ring_s", "seconds", most=600.0),
    )


def _rival_figures(fields: Fields) -> RivalFigures | None:
    if not fields.has("rival_figures"):
        return None
    inner = fields.inner("rival_figures")
    inner.only({"draw", "answered_in_20_s", "p95_s", "abandoned", "worst_over_best_class_mean"})
    agents = fields.value("agents")
    draws = tuple(str(name) for name in agents) if isinstance(agents, dict) else (_ONLY_HOUSE,)
    return RivalFigures(
        inner.choice("draw", draws),
        inner.number("answered_in_20_s", "a share from 0 to 1", most=1.0),
        inner.number("p95_s", "seconds"),
        inner.number("abandoned", "a share from 0 to 1", most=1.0),
        inner.number("worst_over_best_class_mean", "1 or more", least=1.0),
    )


def _check_length(fields: Fields, demand: Demand) -> None:
    grid = np.linspace(0.0, demand.duration_s, 10_001)
    rate = demand.rate(grid).mean() if callable(demand.rate) else demand.rate
    if rate * demand.duration_s > _MOST_CALLS:
        fields.fault("arrivals", f"expected at most {_MOST_CALLS} calls a day")
