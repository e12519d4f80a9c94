"""One file for each kind of data, or one package whose `kind.py` holds the class.

`KINDS` is all there is to know of them: the name -> the class.

The order is that in which arrays of numbers are offered to them: the first that finds its own keeps them. A kind of
one's own is added by `gansmith.KINDS["name"] = MyKind`; docs/own-kind.md shows one.
"""

from gansmith.data.kinds.arrays import Arrays
from gansmith.data.kinds.audio import Audio
from gansmith.data.kinds.groups import Groups
from gansmith.data.kinds.images import Images
from gansmith.data.kinds.music import Music
from gansmith.data.kinds.series import Series
from gansmith.data.kinds.showers import Showers
from gansmith.data.kinds.symbols import Symbols
from gansmith.data.kinds.table import TableSpec
from gansmith.data.kinds.text import Words
from gansmith.data.kinds.vectors import Vectors
from gansmith.data.kinds.video import Video
from gansmith.data.kinds.volumes import Volumes
from gansmith.data.spec import Kind

KINDS: dict[str, type[Kind]] = {
    "audio": Audio,
    "music": Music,
    "video": Video,
    "images": Images,
    "table": TableSpec,
    "words": Words,
    "vectors": Vectors,
    "volumes": Volumes,
    "arrays": Arrays,
    "series": Series,
    "groups": Groups,
    "symbols": Symbols,
    "showers": Showers,
}
