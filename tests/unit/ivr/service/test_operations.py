"""Unit: metrics by Prometheus' conventions; alert rules and board name only metrics that exist."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from prometheus_client import Metric, ProcessCollector
from prometheus_client.parser import text_string_to_metric_families
from ruamel.yaml import YAML

from ivr import resources
from ivr.lateness import LoopLag
from ivr.metrics.callers import metrics_text
from ivr.metrics.waiting import Decisions, WaitingSide
from queues.api import HealthReport, HealthStatus
from queues.picture import Picture, look_at_all
from queues.view import Change
from tests.unit.ivr.service.test_metrics import callers_side, kept_figures
from tests.unit.queues.scenes import Scene

# The units of Prometheus' own guide, and what else may end a name of ours.
BASE_UNITS = ("seconds", "bytes", "ratio")
OTHER_UNITS = re.compile(
    r"_(milliseconds|ms|minutes|hours|days|kilobytes|kb|mb|percent)(_total|_bucket|_count|_sum)?$"
)
NAME = re.compile(r"(freizeichen|process)_[a-z0-9]+(_[a-z0-9]+)*")
LABEL = re.compile(r"[a-z]+(_[a-z]+)*")
# Made by Prometheus itself for each target.
BY_PROMETHEUS = {"up"}


def families() -> list[Metric]:
    decisions, lag = Decisions(), LoopLag()
    scene = Scene()
    scene.ready("anna")
    scene.enter("c1")
    scene.talk("c1")
    scene.enter("c2", after=30)
    for fact in scene.facts:
        decisions.note(fact, Change(1.0, {}, {}))
    picture = Picture()
    picture.follow(look_at_all(scene.centre))
    waiting = WaitingSide(
        view=lambda: picture.view(1),
        health=lambda: HealthReport(
            {
                "asterisk": HealthStatus.OK,
                "people": HealthStatus.DEGRADED,
                "trunk": HealthStatus.OK,
            }
        ),
        now=lambda: scene.now + 7.0,
        decisions=decisions,
        lag=lag,
        told_lag=lag,
        tasks=lambda: 9,
        version="0.1.0",
    )
    process = ProcessCollector(registry=None)
    text = metrics_text(callers_side(), kept_figures(), waiting, process).decode()
    return list(text_string_to_metric_families(text))


def samples() -> dict[tuple[str, tuple[str, ...]], float]:
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in families()
        for sample in family.samples
    }


def test_who_waits_is_at_work_and_was_decided_on_is_told() -> None:
    told = samples()
    assert told["freizeichen_calls_waiting", ("billing",)] == 1
    assert told["freizeichen_longest_wait_seconds", ("billing",)] == 7
    assert told["freizeichen_calls_talking", ()] == 1
    assert told["freizeichen_agents", ("talking",)] == 1
    assert told["freizeichen_decisions_total", ("talk_began",)] == 1
    assert told["freizeichen_decisions_total", ("offer_missed",)] == 0
    assert told["freizeichen_wait_seconds_count", ()] == 1
    assert told["freizeichen_health", ("people", "degraded")] == 1
    assert told["freizeichen_health", ("people", "ok")] == 0
    assert told["freizeichen_build_info", ("0.1.0",)] == 1


def test_names_types_units_and_help_are_those_of_the_conventions() -> None:
    seen = set()
    for family in families():
        if family.name.startswith("process_"):
            continue  # the library's own
        assert NAME.fullmatch(family.name), family.name
        assert family.name not in seen
        seen.add(family.name)
        assert family.documentation.endswith("."), family.name
        assert family.documentation[0].isupper()
        assert family.type in ("counter", "gauge", "histogram", "info"), family.name
        for sample in family.samples:
            assert not OTHER_UNITS.search(sample.name), sample.name
            is_total = sample.name.endswith("_total")
            assert is_total == (family.type == "counter"), sample.name
            for name in sample.labels:
                assert LABEL.fullmatch(name), (sample.name, name)
                assert name == "le" or name not in family.name.split("_"), (sample.name, name)
        if family.type == "histogram":
            _refuse_odd_histogram(family)
    assert any(name.endswith(BASE_UNITS) for name in seen)


def _refuse_odd_histogram(family: Metric) -> None:
    buckets = [s for s in family.samples if s.name.endswith("_bucket")]
    edges = [float(s.labels["le"]) for s in buckets]
    assert edges == sorted(edges)
    assert edges[-1] == float("inf")
    values = [s.value for s in buckets]
    assert values == sorted(values), family.name
    named = {s.name.removeprefix(family.name): s.value for s in family.samples}
    assert named["_count"] == values[-1]
    assert "_sum" in named, family.name


def names_in(expr: str) -> set[str]:
    """The metrics of an expression: what stands before a selector, a range, an operator or an end.

    Functions are followed by a bracket, labels stand in braces or behind `by`.
    """
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\b(by|without|on|ignoring)\s*\([^)]*\)", "", expr)
    words = re.findall(r"\b[a-z_][a-zA-Z0-9_]*\b(?!\s*\()", bare)
    return set(words) - {"and", "or", "unless", "bool"}


def rules() -> list[dict[str, Any]]:
    text = (resources.operations() / "prometheus" / "alerts.yaml").read_text()
    return [rule for group in YAML(typ="safe").load(text)["groups"] for rule in group["rules"]]


def board() -> dict[str, Any]:
    text = (resources.operations() / "grafana" / "freizeichen.json").read_text()
    found: dict[str, Any] = json.loads(text)
    return found


def expressions() -> Iterator[tuple[str, str]]:
    for rule in rules():
        yield rule["alert"], rule["expr"]
    for panel in board()["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


def test_every_metric_that_rules_and_board_name_exists() -> None:
    known = {sample.name for family in families() for sample in family.samples} | BY_PROMETHEUS
    found = set()
    for where, expr in expressions():
        names = names_in(expr)
        assert names, (where, expr)
        assert names <= known, (where, names - known)
        found |= names
    assert len(found) > 25


def test_every_label_that_is_asked_for_has_that_value_or_could() -> None:
    labels: dict[str, dict[str, set[str]]] = {}
    for family in families():
        for sample in family.samples:
            for name, value in sample.labels.items():
                labels.setdefault(sample.name, {}).setdefault(name, set()).add(value)
    for where, expr in expressions():
        for metric, selector in re.findall(r"([a-z_]+)\{([^}]*)\}", expr):
            for name, value in re.findall(r'([a-z_]+)!?="([^"]*)"', selector):
                if name != "job":  # which Prometheus adds
                    assert value in labels[metric][name], (where, metric, name, value)


def test_every_rule_says_how_bad_it_is_and_what_to_do() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(set(names)) == len(names)
    for rule in rules():
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert {"summary", "action"} <= rule["annotations"].keys()
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}


def test_the_board_asks_for_its_source_and_its_panels_do_not_overlap() -> None:
    panels = board()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        assert panel["datasource"]["uid"] == "${source}"
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert at["x"] + at["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
