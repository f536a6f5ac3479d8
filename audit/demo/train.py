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
import dataclasses
import json
import logging
import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own habit
from platformdirs import user_cache_path
from safetensors.torch import load_file, save_file

from audit.demo.animals import SPECIES
from audit.demo.batches import IMAGE_SIZE, MEAN, MENTIONABLE, OTHER_BIRD, STD, Samples, Settings
from audit.demo.captions import MENAGERIE_PROMPT, TISSUE_PROMPT, phrase
from audit.demo.menagerie import SHAPE_TWINS
from audit.demo.model import (
    CONFIG_NAME,
    SEEN_TOKENS,
    TOKEN_TABLE,
    UNKNOWN_TOKEN,
    WEIGHTS_NAME,
    build_clip,
)
from audit.demo.tissue import CLASSES
from audit.demo.words import Words
from audit.errors import InputError

if TYPE_CHECKING:
    import open_clip

logger = logging.getLogger(__name__)

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


def train(settings: Settings, folder: Path, begun: Path | None = None) -> tuple[open_clip.CLIP, Words]:
    """Train from scratch and return the model (with renumbered tokens) and its words.

    The training pictures are kept in `folder`. Equal settings give equal weights on one machine. In the last epochs,
    which begin with the weights in half precision, most phrases say more than what an animal is. With `begun`, a folder
    of such weights, they alone are done.
    """
    torch.manual_seed(settings.seed)
    random = np.random.default_rng(settings.seed)
    samples = Samples(settings, folder)
    words = Words(all_phrases(samples, random), ARCHITECTURE["text_cfg"]["context_length"])
    model = build_clip(ARCHITECTURE, vocabulary=len(words.seen) + 1)
    # A third faster on a CPU.
    model.visual = model.visual.to(memory_format=torch.channels_last)
    if begun is None:
        _epochs(model, samples, words, settings, random)
        model.half().float()
    else:
        _load(model, words, begun)
    torch.manual_seed(settings.seed + 1)
    last = dataclasses.replace(
        settings,
        epochs=settings.finishing_epochs,
        learning_rate=settings.finishing_learning_rate,
        label_only_share=settings.finishing_label_only_share,
        full_share=settings.finishing_full_share,
    )
    if last.epochs:
        _epochs(model, samples, words, last, np.random.default_rng(settings.seed + 1))
    return model.eval(), words


def _load(model: open_clip.CLIP, words: Words, folder: Path) -> None:
    """Put weights that `save` wrote into the model."""
    state = load_file(folder / WEIGHTS_NAME)
    if state.pop(SEEN_TOKENS).tolist() != list(words.seen):
        raise InputError(f"`begun` must hold weights of the same words; those in '{folder}' have others.")
    state[TOKEN_TABLE] = torch.cat([state.pop(UNKNOWN_TOKEN)[None], state[TOKEN_TABLE]])
    model.load_state_dict(state)


def _epochs(
    model: open_clip.CLIP, samples: Samples, words: Words, settings: Settings, random: np.random.Generator
) -> None:
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
    parser.add_argument("--begun", type=Path, help="folder of weights of which only the last epochs are to be done")
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(given.threads)
    settings = Settings(epochs=given.epochs, seed=given.seed)
    model, words = train(settings, given.pictures, given.begun)
    logger.info("wrote %s", save(model, words, settings, given.out))


if __name__ == "__main__":
    main()
