"""Tables: rows of columns that each come back as they went in; the kind is in `kind`."""

from gansmith.data.kinds.table.kind import Source as Source
from gansmith.data.kinds.table.kind import Table as Table
from gansmith.data.kinds.table.kind import TableSpec as TableSpec
from gansmith.data.kinds.table.kind import as_table as as_table
