"""What a running service says of itself to people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ivr.runfile import RunFile


def summary(run: RunFile, *, secrets: bool = True) -> Sequence[str]:
    """What a person needs to know of a running service, line by line.

    Without its `secrets`, passwords and token, where others read what is printed.
    """
    lines = ", ".join(f"{line.number} {line.name}" for line in run.lines)
    token = f"{_read(run.token_file)}  ({run.token_file})" if secrets else run.token_file
    rows = [
        f"address      {run.address}/docs",
        f"token        {token}",
        f"lines        {lines}",
        f"SIP server   {run.sip_host}:{run.sip_port} (UDP)",
    ]
    if not secrets:
        return [*rows, "accounts     freizeichen status shows them"]
    rows += [f"caller       {each.username}, password {each.password}" for each in run.callers]
    for each in run.places:
        who = f"  (agent {each.agent})" if each.agent else ""
        rows.append(f"agent phone  {each.username}, password {each.password}{who}")
    return rows


def _read(file: str) -> str:
    try:
        return Path(file).read_text().strip()
    except OSError:
        return "cannot be read"
