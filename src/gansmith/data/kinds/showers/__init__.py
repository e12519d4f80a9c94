"""Showers of particles in the layers of a calorimeter, and jets as images; the kind is in `kind`."""

from gansmith.data.kinds.showers.kind import Showers as Showers
