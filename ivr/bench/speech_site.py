"""The place that a bench of speech calls: one Korean line whose two menus lead to each other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from ivr.bench.site import RunningSite, bench_folder, running_site
from ivr.bench.words import FOR_A_HUMAN, MENU

NUMBER = "300"
_SETTINGS = """
version: 1
lines: [{number: "300", name: Bench, language: ko, dialplan: ko/bench.yaml}]
queues: [{id: service}]
callers: [caller1, caller2, caller3, caller4]
dialplans: dialplans
"""
_PLAN = """
language: ko
speed: 165
start: welcome
human: human
human_words: [FOR_A_HUMAN]
listening_notice: welcome
defaults: {wait_s: 8, tries: 3, no_input: what, wrong_key: what, not_understood: what,
           keys_only: keys, then: bye, refused: bye}
prompts:
  welcome: 기계가 듣고 있습니다.
  short: 말씀하세요.
  long: >-
    임대 변경과 수리, 요금과 납부 계좌, 정전이나 단수, 난방 고장, 서비스 센터 운영 시간,
    그리고 인터넷에 대해서 말씀하실 수 있습니다. 다시 들으시려면 구번을 눌러 주세요.
  what: 다시 말씀해 주세요.
  keys: 번호를 눌러 주세요.
  bye: 안녕히 계세요.
nodes:
  welcome: {say: welcome, goto: first}
  first: {menu: short, keys: {1: second}, words: {second: [WORDS]}}
  second: {menu: long, keys: {1: first}, words: {first: [WORDS]}}
  human: {queue: service}
  bye: {goodbye: bye}
"""
_SAMPLE = re.compile(r"^(freizeichen_\w+)(\{[^}]*\})? (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Figures:
    """What the service's metrics said at one moment: value by name, labels included."""

    values: Mapping[str, float]

    def since(self, earlier: Figures, name: str) -> float:
        """By how much a count rose."""
        return self.values.get(name, 0.0) - earlier.values.get(name, 0.0)

    def buckets_since(self, earlier: Figures, name: str) -> list[tuple[float, float]]:
        """A histogram's upper edges and how many lay below each."""
        found = re.compile(rf'{name}_bucket\{{le="([^"]+)"\}}')
        edges = {float(m[1]): key for key in self.values if (m := found.fullmatch(key))}
        return [(edge, self.since(earlier, edges[edge])) for edge in sorted(edges)]


@contextmanager
def speech_site() -> Iterator[RunningSite]:
    """A running service whose callers are listened to in Korean."""
    with bench_folder() as folder:
        plan = folder / "dialplans" / "ko" / "bench.yaml"
        plan.parent.mkdir(parents=True)
        text = _PLAN.replace("WORDS", ", ".join(MENU)).replace("FOR_A_HUMAN", FOR_A_HUMAN)
        plan.write_text(text, encoding="utf-8")
        with running_site(folder, settings=_SETTINGS) as site:
            yield site


def figures(site: RunningSite) -> Figures:
    """The service's metrics now."""
    text = httpx.get(f"{site.run.address}/metrics", timeout=10).raise_for_status().text
    return Figures({m[1] + (m[2] or ""): float(m[3]) for m in _SAMPLE.finditer(text)})
