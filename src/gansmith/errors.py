"""The errors of gansmith, told apart by class. The text of each says what was found, where, and what to type instead.

UserError            bad input: the command line prints it as one line and exits with code 2
  SettingError       a setting or option that does not exist, or that cannot have this value
  DataError          data that cannot be read, or that does not suit what is to be done with it
  NotFittedError     a model that was never trained is asked for samples or scores
Diverged             gradients were not finite for so long that going on is useless: exit code 1
RankLost             a process of a distributed run is gone, and the others cannot go on without it: exit code 1
"""

from gansmith.names import shown


class UserError(ValueError):
    """Bad input or a bad setting: the command line prints it as one line and exits with code 2.

    One line, whatever the names in it hold: control characters are written out.
    """

    def __str__(self) -> str:
        return shown(super().__str__())


class SettingError(UserError):
    """A setting or option that does not exist, or that cannot have the value it was given."""


class DataError(UserError):
    """Data that cannot be read, or that does not suit what is to be done with it."""


class NotFittedError(UserError, AttributeError):
    """A model is used before `fit`; a ValueError and an AttributeError, as scikit-learn's error of this name is."""


class Diverged(RuntimeError):
    """A player's gradient was not finite for so long that training stopped; its weights are the last finite ones."""


class RankLost(RuntimeError):
    """A process of a distributed run is gone, and the others cannot go on without it."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory, of the machine or of a GPU, ran out.

    By class where there is one (MemoryError, torch.OutOfMemoryError). For main memory torch has none: what its
    allocator raises is a RuntimeError that is known by its text alone.
    """
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and "DefaultCPUAllocator" in str(error)


def nearest(word: str, words) -> str:
    """' Did you mean X?' for the closest of `words`, or '' when none is close."""
    from difflib import get_close_matches

    close = get_close_matches(word, list(words), n=1, cutoff=0.5)
    return f" Did you mean {close[0]}?" if close else ""
