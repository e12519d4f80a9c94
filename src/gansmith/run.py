"""The name that `gansmith.runs.train` had in version 0.1; kept for one release."""

from gansmith.runs.train import *  # noqa: F403
from gansmith.runs.train import data_of, fit, load, resume  # noqa: F401
