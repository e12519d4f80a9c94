"""What is going wrong in a run, since when, and what to change.

>>> import gansmith as gs
>>> for finding in gs.diagnose.run("runs/x"):
...     print(finding)

`fit` with a run folder watches by itself (`watch.Watch`); docs/diagnose.md lists the findings and how they are told.
"""

from gansmith.diagnose.dynamics import duality_gap, rotation
from gansmith.diagnose.findings import Diagnosis, Finding, run, spell
from gansmith.diagnose.monitor import Failed, Watch
from gansmith.diagnose.probes import Probes

__all__ = ["Diagnosis", "Failed", "Finding", "Probes", "Watch", "duality_gap", "rotation", "run", "spell"]
