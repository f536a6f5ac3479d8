"""What libraries say while they load a model, and what they fail with, in words for the reader of a result."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import urllib.parse
import urllib.request
import warnings
from collections.abc import Iterator
from typing import Any

from audit.errors import InputError

LOGGERS = ("", "transformers", "huggingface_hub", "open_clip", "timm")
"""Loggers that speak while a model loads; the first is the root."""


_ONE_AT_A_TIME = threading.RLock()
"""Warnings, loggers and the hub's settings belong to the whole process: models load one after the other."""


class _Collector(logging.Handler):
    def __init__(self, messages: list[str]) -> None:
        super().__init__(level=logging.WARNING)
        self._messages = messages

    def emit(self, record: logging.LogRecord) -> None:
        self._messages.append(record.getMessage())


@contextlib.contextmanager
def library_messages() -> Iterator[list[str]]:
    """Collect what libraries warn of, by ``warnings`` and by ``logging``, instead of printing it.

    Only one thread at a time is inside; handlers that the program gave the root logger go on hearing.

    Yields
    ------
    list of str
        Filled while the block runs; each message once, as one line.
    """
    with _ONE_AT_A_TIME:
        yield from _collect()


def _collect() -> Iterator[list[str]]:
    heard: list[str] = []
    collected: list[str] = []
    collector = _Collector(heard)
    loggers = [logging.getLogger(name) for name in LOGGERS]
    silenced: list[tuple[logging.Logger, list[logging.Handler]]] = []
    for logger in loggers:
        if logger.name != "root":
            silenced.append((logger, logger.handlers[:]))
            logger.handlers[:] = []
            if logger.propagate:
                continue
        logger.addHandler(collector)
    try:
        with warnings.catch_warnings(record=True) as caught, _without_progress_bars():
            warnings.simplefilter("always")
            yield collected
    finally:
        for logger in loggers:
            logger.removeHandler(collector)
        for logger, handlers in silenced:
            logger.handlers[:] = handlers
        said = [str(warning.message) for warning in caught if not _routine(warning)] + heard
        collected.extend(dict.fromkeys(" ".join(text.split()) for text in said))


def _routine(warning: warnings.WarningMessage) -> bool:
    """Return whether a warning speaks to the library's own authors rather than to the model's user."""
    quiet = (DeprecationWarning, PendingDeprecationWarning, FutureWarning, ImportWarning, ResourceWarning)
    return issubclass(warning.category, quiet)


@contextlib.contextmanager
def _without_progress_bars() -> Iterator[None]:
    from huggingface_hub.utils import (  # type: ignore[attr-defined, unused-ignore]
        are_progress_bars_disabled,
        disable_progress_bars,
        enable_progress_bars,
    )

    if are_progress_bars_disabled():
        yield
        return
    disable_progress_bars()
    try:
        yield
    finally:
        enable_progress_bars()


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw initial weights from a seed and leave the caller's random state as it was."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


@contextlib.contextmanager
def hub(*, allowed: bool = True) -> Iterator[None]:
    """Let the hub's library use its cache alone while the block runs, where the network is unwanted or out of reach.

    Without this an unreachable hub is asked five times with growing pauses, for most of a minute. The library's
    own setting (``HF_HUB_OFFLINE``) is respected and put back.

    Parameters
    ----------
    allowed
        Whether the network may be used at all.
    """
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    if before or (allowed and _reachable(str(constants.ENDPOINT))):
        yield
        return
    constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def _reachable(endpoint: str) -> bool:
    """Return whether the hub's name can be looked up; behind a proxy that is the proxy's business."""
    if urllib.request.getproxies():
        return True
    try:
        socket.getaddrinfo(urllib.parse.urlsplit(endpoint).hostname, 443)
    except OSError:
        return False
    return True


def not_available(what: str, error: Exception, remedy: str) -> InputError:
    """Return the error for a model that is neither in the cache nor can be fetched."""
    return InputError(
        f"`model` must be in the cache or within reach of the network; '{what}' is not: {first_line(error)} {remedy}",
    )


def first_line(error: Exception) -> str:
    """Return an error's first line as a short sentence."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = (lines[0] if lines else type(error).__name__).rstrip(".:")
    return f"{text[:200]}."


def versions(*packages: str) -> dict[str, str]:
    """Return the installed versions of packages by name."""
    from importlib.metadata import PackageNotFoundError, version

    found: dict[str, Any] = {}
    for package in packages:
        with contextlib.suppress(PackageNotFoundError):
            found[package] = version(package)
    return found
