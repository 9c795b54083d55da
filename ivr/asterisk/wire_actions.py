"""What we can ask of the switch, as header lists that hold only checked text.

Every builder raises `HostileText` before anything exists that could be sent. No builder takes a
header, a verb or an application from outside: the AMI user's rights equal a shell, so what can be
said is closed here. An action holds no ActionID unless it must be known beforehand; nothing is ever
sent twice, whatever happens to the link.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from ivr.asterisk import wire_text as text
from ivr.asterisk.errors import HostileText
from ivr.asterisk.wire_events import ChannelId, ChannelName

# Everything our events need; narrows a login whose user may read more.
_EVENT_CLASSES = "system,call,user,agi,dtmf"


@dataclass(frozen=True, slots=True)
class Action:
    """One AMI action. `headers` are in the order they are sent and never hold Action or ActionID.

    `action_id`: the ActionID if the asker must know it beforehand, else the client makes one.
    `lists`: the answer is a list that ends with a Complete event.
    """

    name: str
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    action_id: str | None = None
    lists: bool = False


@dataclass(frozen=True, slots=True)
class AgiCommand:
    """One AGI command; made only by the builders below."""

    verb: str
    text: str = field(repr=False)


def render(action: Action, action_id: str) -> bytes:
    """The bytes of one action: exactly one line for each header; raises HostileText if not.

    Every value was checked where it came in; it is looked at once more because a line too many here
    is a call on somebody else's bill.
    """
    lines = [("Action", action.name), ("ActionID", action_id), *action.headers]
    text_of = "".join(f"{key}: {text.header(key, value)}\r\n" for key, value in lines)
    return f"{text_of}\r\n".encode()


# --- the link ------------------------------------------------------------------------------------


def login(username: str, secret: str) -> Action:
    """Sign in and ask for the classes of events that we understand."""
    return Action(
        "Login",
        (
            ("Username", text.header("username", username)),
            ("Secret", text.header("secret", secret)),
            ("Events", _EVENT_CLASSES),
        ),
    )


def ping() -> Action:
    """Ask for a sign of life."""
    return Action("Ping", ())


# --- calls ---------------------------------------------------------------------------------------


def phone(endpoint: str) -> str:
    """The dial target of one of our phones."""
    return f"PJSIP/{text.word('endpoint', endpoint)}"


def originate(
    target: str,
    *,
    channel_id: ChannelId,
    context: str,
    exten: str,
    timeout_ms: int,
    caller_number: str | None = None,
    caller_name: str | None = None,
    variables: Mapping[str, str] | None = None,
) -> Action:
    """Dial `target` (from `phone`); when answered it begins at context, exten, 1.

    Its ActionID is `channel_id`, so `OriginateDone.action_id` tells whose end it is. While a
    channel with this id lives the switch refuses a second. `caller_name` needs a `caller_number`.
    """
    headers = [
        ("Channel", text.dial_target("target", target)),
        ("Context", text.word("context", context)),
        ("Exten", text.word("exten", exten)),
        ("Priority", "1"),
        ("Timeout", str(int(timeout_ms))),
        # Without Async the link itself waits for the phone, and panoramisk loses it.
        ("Async", "true"),
        ("ChannelId", text.name("channel_id", channel_id)),
    ]
    if caller_number is not None:
        shown = f"<{text.number('caller_number', caller_number)}>"
        if caller_name is not None:
            spoken = text.quoted("caller_name", caller_name)
            if set("<>") & set(spoken):  # a name that poses as the number behind it
                raise HostileText("caller_name holds brackets")
            shown = f"{spoken} {shown}"
        headers.append(("CallerID", text.header("caller_id", shown)))
    for key, value in (variables or {}).items():
        headers.append(("Variable", _assignment(key, value)))
    return Action("Originate", tuple(headers), action_id=str(channel_id))


def bridge(first: ChannelName, second: ChannelName) -> Action:
    """Join two answered channels, at once and whatever runs on them; see `AgiDesk.bridge`.

    By their full names: given an id, the switch takes any channel whose id begins with it, so
    1700000000.1 would be joined as 1700000000.12, a stranger.
    """
    names = (text.full_name("first", first), text.full_name("second", second))
    return Action("Bridge", (("Channel1", names[0]), ("Channel2", names[1])))


def redirect(channel: ChannelId, *, context: str, exten: str) -> Action:
    """Take a channel out of whatever it does and go on at context, exten, 1."""
    return Action(
        "Redirect",
        (
            ("Channel", _channel(channel)),
            ("Context", text.word("context", context)),
            ("Exten", text.word("exten", exten)),
            ("Priority", "1"),
        ),
    )


def hangup(channel: ChannelId) -> Action:
    """End a channel, or cancel its dialling."""
    return Action("Hangup", (("Channel", _channel(channel)),))


def absolute_timeout(channel: ChannelId, seconds: int) -> Action:
    """Let the dialplan take the channel back after this time; 0 is refused by the switch."""
    return Action(
        "AbsoluteTimeout", (("Channel", _channel(channel)), ("Timeout", str(int(seconds))))
    )


def agi(channel: ChannelId, command: AgiCommand, command_id: str) -> Action:
    """Queue one AGI command; its end is told by `AgiAnswered` with `command_id`."""
    return Action(
        "AGI",
        (
            ("Channel", _channel(channel)),
            ("Command", text.header("command", command.text)),
            ("CommandID", text.name("command_id", command_id)),
        ),
    )


# --- the switch as a whole -----------------------------------------------------------------------


def core_show_channels() -> Action:
    """List every living channel, as `ChannelListed`."""
    return Action("CoreShowChannels", (), lists=True)


def device_state_list() -> Action:
    """List the state of every phone, as `DeviceListed`."""
    return Action("DeviceStateList", (), lists=True)


def setvar_global(name: str, value: str) -> Action:
    """Set a global variable; the controller's heartbeat is one."""
    return Action(
        "Setvar",
        (("Variable", text.variable("variable", name)), ("Value", text.dialplan("value", value))),
    )


def queue_status(queue: str) -> Action:
    """List one of the switch's own queues: `QueueMemberListed` and `QueueCallerListed`."""
    return Action("QueueStatus", (("Queue", text.word("queue", queue)),), lists=True)


def queue_add(queue: str, endpoint: str) -> Action:
    """Let a queue ring this phone; refused if it does already."""
    target = phone(endpoint)
    where = (("Queue", text.word("queue", queue)), ("Interface", target))
    return Action("QueueAdd", (*where, ("StateInterface", target)))


def queue_remove(queue: str, endpoint: str) -> Action:
    """Let a queue ring this phone no more; refused if it does not."""
    where = (("Queue", text.word("queue", queue)), ("Interface", phone(endpoint)))
    return Action("QueueRemove", where)


def missed_calls() -> Action:
    """List what the dialplan noted of calls that ended while nobody decided, as `CallNoted`."""
    return Action("DBGetTree", (("Family", "fz-missed"),), lists=True)


def forget_missed_call(channel: ChannelId) -> Action:
    """Delete what was kept of this call.

    A leg of our own dialplan does it: deleting in the switch's database directly would need a class
    that may also run console commands.
    """
    return originate(
        "Local/del@fz-db/n",
        channel_id=ChannelId(f"del-{channel}"),
        context="fz-db",
        exten="done",
        timeout_ms=2000,
        variables={"FZ_KEY": _channel(channel)},
    )


def begin_watch(watch: ChannelId) -> Action:
    """Have a channel of the dialplan watch the beat; the one that did so before ends by itself."""
    return originate(
        "Local/stand@fz-watch/n",
        channel_id=watch,
        context="fz-watch",
        exten="run",
        timeout_ms=2000,
    )


# --- AGI commands --------------------------------------------------------------------------------


def answer() -> AgiCommand:
    """Take the call."""
    return AgiCommand("ANSWER", "ANSWER")


def hang_up() -> AgiCommand:
    """End this channel, after the commands before it."""
    return AgiCommand("HANGUP", "HANGUP")


def stream_file(name: str, escape_keys: str = "") -> AgiCommand:
    """Play a file (no extension); `escape_keys` cut it. Ends the music, which stays off."""
    keys = text.keys("escape_keys", escape_keys)
    return AgiCommand("STREAM FILE", f'STREAM FILE {text.quoted("name", name)} "{keys}"')


def music_on(music_class: str) -> AgiCommand:
    """Music until a prompt, a bridge or `music_off`; an unknown class plays the default one."""
    return AgiCommand("SET MUSIC", f"SET MUSIC ON {text.word('music_class', music_class)}")


def music_off() -> AgiCommand:
    """Silence; must come before `exec_audiosocket`, else the caller hears only the music."""
    return AgiCommand("SET MUSIC", "SET MUSIC OFF")


def get_variable(name: str) -> AgiCommand:
    """Read a variable of this channel: result 1 and the value as data, or result 0."""
    return AgiCommand("GET VARIABLE", f"GET VARIABLE {text.variable('variable', name)}")


def exec_audiosocket(uuid: UUID, host: str, port: int) -> AgiCommand:
    """Join the caller's sound to our server until it closes; then read TRYSTATUS.

    Always in TryExec: a plain AudioSocket lost the call when the server had stalled.
    """
    # The comma between the two arguments is ours; neither part can hold one.
    where = f"{text.word('host', host)}:{int(port)}"
    return AgiCommand("EXEC AudioSocket", f'EXEC TryExec "AudioSocket({uuid},{where})"')


def _channel(channel: ChannelId) -> str:
    return text.name("channel", channel)


def _assignment(key: str, value: str) -> str:
    return f"{text.variable('variable', key)}={text.dialplan('variable value', value)}"
