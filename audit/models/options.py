"""Values of a model specification's options: text to numbers, flags and choices, with errors in plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from audit.errors import InputError, near

__all__ = [
    "channels",
    "choice",
    "flag",
    "integer",
    "model_name",
    "near",
    "number",
    "random_seed",
    "short_name",
    "size",
    "untrained",
]

TRUE = frozenset({"true", "yes", "on", "1"})
FALSE = frozenset({"false", "no", "off", "0"})


def model_name(
    family: str, name: str, *, weights: Path | None, seed: int | None, options: Mapping[str, str] | None = None
) -> str:
    """Return the name of a model as a short specification, without folders.

    Parameters
    ----------
    family, name
        As in the specification.
    weights
        Its file, where it has one.
    seed
        Of random weights.
    options
        As given: two models that differ in one of them have two names.
    """
    said = {} if weights is None else {"weights": weights.name}
    if seed is not None:
        said["seed"] = str(seed)
    for key, value in (options or {}).items():
        said.setdefault(key, Path(value).name)
    if not said:
        return f"{family}:{name}"
    return f"{family}:{name}?{'&'.join(f'{key}={value}' for key, value in said.items())}"


def short_name(spec: str, most: int = 60) -> str:
    """Return a model's name as a heading can hold it: without options, but with the weights' file or the column.

    Parameters
    ----------
    spec
        The name, as :func:`model_name` makes it.
    most
        Most letters.
    """
    head, _, tail = spec.partition("?")
    options = dict(part.partition("=")[::2] for part in tail.split("&") if part)
    said = next((options[key] for key in ("weights", "prediction") if options.get(key)), "")
    name = f"{head} ({said})" if said else head
    return name if len(name) <= most else f"{name[: most - 1].rstrip()}…"


def integer(options: Mapping[str, str], key: str, *, low: int = 0) -> int | None:
    """Return an option as an integer, or ``None`` when it is not given.

    Raises
    ------
    InputError
        If it is no integer or below ``low``.
    """
    if key not in options:
        return None
    text = options[key].strip()
    if not text.lstrip("-").isdecimal() or int(text) < low:
        raise InputError(f"`{key}` must be an integer of at least {low}; got '{options[key]}'.")
    return int(text)


def random_seed(options: Mapping[str, str], *, random: bool) -> int | None:
    """Return the seed of a model with random weights (0 unless given), ``None`` for any other.

    Raises
    ------
    InputError
        If a seed is given for a model that is not random.
    """
    seed = integer(options, "seed")
    if not random and seed is not None:
        raise InputError("`seed` must be left out unless the tag is 'random': only untrained weights are drawn.")
    return (seed or 0) if random else None


def untrained(seed: int | None) -> list[str]:
    """Return the note that a model with random weights carries; nothing for a trained one."""
    return [] if seed is None else [f"Untrained network: random weights of seed {seed}."]


def number(options: Mapping[str, str], key: str, *, low: float, high: float) -> float | None:
    """Return an option as a number in [low, high], or ``None`` when it is not given."""
    if key not in options:
        return None
    value = _float(key, options[key])
    if not low <= value <= high:
        raise InputError(f"`{key}` must be between {low:g} and {high:g}; got '{options[key]}'.")
    return value


def channels(options: Mapping[str, str], key: str) -> tuple[float, float, float] | None:
    """Return an option as one number a channel: ``0.5`` or ``0.485,0.456,0.406``."""
    if key not in options:
        return None
    values = [_float(key, part) for part in options[key].split(",")]
    if len(values) == 1:
        values *= 3
    if len(values) != 3:
        raise InputError(f"`{key}` must be one number or three, separated by commas; got '{options[key]}'.")
    return values[0], values[1], values[2]


def size(options: Mapping[str, str], key: str) -> tuple[int, int] | None:
    """Return an option as (height, width) in pixels: ``224`` or ``224x192``."""
    if key not in options:
        return None
    parts = options[key].lower().split("x")
    if len(parts) > 2 or not all(part.strip().isdecimal() and int(part) > 0 for part in parts):
        raise InputError(f"`{key}` must be pixels, as 224 or HEIGHTxWIDTH; got '{options[key]}'.")
    return int(parts[0]), int(parts[-1])


def flag(options: Mapping[str, str], key: str) -> bool | None:
    """Return an option as true or false, or ``None`` when it is not given."""
    if key not in options:
        return None
    text = options[key].strip().lower()
    if text not in TRUE | FALSE:
        raise InputError(f"`{key}` must be true or false; got '{options[key]}'.")
    return text in TRUE


def choice(options: Mapping[str, str], key: str, allowed: Sequence[str]) -> str | None:
    """Return an option that must be one of several words, or ``None`` when it is not given."""
    if key not in options:
        return None
    if options[key] not in allowed:
        raise InputError(f"`{key}` must be one of {', '.join(allowed)}; got '{options[key]}'.")
    return options[key]


def _float(key: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"`{key}` must be a number; got '{text}'.") from None
