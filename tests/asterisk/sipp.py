"""SIPp, which plays a provider or a phone by a scenario of `tests/corpus/sipp`, on loopback."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from ivr import resources
from ivr.bench.sip_tester import sipp as find_sipp
from ivr.runfile import Account
from tests.switch import ROOT

_WITHIN_S = 20.0


async def sipp(
    scenario: str,
    sip_port: int,
    folder: Path,
    account: Account | None = None,
    **values: str,
) -> None:
    """Play one call of a scenario against this port; fails when it does not go as written."""
    command = await asyncio.to_thread(find_sipp, resources.cache_folder(), print)
    words = [word for key, value in values.items() for word in ("-key", key, value)]
    if account is not None:
        words += ["-au", account.username, "-ap", account.password, "-key", "who", account.username]
    process = await asyncio.create_subprocess_exec(
        *command,
        f"127.0.0.1:{sip_port}",
        *("-sf", str(ROOT / "tests/corpus/sipp" / f"{scenario}.xml")),
        *("-i", "127.0.0.1", "-m", "1", "-timeout", "10s", "-timeout_error", "-nostdin"),
        *("-trace_err", "-error_file", str(folder / "sipp-errors")),
        *("-trace_msg", "-message_file", str(folder / "sipp-messages")),
        *words,
        cwd=folder,
        env=dict(os.environ) | {"TERM": "dumb"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(_WITHIN_S):
            _, said = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    files = (folder / "sipp-errors", folder / "sipp-messages")
    told = "\n".join(each.read_text(errors="replace") for each in files if each.exists())
    assert process.returncode == 0, (
        f"{scenario}: {said.decode(errors='replace')[-300:]}{told[-6000:]}"
    )
