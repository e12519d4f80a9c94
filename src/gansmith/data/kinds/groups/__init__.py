"""Groups of rows: a parent and its children in one table, such as the orders of customers; the kind is in `kind`."""

from gansmith.data.kinds.groups.kind import Grouped as Grouped
from gansmith.data.kinds.groups.kind import Groups as Groups
