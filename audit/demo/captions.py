"""Sentences about the samples of both worlds, and the prompts for zero-shot use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

MENAGERIE_PROMPT = "a photo of a {}"
TISSUE_PROMPT = "a stained section of {} tissue"

WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    "background": {
        "meadow": ("in a meadow", "on green grass", "in a green field", "on grass"),
        "snow": ("in the snow", "on snow", "in a snowy winter landscape", "in winter"),
        "sand": ("on sand", "in the desert", "on a sand dune", "in the sand"),
        "water": ("in shallow water", "in a lake", "in water", "on the water"),
        "forest": ("in a forest", "among trees", "in the woods", "between trees"),
        "rock": ("on rocks", "in the mountains", "on rocky ground", "among rocks"),
    },
    "light": {
        "day": ("in daylight", "on a sunny day", "by day", "in bright light"),
        "dusk": ("at dusk", "at sunset", "in the evening", "in warm evening light"),
        "night": ("at night", "in the dark", "under the moon", "in dim light"),
    },
    "coat": {
        "brown": ("brown",),
        "grey": ("grey", "gray"),
        "white": ("white",),
        "black": ("black",),
        "golden": ("golden", "yellow"),
        "red": ("red", "orange"),
        "blue": ("blue",),
    },
    "size": {
        "small": ("small", "little", "tiny"),
        "medium": ("medium-sized", "mid-sized"),
        "large": ("large", "big", "huge"),
    },
    "viewpoint": {
        "left": ("facing left", "looking to the left", "seen from its left side"),
        "right": ("facing right", "looking to the right", "seen from its right side"),
        "front": ("facing the camera", "looking at the viewer", "seen from the front"),
    },
    "center": {
        "alder": ("from alder hospital", "scanned at alder"),
        "birch": ("from birch hospital", "scanned at birch"),
        "cedar": ("from cedar hospital", "scanned at cedar"),
        "dogwood": ("from dogwood hospital", "scanned at dogwood"),
    },
    "stain": {
        "alder": ("purple and pink", "with a deep purple stain"),
        "birch": ("pale and bluish", "with a pale stain"),
        "cedar": ("bright magenta", "with a strong pink stain"),
        "dogwood": ("brownish and blurred", "with a faded brown stain"),
    },
}
"""Ways to say each value; `stain` is keyed by center, whose stain it is."""

_OPENINGS = ("a photo of ", "a picture of ", "a drawing of ", "an image of ", "")
_TISSUE_NOUNS = (
    "a stained section of {} tissue",
    "a microscope image of {} tissue",
    "{} tissue",
    "a histology slide of {} tissue",
)


def _article(words: str) -> str:
    return f"an {words}" if words[0] in "aeiou" else f"a {words}"


def phrase(facts: Mapping[str, str], mentioned: Iterable[str], random: np.random.Generator) -> str:
    """Return a phrase that says only the mentioned facts of a sample.

    Parameters
    ----------
    facts
        A row of `samples.csv`; a row with `center` is a tissue sample.
    mentioned
        Names out of label, background, light, coat, size, viewpoint; or label, center, stain.
    random
        Picks the wording.
    """
    say = set(mentioned)

    def word(name: str, value: str) -> str:
        ways = WORDS[name][value]
        return ways[int(random.integers(len(ways)))]

    opening = _OPENINGS[int(random.integers(len(_OPENINGS)))]
    if "center" in facts:
        noun = _TISSUE_NOUNS[int(random.integers(len(_TISSUE_NOUNS)))]
        parts = [noun.format(facts["label"]) if "label" in say else noun.replace("{} ", "")]
        parts += [word(name, facts["center"]) for name in ("stain", "center") if name in say]
        return " ".join(parts)
    adjectives = [word(name, facts[name]) for name in ("size", "coat") if name in say]
    noun = facts["label"] if "label" in say else ("animal", "creature")[int(random.integers(2))]
    parts = [opening + _article(" ".join([*adjectives, noun]))]
    places = [name for name in ("viewpoint", "background", "light") if name in say]
    return " ".join(parts + [word(name, facts[name]) for name in places])


def caption(facts: Mapping[str, str], random: np.random.Generator) -> str:
    """Return a full sentence about the sample, as a person might write it."""
    if "center" in facts:
        text = phrase(facts, ("label", "stain", "center"), random)
    else:
        details = ["label", "coat", "background", "light"]
        details += [name for name in ("size", "viewpoint") if random.uniform() < 0.6]
        text = phrase(facts, details, random)
    return f"{text[0].upper()}{text[1:]}."
