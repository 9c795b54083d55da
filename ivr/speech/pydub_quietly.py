"""What we take from pydub, imported without the warnings that no user can act on."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    # Python 3.11 and 3.12 announce the end of audioop, whose place audioop-lts takes in 3.13.
    warnings.filterwarnings("ignore", "'audioop' is deprecated", DeprecationWarning)
    # Python compiles pydub anew where its byte code was not kept.
    warnings.filterwarnings("ignore", "invalid escape sequence", DeprecationWarning)
    warnings.filterwarnings("ignore", "invalid escape sequence", SyntaxWarning)
    # ffmpeg is for formats other than WAV, and WAV is all that is read and written here.
    warnings.filterwarnings("ignore", "Couldn't find ffmpeg", RuntimeWarning)
    from pydub import AudioSegment
    from pydub.silence import detect_leading_silence
    from pydub.utils import make_chunks

__all__ = ["AudioSegment", "detect_leading_silence", "make_chunks"]
