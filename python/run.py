"""The run as it was handed over, `run.json`, and words of the command line that change its settings: `lr=5e-4 steps=20000`."""
import json
import os
import sys


def fail(what, remedy):
    """An error for people: what is wrong, and what to do."""
    sys.exit(f"{what} {remedy}")


# Everything else needs it; whoever starts a command without it is told so in words.
try:
    import torch  # noqa: F401
except ImportError as error:
    fail(
        f"{sys.executable} cannot load PyTorch ({error}).",
        "Install it (pip install torch; on Debian apt-get install python3-torch, for /usr/bin/python3), or take a Python that has it.",
    )

HERE = os.path.dirname(os.path.abspath(__file__))


def here(name):
    return os.path.join(HERE, name)


def read_run():
    with open(here("run.json"), encoding="utf-8") as file:
        return json.load(file)


def changed(settings, words, own):
    """The settings with `key=value` words applied, and the command's `own` keys (a dict of their defaults). Ends on anything else."""
    settings, own = dict(settings), dict(own)
    for word in words:
        key, equals, value = word.lstrip("-").partition("=")
        table = own if key in own else settings if key in settings else None
        if not equals or table is None:
            fail(f'Cannot read "{word}".', f"Write key=value with one of: {', '.join([*own, *settings])}.")
        table[key] = as_before(key, value, table[key])
    return settings, own


def as_before(key, value, default):
    """The text as the kind of value that the default is."""
    if not isinstance(default, (int, float)):
        return value
    try:
        number = float(value)
    except ValueError:
        fail(f'{key} cannot be "{value}".', "Give a number.")
    return int(number) if number.is_integer() else number
