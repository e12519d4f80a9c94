"""Series: what is measured again and again in the order of time; the kind is in `kind`."""

from gansmith.data.kinds.series.kind import Series as Series
from gansmith.data.kinds.series.windows import Member as Member
