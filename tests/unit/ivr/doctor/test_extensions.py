"""Unit: where a dialled number leads by extensions.conf alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.asterisk.config_reader import read_sections
from ivr.doctor.extensions import Extensions

DIALPLAN = """\
[general]
static = yes
[phones]
include => emergency
include => out
exten => 100,1,Answer()
 same => n(loop),Wait(1)
 same => n,Goto(loop)
[emergency]
exten => 112,1,Set(CALLERID(num)=+4930)
 same => n,Dial(PJSIP/112@trunk,120)
exten => 110,1,Goto(theirs,${EXTEN},1)
[theirs]
exten => _1X[0-5],1,Dial(PJSIP/${EXTEN}@provider)
[out]
exten => _0.,1,Dial(PJSIP/x@cheap)
exten => _00X.,1,Dial(PJSIP/x@abroad)
exten => _N!,1,Busy()
[round]
include => round
"""


@pytest.mark.parametrize(
    ("context", "number", "steps"),
    [
        ("phones", "112", ("Set(CALLERID(num)=+4930)", "Dial(PJSIP/112@trunk,120)")),
        ("phones", "110", ("Dial(PJSIP/${EXTEN}@provider)",)),
        ("phones", "0491", ("Dial(PJSIP/x@cheap)",)),
        ("phones", "00491", ("Dial(PJSIP/x@abroad)",)),
        ("phones", "0", None),
        ("phones", "2", ("Busy()",)),
        ("theirs", "119", None),
        ("round", "112", None),
        ("nowhere", "112", None),
    ],
)
def test_a_number_leads_where_asterisk_would_lead_it(
    tmp_path: Path, context: str, number: str, steps: tuple[str, ...] | None
) -> None:
    (tmp_path / "extensions.conf").write_text(DIALPLAN)
    found = Extensions(read_sections(tmp_path, "extensions.conf"))
    assert found.steps(context, number) == steps
