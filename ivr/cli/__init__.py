"""The command `freizeichen`: one file for each of its words."""

from __future__ import annotations

import typer

from ivr.cli import (
    agents,
    backup,
    bench,
    call,
    dialplan,
    doctor,
    init,
    journal,
    logs,
    models,
    prompts,
    queues,
    records,
    replay,
    service,
    simulate,
    status,
    switch,
    up,
)

app = typer.Typer(
    name="freizeichen",
    help="The phone line that settles what it can and brings everyone else to the right human.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("up")(up.up)
app.command("status")(status.status)
app.command("init")(init.init)
app.command("doctor")(doctor.doctor)
app.command("call")(call.call)
app.command("explain")(journal.explain_command)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.command("logs")(logs.logs)
app.command("replay")(replay.replay_command)
app.command("simulate")(simulate.simulate)
app.command("bench")(bench.bench)
app.add_typer(agents.app, name="agents")
app.add_typer(queues.app, name="queues")
app.add_typer(dialplan.app, name="dialplan")
app.add_typer(models.app, name="models")
app.add_typer(prompts.app, name="prompts")
app.add_typer(records.app, name="records")
app.add_typer(service.app, name="service")
app.add_typer(switch.app, name="asterisk")
