"""Atoms of a sparse autoencoder, trained by the package ``overcomplete``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

EPOCHS = 60
BATCH = 128
ACTIVE = 8
"""Codes of a sample that may differ from zero."""


def autoencoder_atoms(activations: NDArray[np.floating], k: int, seed: int) -> NDArray[np.float64]:
    """Return the decoder's directions of a top-k sparse autoencoder, (k, d).

    Parameters
    ----------
    activations
        (n, d).
    k
        Atoms.
    seed
        Seed of the weights and of the order of samples; the caller's random state is left as it was.
    """
    import torch
    from overcomplete.sae import TopKSAE, mse_l1, train_sae

    x = torch.as_tensor(np.asarray(activations), dtype=torch.float32)
    scale = float(x.square().sum(dim=1).mean().sqrt()) or 1.0
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = TopKSAE(x.shape[1], nb_concepts=k, top_k=min(ACTIVE, k), device="cpu")
        rows: Any = x / scale
        loader: Any = torch.utils.data.DataLoader(rows, batch_size=min(BATCH, len(x)), shuffle=True)
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)

        def error(x, x_hat, pre_codes, codes, atoms):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            return mse_l1(x, x_hat, pre_codes, codes, atoms, penalty=0.0)

        train_sae(model, loader, error, optimizer, nb_epochs=EPOCHS, monitoring=0, device="cpu")
        return np.asarray(model.get_dictionary().detach().double().numpy())
