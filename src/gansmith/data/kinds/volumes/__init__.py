"""Volumes: shapes on a grid of cells, and grey volumes. Meshes, .binvox files and arrays are read."""

from gansmith.data.kinds.volumes.kind import Volumes

__all__ = ["Volumes"]
