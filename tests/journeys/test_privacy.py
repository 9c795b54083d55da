"""A journey in which everybody sends markers wherever text can be sent; none is written down.

The service runs at DEBUG, is killed, missed by a caller, and started again. Only two places may
hold a marker: the card of a living call, for who is signed in, and Asterisk's database while the
number of a missed call waits there for the service.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import os
import sqlite3
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from ivr.caller import sound
from ivr.caller.agent_phone import AgentPhone
from ivr.caller.phone import CallerPhone, SipServer, caller_phone
from ivr.caller.script import AgentPlan
from queues.store import Erasure, Store
from tests.journeys.markers import Finder
from tests.journeys.service import (
    Service,
    command,
    console,
    end_asterisk,
    eventually,
    start,
    wait_ready,
    write_settings,
)
from tests.journeys.service import call as scripted_call
from tests.journeys.strangers import (
    Caller,
    TrunkLine,
    call,
    call_and_leave,
    garbage_into,
    listening_ports,
    odd_packets,
    requests_of_all_kinds,
)

WITHIN_S = 20.0
KEYS = "51415141"  # a customer number, whose keys lead through the German menus and back
NUMBER = "493077709123"  # of who is missed
MARKERS = {
    "number of who keys and talks": "493077701846",
    "number of who waits": "493077705297",
    "number of who is missed": NUMBER,
    "number of a stranger": "493077704631",
    "keys in the menus": KEYS,
    "keys in the queue": "73915846",
    "word that was understood": "인터넷",
    "word that was not": "텔레비전",
    "a name": "Zmküller Öffner",
    "a header": "zmkheader",
    "a Call-ID": "zmkcallid",
    "a session": "zmksession",
    "a farewell": "zmkfarewell",
    "dialplan syntax": "zmkhostile",
    "an API request": "zmkrequest",
    "an agent's reason": "zmkreason",
    "an agent's name": "zmkagent",
    "a peer's garbage": "zmkgarbage",
}
FINDER = Finder(MARKERS)
SPEAKS = """
about: says a word that is in the menu, and one that is not
language: ko
steps:
  - hear: main_menu
  - say: {text: 텔레비전, language: ko, voice: ko+f2, speed: 155, after_s: 0.5}
  - hear: {prompt: not_understood, within_s: 20}
  - hear: main_menu
  - say: {text: 인터넷, language: ko, voice: ko+f2, speed: 155, after_s: 1}
  - hear: {prompt: internet, within_s: 20}
  - hang_up: true
"""
HEADERS = (
    "User-Agent",
    "Subject",
    "Organization",
    "X-Customer",
    "Alert-Info",
    "Call-Info",
    "Reply-To",
    "User-to-User",
)


def stranger(number: str, **changes: str) -> Caller:
    """A caller over the trunk with markers in every header; each time another dialog."""
    address = f'"{MARKERS["a name"]}" <sip:{number}@{MARKERS["a header"]}.example>'
    headers = dict.fromkeys(HEADERS, MARKERS["a header"]) | dict.fromkeys(
        ("P-Asserted-Identity", "P-Preferred-Identity", "Remote-Party-ID", "Diversion"), address
    )
    values = {
        "number": number,
        "name": MARKERS["a name"],
        "call_id": f"{MARKERS['a Call-ID']}-{os.urandom(4).hex()}",
        "session": MARKERS["a session"],
        "farewell": MARKERS["a farewell"],
    }
    return Caller(headers=headers, **(values | changes))


@pytest.mark.parametrize("name", list(MARKERS))
def test_the_finder_finds_each_marker_in_each_encoding(name: str, tmp_path: Path) -> None:
    text = MARKERS[name]
    raw = text.encode()
    ways = {
        "plain": b"number=" + raw + b",",
        "upper": text.upper().encode(),
        "wide": text.encode("utf-16-le"),
        "url": quote(text, safe="").encode(),
        "json": json.dumps({"text": text}).encode(),
        "json in json": json.dumps(json.dumps({"text": text})).encode(),
        "bytes": repr(raw).encode(),
        "hex": raw.hex().encode(),
        **{f"base64 {n}": base64.b64encode(b"x" * n + raw + b"y" * n) for n in range(4)},
        "packed.gz": gzip.compress(raw),
    }
    for way, data in ways.items():
        (tmp_path / way).write_bytes(data)
    with sqlite3.connect(tmp_path / "table.db") as database:
        database.execute("CREATE TABLE t (v)")
        database.execute("INSERT INTO t VALUES (?)", (gzip.compress(raw),))
    database.close()
    (tmp_path / f"file of {text}").touch()
    if text.isdigit():
        (tmp_path / "tail").write_text(f"number=…{text[-6:]} ")
        ways["tail"] = b""
    assert FINDER.names_below(tmp_path) == {
        each: {name} for each in (*ways, "table.db", f"file of {text}")
    }
    assert not FINDER.names_in("2026-11-26T10:00:00.123456Z 493077700000 zmk")


@asynccontextmanager
async def phone_of(service: Service, number: str) -> AsyncIterator[CallerPhone]:
    """A caller over the trunk with this number, answered on the German line."""
    async with caller_phone(SipServer("127.0.0.1", service.run.sip_port, number, "")) as phone:
        await phone.dial("100", WITHIN_S)
        yield phone


@pytest.fixture
def service(folder: Path) -> Iterator[Service]:
    temporary = folder / "tmp"
    temporary.mkdir()
    temporary.chmod(0o1777)
    agents = [
        {"id": each, "name": MARKERS["an agent's name"], "place": place, "queues": ["service"]}
        for each, place in (("anna", "desk1"), ("jiwoo", "desk2"))
    ]
    write_settings(folder, trunk={"host": "127.0.0.1", "port": 9}, agents=agents)
    running = wait_ready(folder, up(folder))
    try:
        yield running
    finally:
        running.stop()
        end_asterisk(folder)


def up(folder: Path, output: str = "output") -> subprocess.Popen[bytes]:
    environment = {"FREIZEICHEN_LOG__LEVEL": "debug", "TMPDIR": str(folder / "tmp")}
    return start(folder, environment=environment, output=output)


class Listener:
    """Somebody signed in who follows the live stream until the service ends."""

    def __init__(self, service: Service) -> None:
        self.frames = ""
        self._thread = threading.Thread(target=self._follow, args=(service.api,))
        self._thread.start()

    def _follow(self, client: httpx.Client) -> None:
        with suppress(httpx.HTTPError), client, client.stream("GET", "/api/v1/live") as answer:
            for line in answer.iter_lines():
                self.frames += line + "\n"

    def join(self) -> None:
        """Wait for the end of the stream, which is that of its service."""
        self._thread.join(WITHIN_S)
        assert not self._thread.is_alive()


def says(service: Service, *words: str) -> str:
    status, said = command(service, *words)
    assert status == 0, said
    return said


def post(service: Service, path: str, **body: str) -> httpx.Response:
    with service.api as api:
        return api.post(f"/api/v1/agents/{path}", json=body or None)


def may_be_read_by_anybody(service: Service) -> str:
    """What is told without sign-in, and the lists for who is signed in."""
    texts = [
        httpx.get(service.run.address + path, timeout=5).text for path in ("/metrics", "/health")
    ]
    with service.api as api:
        texts += [api.get(f"/api/v1/{name}").text for name in ("queues", "calls", "agents")]
    for pid in (service.process.pid, service.asterisk_pid):
        process = Path(f"/proc/{pid}")
        names = [*process.glob("task/*/comm"), process / "cmdline", process / "environ"]
        texts += [path.read_bytes().decode(errors="replace") for path in names]
    return "\n".join(texts)


def check_files(service: Service, *, but: str = "") -> None:
    """Nothing below the run folder or the temporary one holds a marker, nor does any output."""
    folder = service.folder
    found = FINDER.names_below(folder / ".freizeichen")
    found |= {f"tmp/{name}": names for name, names in FINDER.names_below(folder / "tmp").items()}
    for path in folder.glob("output*"):
        if names := FINDER.names_in(path.read_bytes()):
            found[path.name] = names
    found.pop(but, None)
    assert not found


def check_log(service: Service) -> None:
    """The log is at DEBUG, can be read, and no value in it is a key of a telephone."""
    lines = (service.folder / ".freizeichen/log/service.log").read_text().splitlines()
    events = [json.loads(line) for line in lines]
    assert events[0]["event"] == "the log begins"
    assert events[0]["level"] == "debug"
    values = {value for event in events for value in event.values() if isinstance(value, str)}
    assert not values & set("0123456789*#ABCD")


async def test_what_anybody_sends_stands_in_no_file_no_log_and_no_answer(service: Service) -> None:
    following = Listener(service)
    speaking = asyncio.create_task(asyncio.to_thread(speaks, service))
    await asyncio.to_thread(strangers, service)
    shown = await keys_and_talks(service)
    shown += await asyncio.to_thread(refused, service)
    async with phone_of(service, MARKERS["number of who waits"]) as waits:
        await waits.press("0")
        await asyncio.to_thread(eventually, lambda: len(service.in_queue()) == 1)
        for key in MARKERS["keys in the queue"]:
            await waits.press(key)
        status, report = await speaking
        assert status == 0, report
        shown += await asyncio.to_thread(may_be_read_by_anybody, service)
        service.process.kill()
        service.process.wait(5)
        await asyncio.to_thread(following.join)
        await asyncio.to_thread(check_files, service)
        await asyncio.to_thread(missed, service)
        assert not waits.ended.is_set()
        await asyncio.to_thread(starts_again, service)
        shown += await asyncio.to_thread(may_be_read_by_anybody, service)
        # A key took them out of the queue: the dialplan may be looking for a beat just now.
        (row,) = await asyncio.to_thread(eventually, lambda: service.get("calls"), WITHIN_S)
        shown += await asyncio.to_thread(says, service, "explain", row["id"])
    for words in (("status", "--json"), ("replay", "--json")):
        shown += await asyncio.to_thread(says, service, *words)
    assert not FINDER.names_in(shown + following.frames)
    assert "call_queued" in following.frames
    assert await asyncio.to_thread(service.stop) == 0
    check_files(service)
    check_log(service)
    erases(service)


def speaks(service: Service) -> tuple[int, dict[str, object]]:
    script = service.folder / "speaks.yaml"
    script.write_text(SPEAKS, encoding="utf-8")
    return scripted_call(service, "300", script)


def strangers(service: Service) -> None:
    """SIP that is answered, SIP that cannot be read, and garbage where sound is expected."""
    number, hostile = MARKERS["number of a stranger"], MARKERS["dialplan syntax"]
    syntax = f"${{SHELL({hostile})}}$[{hostile}]|{hostile}&,;"
    with TrunkLine(service.run.sip_port) as line:
        assert call_and_leave(line, stranger(number)) == 200
        assert call_and_leave(line, stranger(number, name=syntax)) == 200
        assert call_and_leave(line, stranger(syntax)) == 200
        assert call_and_leave(line, stranger(number), number) == 404
        odd_packets(line, stranger(number))
    ours = {service.run.sip_port, int(service.run.address.rsplit(":", 1)[1])}
    (port,) = listening_ports(service.process.pid) - ours
    garbage_into(port, MARKERS["a peer's garbage"])


async def keys_and_talks(service: Service) -> str:
    """A caller keys in a number in the menus and talks to an agent, who sees it on the card."""
    account = next(each for each in service.run.places if each.username == "desk1")
    server = (service.run.sip_host, service.run.sip_port)
    plan = AgentPlan(line=1, answer_after_s=0.05)
    agent = AgentPhone(server, account, plan, sound.tone(1000, 60))
    try:
        await asyncio.to_thread(agent.start)
        await asyncio.to_thread(eventually, lambda: service.agent("anna")["place_state"] == "free")
        async with phone_of(service, MARKERS["number of who keys and talks"]) as phone:
            for key in KEYS:
                await phone.press(key)
            await phone.press("0")
            (row,) = await asyncio.to_thread(eventually, lambda: service.in_queue())
            await asyncio.to_thread(post, service, "anna/ready")
            await asyncio.to_thread(eventually, lambda: service.in_queue()[0]["state"] == "talking")
            with service.api as api:
                card = await asyncio.to_thread(api.get, f"/api/v1/calls/{row['id']}/card")
            keyed = "".join(entry["said"] for entry in card.json()["entries"])
            assert keyed == KEYS + "0"  # the markers have come to the service
            shown = await asyncio.to_thread(may_be_read_by_anybody, service)
        await asyncio.to_thread(post, service, "anna/sign-out")
        await asyncio.to_thread(
            eventually, lambda: row["id"] not in [each["id"] for each in service.get("calls")]
        )
        return shown
    finally:
        await asyncio.to_thread(agent.stop)


def refused(service: Service) -> str:
    """Everything one can ask of the API in a wrong way, and what it answers."""
    token = Path(service.run.token_file).read_text().strip()
    text = MARKERS["an API request"]
    answers = list(requests_of_all_kinds(service.run.address, token, text))
    assert len(answers) > 100
    post(service, "jiwoo/ready").raise_for_status()
    post(service, "jiwoo/pause", reason="lunch").raise_for_status()
    free_text = post(service, "jiwoo/pause", reason=MARKERS["an agent's reason"])
    assert free_text.json()["code"] == "reason-unknown"
    answers.append(("reason", free_text.text))
    post(service, "jiwoo/sign-out").raise_for_status()
    assert not [(asked, shown) for asked, shown in answers if FINDER.names_in(shown)]
    return "\n".join(shown for _, shown in answers)


def missed(service: Service) -> None:
    """Nobody decides and nobody is at work: Asterisk keeps the number, in one file."""
    console(service, "dialplan set global FZ_BEAT 1")  # as if it had been silent for long
    with TrunkLine(service.run.sip_port) as line:
        assert call(line, stranger(NUMBER))[0] == 200
        eventually(lambda: "/fz-" in console(service, "database show fz-missed"), WITHIN_S)
    database = "asterisk/var/astdb.sqlite3"
    path = service.folder / ".freizeichen" / database
    eventually(lambda: NUMBER.encode() in path.read_bytes())  # it is written each second
    assert FINDER.names_below(path.parent) == {path.name: {"number of who is missed"}}
    assert path.parent.stat().st_mode & 0o077 == 0  # for the account of Asterisk alone
    check_files(service, but=database)


def starts_again(service: Service) -> None:
    """The next service takes over who waits, and the number, which is then gone from Asterisk."""
    (service.folder / ".freizeichen/run.json").unlink()
    service.process = wait_ready(service.folder, up(service.folder, "output-2")).process
    eventually(lambda: "/fz-" not in console(service, "database show fz-missed"), WITHIN_S)
    database = service.folder / ".freizeichen/asterisk/var/astdb.sqlite3"
    eventually(lambda: not FINDER.names_in(database.read_bytes()))


def erases(service: Service) -> None:
    """A person is erased: nothing of theirs can be opened any more, and the journal still holds."""
    folder = service.folder / ".freizeichen"
    store = Store.open(
        f"sqlite:///{folder}/store/store.db", key_file=folder / "people/store.key", node="here"
    )
    try:
        contact = store.vault.contact_of("phone", NUMBER)
        assert contact is not None  # the number had come to the service
        assert store.vault.erase_person(contact) is Erasure.DONE
        assert store.vault.contact_of("phone", NUMBER) is None
        assert contact in {row.values().get("contact") for row in store.read_journal()}
    finally:
        store.close()
    check_files(service)
    assert "0 differences" in says(service, "replay")
