"""Sequences of symbols: lines of text, genes, proteins; the kind is in `kind`."""

from gansmith.data.kinds.symbols.kind import Symbols as Symbols
