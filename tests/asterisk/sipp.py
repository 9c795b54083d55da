"""SIPp, which plays a provider or phones by a scenario of `tests/corpus/sipp`, on loopback."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from ivr import resources
from ivr.bench.sip_tester import sipp as find_sipp
from ivr.runfile import Account
from tests.switch import ROOT

_WITHIN_S = 20.0
_SPARE_S = 20  # for the answers to the last calls of a flood


async def sipp(
    scenario: str,
    sip_port: int,
    folder: Path,
    account: Account | None = None,
    **values: str,
) -> None:
    """Play one call of a scenario against this port; fails when it does not go as written."""
    files = (folder / "sipp-errors", folder / "sipp-messages")
    words = ("-m", "1", "-timeout", "10s", "-timeout_error")
    traces = ("-trace_err", "-error_file", str(files[0]), "-trace_msg", "-message_file")
    status, said = await _played(
        scenario, sip_port, folder, account, values, [*words, *traces, str(files[1])], _WITHIN_S
    )
    told = "\n".join(each.read_text(errors="replace") for each in files if each.exists())
    assert status == 0, f"{scenario}: {said}{told[-6000:]}"


async def flood(
    scenario: str,
    sip_port: int,
    folder: Path,
    account: Account | None = None,
    *,
    calls: int,
    a_second: int,
) -> None:
    """Play that many calls of a scenario, begun at this rate; fails when they were not all sent."""
    last_s = calls // a_second + _SPARE_S
    words = ["-m", str(calls), "-r", str(a_second), "-l", str(calls), "-timeout", f"{last_s}s"]
    status, said = await _played(
        scenario, sip_port, folder, account, {}, [*words, "-timeout_error"], last_s + _WITHIN_S
    )
    assert status == 0, f"{scenario}: {said}"


async def _played(
    scenario: str,
    sip_port: int,
    folder: Path,
    account: Account | None,
    values: dict[str, str],
    words: list[str],
    within_s: float,
) -> tuple[int | None, str]:
    """The exit status, and the last that was said."""
    command = await asyncio.to_thread(find_sipp, resources.cache_folder(), print)
    keys = [word for key, value in values.items() for word in ("-key", key, value)]
    if account is not None:
        keys += ["-au", account.username, "-ap", account.password, "-key", "who", account.username]
    process = await asyncio.create_subprocess_exec(
        *command,
        f"127.0.0.1:{sip_port}",
        *("-sf", str(ROOT / "tests/corpus/sipp" / f"{scenario}.xml")),
        *("-i", "127.0.0.1", "-nostdin"),
        *words,
        *keys,
        cwd=folder,
        env=dict(os.environ) | {"TERM": "dumb"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(within_s):
            _, said = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode, said.decode(errors="replace")[-300:]
