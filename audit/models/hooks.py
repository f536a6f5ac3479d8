"""Hooks on a network that see what the thread that placed them runs, and nothing else.

A loaded model is shared: by the jobs of a worker, by the visitors of the dashboard. A plain hook would also record
the batches that another thread sends through the network at that moment.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

Hook = Callable[..., Any]


@contextmanager
def hooked(places: Iterable[tuple[nn.Module, Hook]], *, before: bool = False) -> Iterator[None]:
    """Keep hooks on modules while the block runs; they are removed whatever happens.

    Parameters
    ----------
    places
        Modules and what is called for each: with module, inputs and output, or before the module with module and
        inputs.
    before
        Whether the hooks are called before their modules.
    """
    owner = threading.get_ident()

    def own(hook: Hook) -> Hook:
        def called(*arguments: Any) -> Any:
            return hook(*arguments) if threading.get_ident() == owner else None

        return called

    with ExitStack() as placed:
        for module, hook in places:
            place = module.register_forward_pre_hook if before else module.register_forward_hook
            placed.callback(place(own(hook)).remove)
        yield
