"""Decides whether a text says what is to be changed in a day: each fault is named with its line."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from queues.centre.inputs.settings import Order
from queues.centre.values.needs import LEVELS, NeedStep, Skill
from queues.ids import AgentId, QueueId
from queues.simulation.changes import Changes, FewerAgents, MoreAgents, Span, agents_of
from queues.simulation.fields import DayFaulty, Fields, minutes_of, root
from queues.simulation.recorded import RecordedDay

_MOST: Final = 1000
_MOST_STEPS: Final = 20
_LONGEST_S: Final = 7200.0
_LONGEST_WORD: Final = 200
_TIME_EXPECTED: Final = "expected a time of the day such as '09:30' ('24:00' for its end)"
_ORDERS: Final = tuple(order.value for order in Order)
_QUEUE_KEYS: Final = {
    "order", "mark_s", "cap_s", "wrap_up_s", "relax", "most_waiting", "longest_wait_s",
}  # fmt: skip
_SECONDS: Final = (("mark_s", 1.0), ("cap_s", 1.0), ("wrap_up_s", 0.0), ("longest_wait_s", 1.0))
_STEP_KEYS: Final = {"after_s", "reason", "without", "lower", "any_language"}

AtOf = Callable[[int], float]  # minutes of the day by the site's clock -> seconds since its begin


def read_changes(text: str, file: str, day: RecordedDay, at_of: AtOf) -> Changes:
    """The changes in `text`, to this day; raises `DayFaulty` with all faults of the file."""
    faults: list[str] = []
    fields = root(text, file, faults)
    fields.only({"agents", "queues", "service_level_s"})
    if not (fields.has("agents") or fields.has("queues")):
        fields.fault(None, "expected 'agents' or 'queues', or both")
    reading = _Reading(file, faults, day, at_of)
    more, fewer = reading.agents(fields) if fields.has("agents") else ((), ())
    queues = reading.queues(fields.inner("queues")) if fields.has("queues") else {}
    mark_s = fields.number("service_level_s", "seconds, such as 20", default=Changes().mark_s)
    if faults:
        raise DayFaulty(tuple(faults))
    return Changes(more, fewer, queues, mark_s)


class _Reading:
    def __init__(self, file: str, faults: list[str], day: RecordedDay, at_of: AtOf) -> None:
        self._file, self._faults, self._day, self._at_of = file, faults, day, at_of

    def agents(self, fields: Fields) -> tuple[tuple[MoreAgents, ...], tuple[FewerAgents, ...]]:
        inner = fields.inner("agents")
        inner.only({"more", "fewer"})
        more = [self._more(each) for each in self._items(inner, "more")]
        fewer = [self._fewer(each) for each in self._items(inner, "fewer")]
        return tuple(more), tuple(fewer)

    def queues(self, fields: Fields) -> dict[QueueId, dict[str, Any]]:
        found: dict[QueueId, dict[str, Any]] = {}
        for name in fields.names():
            if QueueId(name) in self._day.queues:
                found[QueueId(name)] = self._queue(fields.inner(name), QueueId(name))
            else:
                fields.fault(name, f"is no queue of this day; expected {self._known_queues()}")
        return found

    def _items(self, fields: Fields, key: str) -> Iterator[Fields]:
        if not fields.has(key):
            return
        for line, item in fields.rows(key):
            yield Fields(item, f"agents.{key}", self._file, line, self._faults)

    def _more(self, item: Fields) -> MoreAgents:
        item.only({"count", "queues", "skills", "languages", "from", "to"})
        queues = self._words(item, "queues") if item.has("queues") else list(self._day.queues)
        if not queues or any(queue not in self._day.queues for queue in queues):
            item.fault("queues", f"expected a list of this day's queues: {self._known_queues()}")
        return MoreAgents(
            _count(item),
            tuple(QueueId(queue) for queue in dict.fromkeys(queues)),
            _skills(item.inner("skills")) if item.has("skills") else (),
            tuple(self._words(item, "languages")) if item.has("languages") else (),
            self._span(item),
        )

    def _fewer(self, item: Fields) -> FewerAgents:
        item.only({"agent", "queue", "count", "from", "to"})
        span = self._span(item)
        if item.has("agent") == item.has("queue"):
            item.fault(None, "expected either 'agent', or 'queue' with 'count'")
            return FewerAgents((), span)
        if item.has("agent"):
            name = AgentId(str(item.value("agent")))
            if item.has("count"):
                item.fault("count", "goes with 'queue' only")
            if name not in agents_of(self._day):
                item.fault("agent", "expected the id of an agent whom the day's settings name")
            return FewerAgents((name,), span)
        queue = QueueId(item.choice("queue", self._day.queues))
        serving = agents_of(self._day, queue)
        number = _count(item)
        if number > len(serving):
            item.fault("count", f"expected at most {len(serving)}: so many agents serve this queue")
        return FewerAgents(serving[len(serving) - number :], span)

    def _span(self, item: Fields) -> Span:
        begin = self._time(item, "from", 0)
        end = self._time(item, "to", 24 * 60)
        if end <= begin:
            item.fault("to" if item.has("to") else "from", "expected 'to' to be later than 'from'")
        return Span(self._at_of(begin), self._at_of(end))

    @staticmethod
    def _time(item: Fields, key: str, default: int) -> int:
        if not item.has(key):
            return default
        found = minutes_of(str(item.value(key)))
        if found is None:
            item.fault(key, _TIME_EXPECTED)
        return default if found is None else found

    def _queue(self, item: Fields, queue: QueueId) -> dict[str, Any]:
        item.only(_QUEUE_KEYS)
        found: dict[str, Any] = {}
        if item.has("order"):
            found["order"] = Order(item.choice("order", _ORDERS))
        for key, least in _SECONDS:
            if item.has(key):
                expected = f"seconds from {least:g} to {_LONGEST_S:g}"
                found[key] = item.number(key, expected, least=least, most=_LONGEST_S)
        if item.has("most_waiting"):
            found["most_waiting"] = _count(item, "most_waiting")
        if item.has("relax"):
            found["relax"] = tuple(self._steps(item))
        for _, loaded in self._day.settings:
            for setting in loaded.queues:
                mark_s = found.get("mark_s", setting.mark_s)
                is_over = found.get("cap_s", setting.cap_s) <= mark_s
                if setting.queue == queue and is_over and found.keys() & {"cap_s", "mark_s"}:
                    key = "cap_s" if "cap_s" in found else "mark_s"
                    item.fault(key, f"expected 'cap_s' above 'mark_s', which is {mark_s:g}")
                    return found
        return found

    def _steps(self, item: Fields) -> Iterator[NeedStep]:
        last_s = -1.0
        for number, (line, value) in enumerate(item.rows("relax")):
            step = Fields(value, "relax", self._file, line, self._faults)
            step.only(_STEP_KEYS)
            after_s = step.number("after_s", "seconds", most=_LONGEST_S)
            if after_s <= last_s:
                step.fault("after_s", "expected more seconds than in the step before")
            if number >= _MOST_STEPS:
                step.fault(None, f"expected at most {_MOST_STEPS} steps")
            last_s = after_s
            lower = step.number("lower", "a whole number from 0 to 4", most=4.0, default=0.0)
            without = tuple(self._words(step, "without")) if step.has("without") else ()
            any_language = step.value("any_language") is True
            if lower != int(lower) or not (lower or without or any_language):
                step.fault(None, "changes nothing; expected 'lower' (1 to 4), 'without' or "
                                 "'any_language: true'")  # fmt: skip
            reason = str(step.value("reason") or "changed")[:_LONGEST_WORD]
            yield NeedStep(after_s, reason, without, int(lower), any_language)

    @staticmethod
    def _words(item: Fields, key: str) -> list[str]:
        found = item.value(key)
        if isinstance(found, list) and all(isinstance(each, str) and each for each in found):
            return [str(each) for each in found]
        item.fault(key, "expected a list of words such as [de, en]")
        return []

    def _known_queues(self) -> str:
        return ", ".join(self._day.queues)


def _count(item: Fields, key: str = "count") -> int:
    expected = f"a whole number from 1 to {_MOST}"
    number = item.number(key, expected, least=1, most=_MOST, default=1.0)
    if number != int(number):
        item.fault(key, f"expected {expected}")
    return int(number)


def _skills(fields: Fields) -> tuple[Skill, ...]:
    found = []
    for name in fields.names():
        expected = f"a whole number from {LEVELS[0]} to {LEVELS[-1]}"
        level = fields.number(name, expected, least=LEVELS[0], most=LEVELS[-1])
        if level != int(level):
            fields.fault(name, f"expected {expected}")
        found.append(Skill(name, int(level)))
    return tuple(sorted(found, key=lambda skill: skill.skill))
