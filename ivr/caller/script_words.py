"""All words of a call script, for those who write one; `freizeichen call --words` shows it."""

from __future__ import annotations

SCRIPT_WORDS = """\
A call script is YAML. Seconds are numbers up to 600; names have letters, digits, '_', '-', '.'.
A step that does not come true in its time fails the call, and those behind it are not tried.

about: TEXT                     what the call is for; stands in the report
language: ko                    only this language's prompts are listened for; else all
answered_within_s: 20           how long the call may ring
agents:                         brought along, registered, marked ready, taken away at the end
  - agent: jiwoo                which one; else the next that has a phone account
    answer: yes                 or never (lets it ring), or decline
    answer_after_s: 0.5         how long the agent's phone rings
    speak: SPEECH               what the agent says once the talk begins
    hang_up_after_s: 4          after the answer; without it the far end ends the talk
steps:                          one after the other, each with exactly one of these words
  - hear: NAME                  true as soon as this prompt is recognised; or in full
  - hear: {prompt: NAME, within_s: 15, to_end: true}      to_end: true only when it is over
  - press: "012"                keys, in quotes; a blank is a pause; in full {keys: "1 2"}
  - say: SPEECH                 speak to the end; beside the words of SPEECH it takes
                                  after_s: 1.5            after the last prompt heard began
                                  silent_within_s: 0.3    from our first sound to its silence
                                  answered_within_s: 0.8  from our last sound to the answer's first
                                  to_end: false           the next step begins meanwhile
  - quiet: {for_s: 1, within_s: 15}                       nothing is heard for so long
  - hear_tone: {hz: 1130, for_s: 0.5, within_s: 15}       100 to 3600 Hz; or hear_tone: 1130
  - wait_s: 2                   let time pass
  - wait_for_hang_up: {within_s: 15}                      the far end ends the call
  - hang_up: true               end the call; the end of the script does so too
expect:                         what must be true in the end; leave out what does not matter
  bridged: true                 whether an agent of the script was heard
  hung_up_by: caller            or service, or agent
  heard_by_agent: true          whether an agent of the script heard what the caller said
  understood: [인터넷, 도움]      the words the service understood, in order, as it tells
  heard_at_most: {NAME: 2}      how often a prompt may be heard
  rejected: 486                 the call is refused with this SIP code; then there are no steps

SPEECH is one of
  {text: TEXT, language: ko, voice: ko+f2, speed: 120}    espeak-ng; 80 to 400 words a minute
  {wav: FILE}                                             a WAV file, relative to the script
  {tone_hz: 1130, for_s: 2}                               a tone
"""
