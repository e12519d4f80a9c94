"""Video: clips of one length, size and rate; the kind is in `kind`."""

from gansmith.data.kinds.video.kind import Video as Video
