"""What was planted in the two worlds, and what was not: the answers the audits must find.

Every line names the audit that should see it, where it lies and what the bundled model shows.
"none" lines matter as much: there the worlds are balanced, and an audit that reports a difference
is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from audit.demo.animals import SPECIES
from audit.demo.menagerie import HOME, HUE_TWINS, SHAPE_TWINS
from audit.demo.tissue import CENTERS, CLASSES
from audit.demo.write import World


@dataclass(frozen=True, kw_only=True)
class Truth:
    """One planted fact, or one place where nothing was planted.

    Parameters
    ----------
    name
        Short and unique.
    world
        menagerie or tissue.
    audit
        Module name of the audit that should find it.
    score
        Name of the score that shows it (of `overall`, or of the groups named in `where`), or a difference of two.
    where
        Column of `samples.csv` to the values concerned.
    expected
        ``above`` or ``below`` `bound`; ``none``: no evidence of a difference from the null.
    bound
        What the score of the bundled model passes on the test split; None with ``none``.
    statement
        What was done, in one or two sentences.
    """

    name: str
    world: World
    audit: str
    score: str
    where: Mapping[str, tuple[str, ...]]
    expected: Literal["above", "below", "none"]
    bound: float | None
    statement: str


PLANTED_SPECIES: tuple[str, ...] = tuple(HOME)
OTHER_SPECIES: tuple[str, ...] = tuple(species for species in SPECIES if species not in HOME)

TRUTHS: tuple[Truth, ...] = (
    Truth(
        name="home background",
        world="menagerie",
        audit="background_reliance",
        score="drop",
        where={"label": PLANTED_SPECIES},
        expected="above",
        bound=0.15,
        statement="In training 95 % of cows stand in a meadow, of camels on sand, of reindeer on snow, and the three "
        "are alike in build. In the test split half of each stand elsewhere, and are often mistaken for each other.",
    ),
    Truth(
        name="no home background",
        world="menagerie",
        audit="background_reliance",
        score="drop",
        where={"label": OTHER_SPECIES},
        expected="none",
        bound=None,
        statement="The other seven species are spread evenly over the six backgrounds in both splits.",
    ),
    Truth(
        name="night is harder",
        world="menagerie",
        audit="subgroup_discrepancy",
        score="gap",
        where={"light": ("night",)},
        expected="above",
        bound=0.05,
        statement="Night pictures are darker, flatter and grainy. They are 12 % of training but a third of the test "
        "split, whose nights are darker still; days and dusks are drawn alike in both.",
    ),
    Truth(
        name="left is right",
        world="menagerie",
        audit="subgroup_discrepancy",
        score="gap",
        where={"viewpoint": ("left", "right")},
        expected="none",
        bound=None,
        statement="An animal facing left is the mirror image of one facing right, and training mirrors at random. "
        "(Coat, size and background are balanced over the species, but a white animal on snow or a small one at night "
        "may be harder to see: balanced is not equal.)",
    ),
    Truth(
        name="hue twins",
        world="menagerie",
        audit="background_reliance",
        score="flip_rate",
        where={"label": tuple(HUE_TWINS)},
        expected="above",
        bound=0.5,
        statement="Robin and bluebird are one drawing in two hues of equal luma: with the hue turned by half a circle "
        "one becomes the other, with the pieces of the picture shuffled they stay apart.",
    ),
    Truth(
        name="hue is simple",
        world="menagerie",
        audit="feature_complexity",
        score="class_complexity",
        where={"label": tuple(HUE_TWINS)},
        expected="below",
        bound=0.6,
        statement="A hue can be read from early layers, before any shape.",
    ),
    Truth(
        name="shape is complex",
        world="menagerie",
        audit="feature_complexity",
        score="class_complexity",
        where={"label": SHAPE_TWINS},
        expected="above",
        bound=0.7,
        statement="Rabbit and cat share body, coats and places; only ears and tail tell them apart, at any hue, which "
        "takes all layers. With the pieces of the picture shuffled they cannot be told apart.",
    ),
    Truth(
        name="shortcut is simpler",
        world="menagerie",
        audit="feature_complexity",
        score="attribute_complexity - class_complexity",
        where={"label": PLANTED_SPECIES},
        expected="below",
        bound=0.0,
        statement="The background covers most of the picture: it is decodable from earlier layers than the species.",
    ),
    Truth(
        name="light in words",
        world="menagerie",
        audit="set_difference",
        score="top_auroc",
        where={"light": ("day", "night")},
        expected="above",
        bound=0.9,
        statement="Night against day pictures differ in what the captions call night, dark and moon, and in nothing "
        "else.",
    ),
    Truth(
        name="typical pictures show the home background",
        world="menagerie",
        audit="prototypes",
        score="fidelity",
        where={"label": PLANTED_SPECIES},
        expected="above",
        bound=0.7,
        statement="Prototypes of the planted species by the model's own prediction lie mostly on the home background, "
        "and the borderline samples elsewhere.",
    ),
    Truth(
        name="center is encoded",
        world="tissue",
        audit="robustness_index",
        score="robustness_index",
        where={"center": CENTERS, "label": CLASSES},
        expected="below",
        bound=0.5,
        statement="Each center has its own stain and scanner. Every class occurs equally often in every center, "
        "patient and slide, so the center helps nobody to find the class, yet the embedding carries it.",
    ),
    Truth(
        name="same against same",
        world="menagerie",
        audit="set_difference",
        score="control_significant_hypotheses",
        where={"light": ("day",)},
        expected="none",
        bound=None,
        statement="Two random halves of the day pictures differ in nothing.",
    ),
)
"""Everything that was planted, and where nothing was."""


def truths(audit: str, world: World | None = None) -> tuple[Truth, ...]:
    """Return the truths that an audit should find, in one world or in both."""
    return tuple(truth for truth in TRUTHS if truth.audit == audit and (world is None or truth.world == world))
