"""Discovery by import: audits, readers and model families are found, never listed.

The package's own plug-ins and a stranger's come through the same door, an entry point of the group
``audit.audits``, ``audit.readers`` or ``audit.models`` that names a module or a package of modules.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType

from audit.base import Audit
from audit.errors import InputError


def modules(group: str) -> Iterator[ModuleType]:
    """Yield every module behind the entry points of a group; packages are searched, private modules skipped."""
    seen: set[str] = set()
    points = _points(group, tuple(sys.path))
    for point in sorted(points, key=lambda point: (point.name != "builtin", point.name)):
        found = importlib.import_module(point.value.partition(":")[0])
        names = [found.__name__]
        if hasattr(found, "__path__"):
            children = pkgutil.iter_modules(found.__path__, prefix=f"{found.__name__}.")
            names = [child.name for child in children if not child.name.rpartition(".")[2].startswith("_")]
        for name in sorted(names):
            if name not in seen:
                seen.add(name)
                yield importlib.import_module(name)


# Reading what every installed package declares takes longer than everything else a page looks up.
@functools.lru_cache(maxsize=32)
def _points(group: str, path: tuple[str, ...]) -> tuple[EntryPoint, ...]:  # noqa: ARG001 - the path is the key
    return tuple(entry_points(group=group))


CATEGORIES = ("Groups", "Shortcuts", "Features", "Explanations")
"""Categories in the order of a review: who is served worse, by which shortcut, through what, explained how."""


def audits() -> dict[str, type[Audit]]:
    """Return every audit class by name, in the order of their titles within categories.

    Categories of :data:`CATEGORIES` come first, others by name.

    Raises
    ------
    InputError
        If two modules of the same name hold an audit.
    """
    found: dict[str, type[Audit]] = {}
    for module in modules("audit.audits"):
        for _, member in inspect.getmembers(module, inspect.isclass):
            if not issubclass(member, Audit) or inspect.isabstract(member) or member.__module__ != module.__name__:
                continue
            name = module.__name__.rpartition(".")[2]
            if name in found:
                raise InputError(
                    f"`{name}` must name one audit; both {found[name].__module__} and {module.__name__} hold one.",
                )
            found[name] = member
    place = {category: position for position, category in enumerate(CATEGORIES)}

    def order(pair: tuple[str, type[Audit]]) -> tuple[int, str, str]:
        return place.get(pair[1].category, len(place)), pair[1].category, pair[1].title

    return dict(sorted(found.items(), key=order))


def audit_class(name: str) -> type[Audit]:
    """Return the audit of a name.

    Raises
    ------
    InputError
        If there is none; the message lists the names.
    """
    known = audits()
    if name not in known:
        raise InputError(f"`audit` must be one of {', '.join(known)}; got '{name}'.")
    return known[name]
