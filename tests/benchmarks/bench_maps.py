"""Time to the first map, by number of samples.

Repeat with ``OMP_NUM_THREADS=2 python tests/benchmarks/bench_maps.py`` (add ``--plain`` for the ratio to UMAP with
its own neighbour search, which takes minutes). Prints one line a size: seconds for PCA and for UMAP of 512
dimensions, and what share of the time per sample it is of the smallest size.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable

import numpy as np

from audit.maps import EPOCHS, principal_components, umap_layout
from audit.outputs import unit_rows

SIZES = (1_000, 10_000, 50_000)
DIMENSIONS = 512


def points(n: int) -> np.ndarray:
    """Return unit vectors around twenty centers, about as spread as a network's embeddings."""
    random = np.random.default_rng(0)
    centers = random.normal(size=(20, DIMENSIONS))
    return unit_rows(centers[random.integers(0, 20, n)] + 1.2 * random.normal(size=(n, DIMENSIONS)))


def seconds(action: Callable[[], object]) -> float:
    """Return how long an action takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def plain(vectors: np.ndarray) -> None:
    """Draw the map with UMAP's own neighbour search on all dimensions, seeded."""
    from umap import UMAP

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        UMAP(n_epochs=EPOCHS, random_state=0, n_jobs=1).fit_transform(vectors)


def main() -> None:
    """Print the table."""
    few = points(200)
    compiling = seconds(lambda: umap_layout(few, neighbors=15, min_dist=0.1, seed=0))
    print(f"first UMAP of a process, 200 samples: {compiling:.1f} s (imports and compiles)")
    if "--plain" in sys.argv:
        plain(points(5_000))  # its neighbour search is another one above 4,096 samples, and is compiled as well
    smallest = 0.0
    for n in SIZES:
        vectors = points(n)
        pca = seconds(lambda v=vectors: principal_components(v, components=2, seed=0))
        umap = seconds(lambda v=vectors: umap_layout(v, neighbors=15, min_dist=0.1, seed=0))
        smallest = smallest or umap / n
        line = (
            f"{n:>7,} samples: PCA {pca:6.2f} s, UMAP {umap:6.1f} s, a sample {umap / n / smallest:.2f} of the smallest"
        )
        if "--plain" in sys.argv and n <= 10_000:
            other = seconds(lambda v=vectors: plain(v))
            line += f", plain UMAP {other:6.1f} s = {other / umap:.1f} times as long"
        print(line, flush=True)


if __name__ == "__main__":
    main()
