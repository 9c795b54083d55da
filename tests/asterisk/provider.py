"""A provider of phone lines, played by a second Asterisk, and houses that are its customers.

The provider knows two customers, one by UDP and one by TLS with SRTP; each registers with a
password. How it places a call is chosen by the name of the endpoint it uses, what the caller then
does by an extension of its context `acts`.
"""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ivr.asterisk import wire_actions as wire
from ivr.asterisk.client import AmiClient
from ivr.asterisk.errors import ActionRefused
from ivr.asterisk.wire_events import ChannelEnded, ChannelId
from ivr.dialplan import Plan, load_plan
from ivr.settings.settings import Settings
from queues.ids import LineId
from tests.ami.running import PATIENT, next_of, running_client
from tests.asterisk.small_service import SmallService, small_service
from tests.switch import Switch, console_says, free_ports, running_switch, test_settings, write_tone

WITHIN_S = 10.0
PASSWORD = "pro;vider's"
TONE_HZ, EARLY_HZ = 900, 1300
UDP, TLS = "u4930555", "t4930555"  # the customers
LINES = [
    {
        "number": "100",
        "name": "German",
        "language": "de",
        "dialplan": "de/main.yaml",
        "public": ["+4930555100"],
    },
    {
        "number": "+4930555200",
        "name": "English",
        "language": "en",
        "dialplan": "en/main.yaml",
    },
]
_PJSIP = """
[transport-tls]
type = transport
protocol = tls
bind = 127.0.0.1:{port}
method = tlsv1_2
cert_file = {folder}/provider.pem
priv_key_file = {folder}/provider.key

[customer](!,phone)
context = outside
identify_by = username,auth_username
trust_id_inbound = yes
trust_id_outbound = yes
device_state_busy_at = 0

[{udp}](customer)
auth = {udp}
aors = {udp}
[{udp}]
type = auth
auth_type = digest
username = {udp}
password = {password}
[{udp}](phone-aor)

[{tls}](customer)
auth = {udp}-tls
aors = {tls}
media_encryption = sdes
[{udp}-tls]
type = auth
auth_type = digest
username = {tls}
password = {password}
[{tls}](phone-aor)

; How calls are placed: the number in P-Asserted-Identity with another in From, or in From alone.
[pai](customer)
aors = {udp}
send_pai = yes
from_user = 0309999999
[from](customer)
aors = {udp}
[info](customer)
aors = {udp}
dtmf_mode = info
[srtp](customer)
aors = {tls}
media_encryption = sdes
[plain](customer)
aors = {tls}
"""
_EXTENSIONS = """
; A caller: Local/<endpoint>@callers, with the number in FZ_N, and FZ_TO to call an address.
[callers]
exten => _[a-z]!,1,Set(CALLERID(num)=${{FZ_N}})
 same => n,Set(CALLERID(num-pres)=${{FZ_P}})
 same => n,Dial(PJSIP/${{EXTEN}}${{FZ_TO}},20)
[acts]
exten => _k.,1,Wait(0.6)
 same => n,SendDTMF(${{EXTEN:1}},150)
 same => n,Wait(30)
exten => tone,1,Playtones({tone})
 same => n,Wait(30)

; What customers dial.
[outside]
exten => _X.,1,Set(DB(shown/${{EXTEN}})=${{CALLERID(num)}})
 same => n,Progress()
 same => n,Playtones({early})
 same => n,Wait(1)
 same => n,Answer()
 same => n,Playtones({tone})
 same => n,Wait(30)
exten => +4930999000,1,Set(DB(shown/${{EXTEN}})=${{CALLERID(num)}})
 same => n,GotoIf($["${{DB(hotline/open)}}" != "yes"]?nobody)
 same => n,Answer()
 same => n,Playtones({tone})
 same => n,Wait(30)
 same => n(nobody),Busy(1)
"""


def certify(folder: Path) -> None:
    """The provider's certificate, the CA of the test's own in `ca.pem`, another in `other.pem`."""
    now = datetime.datetime.now(datetime.UTC)
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))

    def signed(name: str, of: ec.EllipticCurvePrivateKey, *, is_ca: bool) -> x509.Certificate:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test CA")])
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        built = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(of.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
        )
        return built.sign(ca_key, hashes.SHA256())

    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(signed("Test CA", ca_key, is_ca=True).public_bytes(pem))
    ours, ca_key = ca_key, ec.generate_private_key(ec.SECP256R1())
    (folder / "other.pem").write_bytes(signed("Test CA", ca_key, is_ca=True).public_bytes(pem))
    ca_key = ours
    chain = signed("localhost", key, is_ca=False).public_bytes(pem)
    (folder / "provider.pem").write_bytes(chain)
    (folder / "provider.key").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    (folder / "provider.key").chmod(0o644)  # the account of Asterisk may be another than ours


@dataclass(slots=True)
class Provider:
    """The provider's Asterisk."""

    switch: Switch
    client: AmiClient
    tls_port: int
    folder: Path
    _numbers: count[int] = field(default_factory=count)

    async def call(
        self,
        endpoint: str,
        act: str = "tone",
        *,
        number: str = "+4930123456",
        presentation: str = "allowed",
        to: str = "",
    ) -> ChannelId:
        """A caller who calls by this endpoint, and does this when answered; its channel."""
        channel = ChannelId(f"call-{next(self._numbers)}")
        await self.client.send(
            wire.originate(
                f"Local/{endpoint}@callers/n",
                channel_id=channel,
                context="acts",
                exten=act,
                timeout_ms=15_000,
                variables={"_FZ_N": number, "_FZ_P": presentation, "_FZ_TO": to},
            )
        )
        return channel

    @asynccontextmanager
    async def calling(
        self,
        endpoint: str,
        *,
        act: str = "tone",
        number: str = "+4930123456",
        presentation: str = "allowed",
        to: str = "",
    ) -> AsyncIterator[ChannelId]:
        """A caller who calls so, for the block."""
        channel = await self.call(endpoint, act, number=number, presentation=presentation, to=to)
        try:
            yield channel
        finally:
            with suppress(ActionRefused):
                await self.client.send(wire.hangup(channel))

    async def refusal(self, endpoint: str, *, number: str = "+4930123456", to: str = "") -> str:
        """The SIP code with which such a call ends that is not answered."""
        while not self.client.inbox.empty():
            self.client.inbox.get_nowait()
        await self.call(endpoint, number=number, to=to)
        while True:
            ended = await next_of(self.client, ChannelEnded, within_s=WITHIN_S)
            if ended.tech_cause is not None:
                return ended.tech_cause

    async def registered(self, customer: str) -> None:
        """Come back when this customer's address is known."""
        shown = f"{customer}/sip:"
        await console_says(self.switch, "pjsip show contacts", lambda text: shown in text)

    async def contact(self, customer: str) -> str:
        """The whole address that this customer registered."""
        shown = await self.switch.console("database show registrar")
        row = next(line for line in shown.splitlines() if f"/{customer};@" in line)
        return row.split('"uri":"')[1].split('"')[0]

    async def hotline(self, *, open_: bool) -> None:
        """Whether the standing emergency number answers from now on; nobody was there before."""
        await self.switch.console(f"database put hotline open {'yes' if open_ else 'no'}")
        await self.switch.console("database deltree shown")

    async def shown(self, number: str) -> str:
        """The number that whoever dialled this one showed, once it was dialled."""
        await console_says(self.switch, "database show shown", lambda text: f"/{number} " in text)
        rows = (await self.switch.console("database show shown")).splitlines()
        return next(row for row in rows if f"/{number} " in row).rpartition(":")[2].strip()


@asynccontextmanager
async def running_provider(
    folder: Path, *, settings: Settings | None = None, more_extensions: str = ""
) -> AsyncIterator[Provider]:
    """The provider, for the block."""
    certify(folder)
    (tls_port,) = free_ports(1)
    sounds = {"tone": f"{TONE_HZ}/1000", "early": f"{EARLY_HZ}/1000"}
    names = {"udp": UDP, "tls": TLS, "password": PASSWORD.replace(";", "\\;")}
    async with (
        running_switch(
            folder / "provider",
            settings=settings or test_settings(),
            extra_pjsip=_PJSIP.format(port=tls_port, folder=folder, **names),
            extra_extensions=_EXTENSIONS.format(**sounds) + more_extensions,
            extra_modules="load = app_senddtmf.so\nload = res_srtp.so\n",
        ) as switch,
        running_client(switch.ami_port, timing=PATIENT) as client,
    ):
        yield Provider(switch, client, tls_port, folder)


PLAN = """
language: en
start: welcome
human: human
emergency: alarm
emergency_key: "8"
defaults: {wait_s: 20, tries: 2, no_input: hint, wrong_key: hint, otherwise: human}
prompts: {welcome: Hello., menu: Choose., hint: Try again., more: Yes., alarm: Wait., bye: Goodbye.}
nodes:
  welcome: {say: welcome, goto: main}
  main: {menu: menu, keys: {1: more, 2: more, 5: more}, when_silent: bye}
  more: {say: more, goto: main}
  alarm: {emergency: alarm, then: bye, refused: human}
  human: {queue: service, then: bye, refused: bye}
  bye: {goodbye: bye}
"""
PROMPTS_HZ = 500


@dataclass(slots=True)
class House:
    """A customer: an Asterisk of ours with a trunk to the provider, and a service that listens."""

    switch: Switch
    service: SmallService

    async def is_empty(self) -> None:
        """Come back when nobody is on the line any more; the watch of the beat is nobody."""
        await console_says(
            self.switch,
            "core show channels concise",
            lambda shown: all("@fz-watch" in row for row in shown.splitlines() if row),
        )


def _at_home(folder: Path, plan: Plan) -> Path:
    """The file with the password; and the prompts, each a tone."""
    folder.mkdir()
    password = folder / "password"
    password.write_text(PASSWORD)
    password.chmod(0o600)
    (folder / "prompts" / "en").mkdir(parents=True)
    for prompt in plan.prompts:
        write_tone(folder / "prompts" / "en" / f"{prompt}.wav", PROMPTS_HZ, 0.2)
    return password


@asynccontextmanager
async def customer(
    folder: Path, trunk: dict[str, object], **changes: object
) -> AsyncIterator[House]:
    """A house with this trunk, for the block."""
    plan = load_plan(PLAN, file="t.yaml", queues=["service"])
    password = _at_home(folder, plan)
    named = {"password_file": password} if trunk.get("kind") == "registration" else {}
    settings = test_settings(lines=LINES, trunk=trunk | named, **changes)
    async with (
        running_switch(folder, settings=settings) as switch,
        small_service(switch, dict.fromkeys(map(LineId, ("100", "+4930555200")), plan)) as service,
    ):
        yield House(switch, service)
