"""Journey: faulty recordings lie in the folder, and a real caller is answered all the same."""

from __future__ import annotations

import os

import numpy as np

from tests.folders import open_folder
from tests.journeys.service import SCRIPTS, call, running_service
from tests.unit.ivr.speech.prompt_making import record


def test_a_line_with_faulty_recordings_answers_and_says_what_to_mend() -> None:
    with open_folder() as folder:
        recorded = folder / "recorded"
        silent = record(recorded, "ko/farewell", np.zeros(8000), 8000)
        os.mkfifo(recorded / "ko" / "welcome.wav")
        with running_service(folder, recorded_prompts=str(recorded)) as service:
            said = service.said()
            assert f"warning: {silent}: is silent; record it anew or delete it" in said
            assert "welcome.wav: is no ordinary file" in said
            status, health = service.health()
            assert (status, health["checks"]["prompts"]) == (200, "degraded")
            assert [(each["code"], each["text"]) for each in health["reasons"]["prompts"]] == [
                (
                    "recording_unusable",
                    "the recording of 'ko/farewell' is silent; record it anew or delete it",
                ),
                (
                    "recording_unusable",
                    "the recording of 'ko/welcome' is no ordinary file; mend or delete it",
                ),
            ]
            status, report = call(service, "300", SCRIPTS / "ko-keys.yaml")
            assert status == 0, report
