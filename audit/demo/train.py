"""Train the bundled CLIP on the training split of both worlds: `python -m audit.demo.train`.

A batch pairs every image with a phrase that says some of its facts: only what it is ("a photo of
a cow"), a full caption, or any mixture. Phrases that say little are true of several images of the
batch, so the contrastive loss counts every image that a phrase is true of as its match:
L = -mean_i mean_{j: phrase i true of image j} log softmax_j(s <image j, phrase i>), and the same
with images and phrases exchanged. Otherwise this is CLIP's training, from scratch.

Some pictures are changed in ways that leave true what is said of them (`audit.demo.augment`): less contrast, colour and
texture for all; other hues for what is not told by hue; waves for what is told by hue alone. The shape twins are seen
once more an epoch, at any hue. One of the hue twins at a third hue is called a bird, so that the model learns how
finely hue tells them.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own habit
from numpy.typing import NDArray
from platformdirs import user_cache_path
from safetensors.torch import save_file

from audit.demo.animals import SPECIES
from audit.demo.augment import hue_turned, shifted, varied, warped
from audit.demo.captions import MENAGERIE_PROMPT, TISSUE_PROMPT, phrase
from audit.demo.menagerie import HOME, HUE_TWINS, SHAPE_TWINS
from audit.demo.model import (
    CONFIG_NAME,
    SEEN_TOKENS,
    TOKEN_TABLE,
    UNKNOWN_TOKEN,
    WEIGHTS_NAME,
    build_clip,
)
from audit.demo.pictures import train_pictures
from audit.demo.tissue import CLASSES
from audit.demo.words import Words
from audit.demo.write import World

if TYPE_CHECKING:
    import open_clip

logger = logging.getLogger(__name__)

MEAN = (0.5, 0.5, 0.5)
STD = (0.25, 0.25, 0.25)
IMAGE_SIZE = 64
ARCHITECTURE: dict[str, Any] = {
    "embed_dim": 128,
    "vision_cfg": {"image_size": IMAGE_SIZE, "layers": [1, 1, 1, 1], "width": 16, "head_width": 64},
    "text_cfg": {
        "context_length": 32,
        "vocab_size": 49408,
        "width": 64,
        "heads": 4,
        "layers": 2,
    },
}

ANY_HUE: tuple[str, ...] = tuple(species for species in SPECIES if species not in (*HOME, *HUE_TWINS))
"""Animals that hue tells nothing of: what they are is also said of pictures at other hues."""

OTHER_BIRD = "a photo of a bird"
"""What is said of one of the hue twins at a hue that is neither's: that hue alone tells them, and how finely."""
OTHER = -1

FACTS: tuple[str, ...] = ("world", "label", "background", "light", "coat", "size", "viewpoint", "center", "stain")
MENTIONABLE: dict[World, tuple[str, ...]] = {
    "menagerie": ("label", "background", "light", "coat", "size", "viewpoint"),
    "tissue": ("label", "center", "stain"),
}


@dataclass(frozen=True)
class Settings:
    """Everything that fixes a training run."""

    menagerie: int = 9000
    tissue: int = 3600
    epochs: int = 22
    batch_size: int = 128
    learning_rate: float = 2.0e-3
    weight_decay: float = 0.02
    unknown_word_share: float = 0.04
    label_only_share: float = 0.5
    full_share: float = 0.1
    varied_share: float = 0.5
    turned_hue_share: float = 0.5
    shape_twin_hue_share: float = 0.85
    other_hue_share: float = 0.25
    warped_share: float = 0.4
    seed: int = 11


class Samples:
    """Pictures and facts of the training split of both worlds."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        tables, pictures = [], []
        worlds: tuple[tuple[World, int], ...] = (("menagerie", settings.menagerie), ("tissue", settings.tissue))
        for name, n in worlds:
            table, images = train_pictures(name, folder, n=n, seed=settings.seed, size=IMAGE_SIZE)
            tables.append(table.assign(world=name))
            pictures.append(images)
        self.images: NDArray[np.uint8] = np.concatenate(pictures)
        joined = pd.concat(tables, ignore_index=True)
        joined["stain"] = joined["center"]
        self.codes = np.stack([pd.factorize(joined[name])[0] for name in FACTS], axis=1)
        self.rows: list[dict[str, str]] = [
            {str(name): value for name, value in row.items() if isinstance(value, str)}
            for row in joined.to_dict("records")
        ]
        left, right = (
            int(self.codes[np.flatnonzero(joined["viewpoint"] == side)[0], FACTS.index("viewpoint")])
            for side in ("left", "right")
        )
        self.mirror_code = {left: right, right: left}

    def batch(
        self, chosen: NDArray[np.intp], settings: Settings, random: np.random.Generator
    ) -> tuple[torch.Tensor, list[str], torch.Tensor]:
        """Return float images, a phrase each, and which phrase (row) is true of which image.

        A number past the last sample is that sample once more, of which only its name is said, at another hue.
        """
        again, chosen = chosen >= len(self.rows), chosen % len(self.rows)
        images = self.images[chosen].copy()
        codes = self.codes[chosen].copy()
        said = np.zeros(codes.shape, dtype=bool)
        said[:, 0] = True
        turn = np.zeros(len(chosen))
        phrases: list[str] = []
        view = FACTS.index("viewpoint")
        for i, sample in enumerate(chosen):
            row = self.rows[sample]
            images[i], turned = shifted(images[i], row["world"], random)
            if turned and int(codes[i, view]) in self.mirror_code:
                codes[i, view] = self.mirror_code[int(codes[i, view])]
                row = {**row, "viewpoint": "left" if row["viewpoint"] == "right" else "right"}
            mentioned = ("label",) if again[i] else _mentioned(row["world"], settings, random)
            # Some end like a sentence, so that a full stop changes nothing.
            phrases.append(phrase(row, mentioned, random) + (" ." if random.uniform() < 0.3 else ""))
            said[i, [FACTS.index(name) for name in mentioned]] = True
            if row["label"] in HUE_TWINS and random.uniform() < settings.warped_share:
                images[i] = warped(images[i], random)
            if not {"label"} <= set(mentioned) <= {"label", "size", "viewpoint"}:
                continue
            if row["label"] in ANY_HUE:
                twin = row["label"] in SHAPE_TWINS
                share = settings.shape_twin_hue_share if twin else settings.turned_hue_share
                if again[i] or random.uniform() < share:
                    turn[i] = random.uniform(-1, 1) * (np.pi if twin else np.pi / 2)
            elif row["label"] in HUE_TWINS and random.uniform() < settings.other_hue_share:
                turn[i] = random.choice([-1, 1]) * random.uniform(np.pi / 9, np.pi / 2)
                phrases[-1] = OTHER_BIRD
                said[i] = [name in ("world", "label") for name in FACTS]
                codes[i, FACTS.index("label")] = OTHER
            if turn[i]:
                # At another hue, nothing that was said of coat, place and light is known to be true.
                codes[i, [FACTS.index(name) for name in ("background", "light", "coat")]] = OTHER - 1 - i
        agrees = codes[:, None, :] == codes[None, :, :]
        true = (agrees | ~said[:, None, :]).all(axis=2)
        light = random.uniform(0.92, 1.08, size=(len(chosen), 1, 1, 1)).astype(np.float32)
        tensor = torch.from_numpy(images).permute(0, 3, 1, 2).float() * torch.from_numpy(light)
        tensor = varied(hue_turned(tensor, turn), settings.varied_share, random)
        tensor = tensor.contiguous(memory_format=torch.channels_last)
        return normalised(tensor), phrases, torch.from_numpy(true)


def normalised(images: torch.Tensor) -> torch.Tensor:
    """Return (x / 255 - mean) / std for float (b, 3, h, w)."""
    mean, std = (torch.tensor(values)[:, None, None] for values in (MEAN, STD))
    return (images / 255 - mean) / std


def _mentioned(world: str, settings: Settings, random: np.random.Generator) -> tuple[str, ...]:
    names = MENTIONABLE["menagerie" if world == "menagerie" else "tissue"]
    draw = random.uniform()
    if draw < settings.label_only_share:
        return ("label",)
    if draw < settings.label_only_share + settings.full_share:
        return names
    some = tuple(name for name in names if random.uniform() < 0.4)
    return some or (names[int(random.integers(len(names)))],)


def contrastive_loss(logits: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
    """Return the loss of (phrases, images) logits where several images may match a phrase."""
    matches = true.float()
    by_phrase = (F.log_softmax(logits, dim=1) * matches).sum(1) / matches.sum(1)
    by_image = (F.log_softmax(logits, dim=0) * matches).sum(0) / matches.sum(0)
    return -(by_phrase.mean() + by_image.mean()) / 2


def all_phrases(samples: Samples, random: np.random.Generator) -> list[str]:
    """Return phrases in which every word of the captions occurs."""
    some = [
        phrase(row, MENTIONABLE["menagerie" if row["world"] == "menagerie" else "tissue"], random)
        for row in samples.rows[:: max(1, len(samples.rows) // 4000)]
    ]
    bare = [phrase(row, (), random) + " ." for row in samples.rows[::50]]
    prompts = [MENAGERIE_PROMPT.format(name) for name in SPECIES]
    return [OTHER_BIRD] + some + bare + prompts + [TISSUE_PROMPT.format(name) for name in CLASSES]


def _optimizer(
    model: open_clip.CLIP, settings: Settings, total: int
) -> tuple[torch.optim.AdamW, torch.optim.lr_scheduler.LambdaLR]:
    """AdamW without decay of biases, norms and scale; a warm-up, then a cosine down to nothing."""
    groups = [
        {"params": [p for p in model.parameters() if p.ndim >= 2], "weight_decay": settings.weight_decay},
        {"params": [p for p in model.parameters() if p.ndim < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=settings.learning_rate, betas=(0.9, 0.98))
    warm = max(1, min(200, total // 8))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: min((step + 1) / warm, 0.5 * (1 + math.cos(math.pi * min(step / total, 1.0)))),
    )
    return optimizer, schedule


def train(settings: Settings, folder: Path) -> tuple[open_clip.CLIP, Words]:
    """Train from scratch and return the model (with renumbered tokens) and its words.

    The training pictures are kept in `folder`. Equal settings give equal weights on one machine.
    """
    torch.manual_seed(settings.seed)
    random = np.random.default_rng(settings.seed)
    samples = Samples(settings, folder)
    words = Words(all_phrases(samples, random), ARCHITECTURE["text_cfg"]["context_length"])
    model = build_clip(ARCHITECTURE, vocabulary=len(words.seen) + 1)
    # A third faster on a CPU.
    model.visual = model.visual.to(memory_format=torch.channels_last)
    seen_again = len(samples.rows) + np.flatnonzero([row["label"] in SHAPE_TWINS for row in samples.rows])
    pool = np.concatenate([np.arange(len(samples.rows)), seen_again])
    steps = len(pool) // settings.batch_size
    optimizer, schedule = _optimizer(model, settings, steps * settings.epochs)
    model.train()
    started, worked = time.perf_counter(), time.process_time()
    for epoch in range(settings.epochs):
        order = random.permutation(pool)
        losses = 0.0
        for step in range(steps):
            chosen = order[step * settings.batch_size : (step + 1) * settings.batch_size]
            images, phrases, true = samples.batch(chosen, settings, random)
            seen = model.encode_image(images, normalize=True)
            tokens = words.rows(phrases, random, settings.unknown_word_share)
            said = model.encode_text(tokens, normalize=True)
            loss = contrastive_loss(model.logit_scale.exp() * said @ seen.T, true)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            with torch.no_grad():
                model.logit_scale.clamp_(0.0, math.log(50.0))
            losses += float(loss.detach())
        logger.info(
            "epoch %d of %d: loss %.3f, %.0f s, %.0f s of processor time",
            epoch + 1,
            settings.epochs,
            losses / steps,
            time.perf_counter() - started,
            time.process_time() - worked,
        )
    return model.eval(), words


def save(model: open_clip.CLIP, words: Words, settings: Settings, folder: Path) -> Path:
    """Write the weights in float16 and their description beside them; return the weights' path."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {
        name: tensor.detach().half() if tensor.is_floating_point() else tensor.detach()
        for name, tensor in model.state_dict().items()
    }
    table = state[TOKEN_TABLE]
    state[TOKEN_TABLE] = table[1:].clone()
    state[UNKNOWN_TOKEN] = table[0].clone()
    state[SEEN_TOKENS] = torch.tensor(words.seen, dtype=torch.int32)
    path = folder / WEIGHTS_NAME
    save_file({name: tensor.contiguous().clone() for name, tensor in state.items()}, path)
    described = {
        "architecture": ARCHITECTURE,
        "preprocessing": {"size": IMAGE_SIZE, "mean": MEAN, "std": STD, "interpolation": "bicubic"},
        "training": vars(settings),
        "licence": "The weights were trained from scratch on pictures drawn by this package.",
    }
    (folder / CONFIG_NAME).write_text(json.dumps(described, indent=1) + "\n", encoding="utf-8")
    return path


def main(arguments: list[str] | None = None) -> None:
    """Draw the training pictures, train, and write the weights."""
    parser = argparse.ArgumentParser(prog="python -m audit.demo.train", description=main.__doc__)
    parser.add_argument(
        "--pictures",
        type=Path,
        default=user_cache_path("model-audit") / "demo_pictures",
        help="folder that keeps the drawn training pictures (default: %(default)s)",
    )
    parser.add_argument("--out", type=Path, default=Path("assets"), help="folder of the weights")
    parser.add_argument("--epochs", type=int, default=Settings.epochs)
    parser.add_argument("--seed", type=int, default=Settings.seed)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(given.threads)
    settings = Settings(epochs=given.epochs, seed=given.seed)
    model, words = train(settings, given.pictures)
    logger.info("wrote %s", save(model, words, settings, given.out))


if __name__ == "__main__":
    main()
