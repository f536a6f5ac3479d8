"""Atoms of a sparse autoencoder: each sample is rebuilt from its few strongest codes.

z = top_k(max(0, W x + b)),    x ~ z D,    rows of D of length 1          (Gao et al. 2024, arXiv 2406.04093)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEPS = 400
BATCH = 256
RATE = 0.01
ACTIVE = 8
"""Codes of a sample that may differ from zero, at most half of the atoms."""


def autoencoder_atoms(activations: NDArray[np.floating], k: int, seed: int) -> NDArray[np.float64]:
    """Return the decoder's directions of a top-k sparse autoencoder, (k, d).

    Parameters
    ----------
    activations
        (n, d).
    k
        Atoms.
    seed
        Seed of the first directions and of the order of samples.
    """
    import torch

    generator = torch.Generator().manual_seed(seed)
    x = torch.as_tensor(np.asarray(activations), dtype=torch.float32)
    scale = float(x.square().sum(dim=1).mean().sqrt()) or 1.0
    x = x / scale
    # Samples as first directions: none starts where there is no data.
    start = x[torch.randperm(len(x), generator=generator)[:k]] + 0.01 * torch.randn(
        (k, x.shape[1]), generator=generator
    )
    atoms = torch.nn.functional.normalize(start, dim=1).requires_grad_()
    encoder = atoms.detach().clone().requires_grad_()
    bias = torch.zeros(k, requires_grad=True)
    optimizer = torch.optim.Adam([atoms, encoder, bias], lr=RATE)
    active = min(ACTIVE, max(k // 2, 1))
    for _ in range(STEPS):
        rows = x[torch.randint(len(x), (min(BATCH, len(x)),), generator=generator)]
        codes = torch.relu(rows @ encoder.T + bias)
        strongest = torch.topk(codes, active, dim=1)
        kept = torch.zeros_like(codes).scatter(1, strongest.indices, strongest.values)
        error = (rows - kept @ torch.nn.functional.normalize(atoms, dim=1)).square().sum(dim=1).mean()
        optimizer.zero_grad()
        error.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return np.asarray(torch.nn.functional.normalize(atoms.detach(), dim=1).double().numpy())
