"""Which logit stands for which class of the data: names, synonyms, WordNet ids and indices."""

from __future__ import annotations

import dataclasses
import functools
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from audit.errors import InputError
from audit.models.base import Classifier
from audit.models.network import ClassList
from audit.models.options import integer, near

IMAGENET_SUBSETS: Mapping[int, str] = {
    1000: "imagenet1k",
    11821: "imagenet12k",
    21841: "imagenet22k",
    21843: "imagenet21k",
}
"""ImageNet's class lists by their number of classes."""

SHOWN = 4
"""How many classes a problem names before it says "and more"."""

CLOSE = 0.84
"""Likeness of two class names from which one may be the other, misspelt."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClassMatch:
    """The logit of every class of a dataset.

    Parameters
    ----------
    classes
        The dataset's classes.
    columns
        The logit of each class; -1 where none or several fit.
    problems
        What keeps the classes from being matched, in plain words with the remedy; empty when all is well.
    notes
        What was assumed.
    """

    classes: tuple[str, ...]
    columns: tuple[int, ...]
    problems: list[str]
    notes: tuple[str, ...] = ()

    def select(self, logits: Any) -> Any:
        """Return the logits of the dataset's classes, in their order: (n, classes) of the same kind and type.

        Parameters
        ----------
        logits
            Array or tensor (n, logits of the model).

        Raises
        ------
        InputError
            If the classes could not be matched, or there are fewer logits than the match needs.
        """
        if self.problems:
            raise InputError(f"`label` must name classes of the model: {'; '.join(self.problems)}.")
        if max(self.columns) >= logits.shape[1]:
            raise InputError(f"`logits` must have at least {max(self.columns) + 1} columns; got {logits.shape[1]}.")
        return logits[:, list(self.columns)]


def match_classes(model: Classifier, classes: Sequence[str]) -> ClassMatch:
    """Match a dataset's classes to a model's logits.

    Tried in this order: the full name or an alias such as a WordNet id; the first synonym; any synonym. Case,
    underscores, hyphens and accents do not count. When no class is found by name and all are whole numbers, they
    are taken as indices.

    Parameters
    ----------
    model
        A classifier; ``class_aliases`` and ``class_offset`` are used where it has them.
    classes
        Names, WordNet ids or indices.
    """
    names = tuple(model.class_names)
    offset = int(getattr(model, "class_offset", 0))
    tiers = _tiers(names, tuple(getattr(model, "class_aliases", ())))
    candidates = [_same_case(str(name), _candidates(str(name), tiers), names) for name in classes]
    if not any(candidates) and all(str(name).isdecimal() for name in classes):
        return _by_index(model, classes, names, offset)
    problems = _unmatched(model, classes, candidates, names) + _ambiguous(model, classes, candidates, names)
    columns = tuple(found[0] if len(found) == 1 else -1 for found in candidates)
    problems += _collisions(classes, columns)
    return ClassMatch(classes=tuple(classes), columns=columns, problems=problems)


def normalised(name: str) -> str:
    """Return a name without case, accents, underscores, hyphens and doubled spaces."""
    plain = unicodedata.normalize("NFKD", name)
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return " ".join(re.sub(r"[_\-\s]+", " ", plain).split()).casefold()


def synonyms(name: str) -> list[str]:
    """Return the names that a class list writes in one entry: "tench, Tinca tinca" or "Tinca tinca (Tench)"."""
    parts = [part for part in name.split(",") if part.strip()]
    bracketed = re.fullmatch(r"\s*(.+?)\s*\((.+)\)\s*", name)
    if bracketed and len(parts) == 1:
        parts = [bracketed.group(1), bracketed.group(2)]
    return [part.strip() for part in parts]


def _tiers(names: tuple[str, ...], aliases: tuple[tuple[str, ...], ...]) -> tuple[dict[str, list[int]], ...]:
    certain: dict[str, list[int]] = {}
    first: dict[str, list[int]] = {}
    further: dict[str, list[int]] = {}
    for column, name in enumerate(names):
        parts = synonyms(name)
        if len(parts) > 1:
            _add(certain, name, column)
        for alias in aliases[column] if aliases else ():
            _add(certain, alias, column)
        for position, part in enumerate(parts):
            _add(further if position else first, part, column)
    return certain, first, further


def _add(tier: dict[str, list[int]], name: str, column: int) -> None:
    columns = tier.setdefault(normalised(name), [])
    if column not in columns:
        columns.append(column)


def _candidates(name: str, tiers: Iterable[Mapping[str, list[int]]]) -> list[int]:
    key = normalised(name)
    return next((tier[key] for tier in tiers if key in tier), [])


def _same_case(name: str, columns: list[int], names: tuple[str, ...]) -> list[int]:
    """Return the one column whose first synonym is written in the same case ("Cardigan" the dog), else all."""
    wanted = name.replace("_", " ")
    exact = [column for column in columns if synonyms(names[column])[0] == wanted]
    return exact if len(columns) > 1 and len(exact) == 1 else columns


def _by_index(model: Classifier, classes: Sequence[str], names: tuple[str, ...], offset: int) -> ClassMatch:
    columns = tuple(int(name) + offset for name in classes)
    problems = []
    if names and max(columns) >= len(names):
        worst = max(int(name) for name in classes)
        problems.append(
            f"class {worst} is no index of {model.name}, which has {len(names) - offset} classes: "
            "use a label column of names",
        )
    note = f"The labels are numbers and were taken as the indices of {model.name}'s classes."
    return ClassMatch(classes=tuple(classes), columns=columns, problems=problems, notes=(note,))


def _unmatched(
    model: Classifier,
    classes: Sequence[str],
    candidates: Sequence[list[int]],
    names: tuple[str, ...],
) -> list[str]:
    lost = [str(name) for name, found in zip(classes, candidates, strict=True) if not found]
    if not lost:
        return []
    if not names:
        said = f"{model.name} does not say what its logits stand for: "
        return [said + "give ?class_names=FILE (one name a line) or labels that are indices"]
    words = list(dict.fromkeys(normalised(part) for name in names for part in synonyms(name)))
    # A dog is neither dough nor a hotdog: of words as short as these only a slip of the pen is near.
    hint = near(normalised(lost[0]), words, n=3, cutoff=CLOSE, parts=False) if len(words) < 30_000 else ""
    problem = (
        f"{_quoted(lost)} of the data {'is' if len(lost) == 1 else 'are'} unknown to {model.name} "
        f"({len(names)} logits, such as '{names[-1]}').{hint} Give labels it knows, ?class_names=FILE, "
        "or a model with a text encoder"
    )
    return [problem]


def _ambiguous(
    model: Classifier,
    classes: Sequence[str],
    candidates: Sequence[list[int]],
    names: tuple[str, ...],
) -> list[str]:
    doubtful = [(str(name), found) for name, found in zip(classes, candidates, strict=True) if len(found) > 1]
    if not doubtful:
        return []
    aliases = tuple(getattr(model, "class_aliases", ()))
    meanings = [
        f"'{name}' ("
        + " or ".join(" ".join((*(aliases[column] if aliases else ()), f"'{names[column]}'")) for column in found)
        + ")"
        for name, found in doubtful[:SHOWN]
    ]
    more = f" and {len(doubtful) - SHOWN} more" if len(doubtful) > SHOWN else ""
    remedy = "one of WordNet ids (wnid)" if aliases else "one with a name for each class"
    problem = (
        f"{len(doubtful)} class name{'s' if len(doubtful) > 1 else ''} could mean several classes of {model.name}: "
        f"{', '.join(meanings)}{more}. Use a label column that tells them apart, {remedy}"
    )
    return [problem]


def _collisions(classes: Sequence[str], columns: tuple[int, ...]) -> list[str]:
    by_column: dict[int, list[str]] = {}
    for name, column in zip(classes, columns, strict=True):
        if column >= 0:
            by_column.setdefault(column, []).append(str(name))
    return [
        f"{_quoted(same)} of the data are one class to the model (logit {column}): merge them in the label column"
        for column, same in by_column.items()
        if len(same) > 1
    ]


def _quoted(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(f"'{name}'" for name in names[:SHOWN]) + more


@functools.lru_cache(maxsize=4)
def imagenet_classes(subset: str) -> ClassList:
    """Return an ImageNet class list, in logit order: all lemmas as the name, the WordNet id as the alias.

    The names are those that timm carries (WordNet's lemmas).

    Raises
    ------
    InputError
        If the subset is unknown.
    """
    from timm.data.imagenet_info import ImageNetInfo

    try:
        info: Any = ImageNetInfo(subset)
    except AssertionError:
        raise InputError(
            f"`class_names` must be a file or one of {', '.join(IMAGENET_SUBSETS.values())}; got '{subset}'.",
        ) from None
    synsets = cast("list[str]", info.label_names())
    return ClassList(
        names=tuple(info.label_name_to_description(synset) for synset in synsets),
        aliases=tuple((synset,) for synset in synsets),
    )


def class_list(options: Mapping[str, str], n: int, *, certain: bool) -> tuple[ClassList, list[str]]:
    """Return what the logits of a network stand for, and notes on what was assumed.

    Parameters
    ----------
    options
        ``class_names`` (a file, or an ImageNet list such as imagenet1k) and ``class_offset`` (leading logits that
        are no class) of the specification, both optional.
    n
        Number of logits.
    certain
        Whether the weights are known to be trained on ImageNet when ``n`` says so; a note is made otherwise.

    Raises
    ------
    InputError
        If the number of names does not fit.
    """
    offset = integer(options, "class_offset")
    source = options.get("class_names")
    notes = []
    if source is None:
        offset = offset if offset is not None else int(n - 1 in IMAGENET_SUBSETS)
        subset = IMAGENET_SUBSETS.get(n - offset)
        if subset is None:
            return ClassList(), []
        if not certain:
            notes.append(
                f"The {n} logits were taken to be the classes of {subset}"
                f"{f' after {offset} background logit' if offset else ''}; say class_names=FILE if they are not.",
            )
        found = imagenet_classes(subset)
    else:
        path = Path(source).expanduser()
        found = ClassList(names=read_class_names(path)) if path.is_file() else imagenet_classes(source)
        if offset is None:
            offset = int(not path.is_file() and n == len(found.names) + 1)
    if len(found.names) + offset != n:
        raise InputError(
            f"`class_names` must name every logit: {len(found.names)} names and {offset} background logits for "
            f"{n} logits. Set class_offset or num_classes, or give another list.",
        )
    background = tuple("background" for _ in range(offset))
    aliases = ((),) * offset + found.aliases if found.aliases else ()
    return ClassList(names=background + found.names, aliases=aliases, offset=offset), notes


def read_class_names(path: Path) -> tuple[str, ...]:
    """Return the class names of a file: one a line, or JSON (a list, or an object of index to name).

    Raises
    ------
    InputError
        If the file cannot be read or an index is missing.
    """
    try:
        text = path.read_text(encoding="utf-8")
        content = json.loads(text) if path.suffix == ".json" else text.splitlines()
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"`class_names` must be a text or JSON file; '{path}' cannot be read: {error}.") from error
    if isinstance(content, dict):
        keys = [str(i) for i in range(len(content))]
        if set(content) != set(keys):
            raise InputError(f"`class_names` must have the indices 0 to {len(keys) - 1} as keys in '{path}'.")
        content = [content[key] for key in keys]
    names = tuple(str(name).strip() for name in content)
    while names and not names[-1]:
        names = names[:-1]
    if not names:
        raise InputError(f"`class_names` must hold at least one name; '{path}' is empty.")
    return names


def named_classes(names: Sequence[str]) -> ClassList:
    """Return a class list of names that came with the weights; ImageNet's WordNet ids are added where they fit."""
    unknown = all(re.fullmatch(r"LABEL_\d+|\d+|", str(name)) for name in names)
    if unknown:
        return ClassList()
    subset = IMAGENET_SUBSETS.get(len(names))
    if subset is not None:
        known = imagenet_classes(subset)
        firsts = [normalised(synonyms(name)[0]) for name in known.names]
        given = [normalised(str(name).split(",")[0]) for name in names]
        if np.mean([name == first for name, first in zip(given, firsts, strict=True)]) > 0.7:
            return ClassList(names=tuple(map(str, names)), aliases=known.aliases)
        if all(str(name) == alias[0] for name, alias in zip(names, known.aliases, strict=True)):
            return known
    return ClassList(names=tuple(map(str, names)))
