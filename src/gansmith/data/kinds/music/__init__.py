"""Music: piano-rolls of one or more tracks, from MIDI files. `kind.py` is the door."""

from gansmith.data.kinds.music.kind import Music

__all__ = ["Music"]
