"""The real programs of the tests, fetched once into the cache folder where the machine has none."""

from __future__ import annotations

import functools

from ivr import resources
from ivr.asterisk.install import Asterisk, find_asterisk, find_espeak, install
from ivr.speech.espeak import EspeakNg


@functools.cache
def real_asterisk() -> Asterisk:
    """The Asterisk that a service on this machine would run."""
    found = find_asterisk(None, resources.cache_folder())
    if found is None:
        install(resources.cache_folder(), print)
        found = find_asterisk(None, resources.cache_folder())
    assert found is not None, "no Asterisk, and none could be fetched"
    return found


@functools.cache
def real_espeak() -> EspeakNg:
    """The espeak-ng that a service on this machine would use."""
    found = find_espeak(resources.cache_folder())
    if found is None:
        install(resources.cache_folder(), print)
        found = find_espeak(resources.cache_folder())
    assert found is not None, "no espeak-ng, and none could be fetched"
    return EspeakNg(found)
