"""The one error a user can cause. Its text says what was found, where, and what to type instead."""


class UserError(ValueError):
    """Bad input or a bad setting: the command line prints it as one line and exits with code 2."""


def nearest(word: str, words) -> str:
    """' Did you mean X?' for the closest of `words`, or '' when none is close."""
    from difflib import get_close_matches

    close = get_close_matches(word, list(words), n=1, cutoff=0.5)
    return f" Did you mean {close[0]}?" if close else ""
