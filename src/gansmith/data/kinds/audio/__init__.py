"""Sound: recordings of one rate and length; the kind is in `kind`."""

from gansmith.data.kinds.audio.kind import FULL as FULL
from gansmith.data.kinds.audio.kind import Audio as Audio
from gansmith.data.kinds.audio.kind import tones as tones
from gansmith.data.kinds.audio.kind import waves as waves
