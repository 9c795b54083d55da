"""A journey: the provider is away or does not know us, and monitoring hears of it by itself."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from tests.doctor.house import LINES, NUMBER, Provider
from tests.journeys.service import Service, console, eventually, running_service


def test_a_trunk_that_is_lost_is_told_by_health_and_metrics(tmp_path: Path) -> None:
    with closing(Provider()) as provider:
        provider.knows_us = False
        password = tmp_path / "password"
        password.write_text("of the provider")
        password.chmod(0o600)
        trunk = {
            **{"kind": "registration", "host": "127.0.0.1", "port": provider.port},
            **{"user": "we", "number": NUMBER, "password_file": str(password)},
        }
        with running_service(tmp_path, lines=LINES, trunk=trunk) as service:
            eventually(lambda: amiss(service) == ["trunk_not_registered"])
            provider.knows_us = True
            console(service, "pjsip send register trunk")
            eventually(lambda: amiss(service) == [])
            provider.answers = False
            console(service, "pjsip qualify trunk")
            eventually(lambda: amiss(service) == ["trunk_away"])
            provider.answers = True
            console(service, "pjsip qualify trunk")
            eventually(lambda: amiss(service) == [])


def amiss(service: Service) -> list[str]:
    """What health and metrics say of the trunk."""
    with service.api as api:
        health: dict[str, Any] = api.get("/health").json()
        told = api.get("/metrics").text
    degraded = 'freizeichen_health{check="trunk",status="degraded"} 1.0' in told
    reasons = [each["code"] for each in health["reasons"].get("trunk", [])]
    is_told = (health["checks"]["trunk"] == "degraded", degraded) == (bool(reasons), bool(reasons))
    return reasons if is_told else ["not told the same everywhere"]
