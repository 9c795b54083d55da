"""Asterisk's own web server and its REST interface: both are off, for nothing here needs them."""

from __future__ import annotations

from collections.abc import Iterator

from ivr.doctor.ami import is_loopback
from ivr.doctor.finding import Check, Finding, fault, ok, warning
from ivr.doctor.house import House
from ivr.doctor.modules import loaded_modules

_ENABLED = "Server Enabled"


def look_at_http(house: House) -> Iterator[Finding]:
    """Asterisk serves no web pages."""
    code = "asterisk.http"
    general = house.section("http.conf", "general")
    plain, tls = general.is_on("enabled"), general.is_on("tlsenable")
    is_served = house.running is not None and _ENABLED in house.console("http show status")
    if not (plain or tls or is_served):
        yield ok(code, "Asterisk's web server is off")
        return
    address = general.get("bindaddr", "0.0.0.0")  # noqa: S104  (Asterisk's default)
    where = f"{address}:{general.get('bindport', '8088')}"
    if tls:
        where = general.get("tlsbindaddr", where)
    found = f"Asterisk's web server is on, at {where}"
    do = "set enabled = no and tlsenable = no under [general] in http.conf"
    if house.is_ours or not is_loopback(where):
        yield fault(code, found, do)
    else:
        yield warning(code, f"{found}, for this machine alone", f"unless you need it, {do}")


def look_at_ari(house: House) -> Iterator[Finding]:
    """Asterisk's REST interface is off."""
    code = "asterisk.ari"
    on = house.section("ari.conf", "general").is_on("enabled", default=True)
    users = [section.name for section in house.sections("ari.conf") if section.name != "general"]
    loaded, _ = loaded_modules(house)
    if not on or not users or "res_ari.so" not in loaded:
        yield ok(code, "Asterisk's REST interface (ARI) is off, or lets nobody in")
        return
    found = f"Asterisk's REST interface (ARI) lets in: {', '.join(users)}"
    do = "set enabled = no in ari.conf, and in modules.conf: noload = res_ari.so"
    if house.is_ours:
        yield fault(code, found, do)
    else:
        yield warning(code, found, f"unless your Asterisk needs it, {do}")


CHECKS = (Check(("asterisk.http",), look_at_http), Check(("asterisk.ari",), look_at_ari))
