"""Planted embeddings: classes, centers and slides of known strength, drawn as the methods' checks draw them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from audit.dataset import Dataset, Roles


def make(
    seed=20250129, n_bio=4, n_ctr=4, n_slide=3, n_patch=20, dim=64, s_bio=1.0, s_ctr=1.0, s_slide=0.5, s_noise=1.0
):
    """Return rows, class, center and slide of planted embeddings."""
    draw = np.random.default_rng(seed)
    classes = draw.standard_normal((n_bio, dim)) * s_bio
    centers = draw.standard_normal((n_ctr, dim)) * s_ctr
    rows, label, center, slide = [], [], [], []
    for b in range(n_bio):
        for c in range(n_ctr):
            for _ in range(n_slide):
                of_slide = draw.standard_normal(dim) * s_slide
                noise = draw.standard_normal((n_patch, dim)) * s_noise
                rows.append(classes[b] + centers[c] + of_slide + noise)
                label += [b] * n_patch
                center += [c] * n_patch
                slide += [len(rows) - 1] * n_patch
    return np.concatenate(rows), np.array(label), np.array(center), np.array(slide)


def mixed():
    """Return E_mixed: class and center equally strong."""
    return make(s_bio=0.35, s_ctr=0.35, s_slide=0.2)


def noise(n_bio, n_ctr, seed, n_slide=4, n_patch=15, dim=32):
    """Return rows without any class, center or slide effect."""
    return make(seed, n_bio, n_ctr, n_slide, n_patch, dim, 0.0, 0.0, 0.0)


def dataset(vectors, label, center, slide, *, group=True, **columns):
    """Return the rows as a dataset with embeddings and no images."""
    metadata = pd.DataFrame(
        {
            "label": [f"class{b}" for b in label],
            "hospital": [f"h{c}" for c in center],
            "slide": [f"s{s}" for s in slide],
            **columns,
        },
        index=pd.Index([f"p{i:05d}" for i in range(len(vectors))], name="sample_id"),
    )
    roles = Roles(label="label", center="hospital", group_id="slide" if group else None)
    return Dataset(name="planted", metadata=metadata, roles=roles, arrays={"embeddings": np.asarray(vectors)})
