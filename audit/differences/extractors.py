"""Outputs of a set difference: the sets and their halves, captions, proposed phrases, and the phrases' vectors."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

import numpy as np

from audit.base import DerivedExtractor, Extractor
from audit.differences import captions as caption_terms
from audit.differences import vocabulary
from audit.differences.halves import Division, divide_sets, groups_of, match_classes, same_set
from audit.differences.selections import read_id_file
from audit.differences.sets import needs_predictions, resolve
from audit.errors import InputError
from audit.outputs import Embeddings, PhraseEmbeddings, Predictions, lacking, missing_images, unit_rows

if TYPE_CHECKING:
    from audit.dataset import Dataset
    from audit.models.base import Captioner, Model

Proposer = Literal["vocabulary", "captions", "language_model"]

PROMPTS: tuple[str, ...] = ("{}", "a photo of {}", "an image of {}")
"""Sentences that a phrase is put into; the mean of their vectors stands for it."""

CAPTION_BATCH = 8
ENCODED_CAPTIONS = 100
"""Whole captions of a set that are looked at."""

WHOLE_CAPTIONS = 5
"""Whole captions proposed a direction."""

TOKENS = 77
"""Length that text encoders of CLIP's kind read; longer hypotheses are cut."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SetDivision(DerivedExtractor):
    """Side (0 A, 1 B, -1 neither), half (1 validates) and group of every sample, int64 (n, 3).

    Parameters
    ----------
    a, b
        The sets' texts, see :mod:`audit.differences.sets`.
    match
        Leave samples out so that every class has equally many in both sets.
    seed
        Seed of the halves.
    """

    version: ClassVar[int] = 1
    a: str = ""
    b: str = ""
    match: bool = False
    seed: int = 0

    def inputs(self, dataset: Dataset, model: Model) -> tuple[Extractor, ...]:
        """Return predictions where they decide, and embeddings to see near-duplicates in."""
        found: list[Extractor] = []
        able = not Predictions().missing(dataset, model)
        if needs_predictions(self.a, self.b, dataset, able=able):
            found.append(Predictions())
        if dataset.roles.group_id is None and not Embeddings().missing(dataset, model):
            found.append(Embeddings())
        return tuple(found)

    def depends_on(self, dataset: Dataset, model: Model) -> Mapping[str, Any]:  # noqa: ARG002
        """Return the dataset's content, and that of files of sample ids."""
        facts: dict[str, Any] = {"dataset": dataset.fingerprint}
        for name, text in (("a", self.a), ("b", self.b)):
            if text.startswith("file:") or text.lower().endswith((".csv", ".tsv")):
                ids = "\n".join(sorted(read_id_file(text.removeprefix("file:"), dataset)))
                facts[name] = hashlib.blake2b(ids.encode(), digest_size=16).hexdigest()
        return facts

    def compute(self, dataset: Dataset, model: Model, *arrays: Any) -> np.ndarray:
        """Return side, half and group."""
        wanted = self.inputs(dataset, model)
        given = dict(zip(wanted, arrays, strict=True))
        sets = resolve(dataset, self.a, self.b, given.get(Predictions()))
        side = np.where(sets.a, 0, np.where(sets.b, 1, -1))
        if self.match:
            if dataset.roles.label is None:
                raise InputError(
                    "`match` must be given with a label column; none is set. Choose one, or switch it off."
                )
            labels = dataset.column("label")
            codes = labels.astype("category").cat.codes.to_numpy()
            side = match_classes(side, codes, self.seed)
            if min((side == 0).sum(), (side == 1).sum()) < 6:
                raise InputError(
                    f"`match` needs classes that both sets hold; matched, {sets.words_a} has {(side == 0).sum()} and "
                    f"{sets.words_b} {(side == 1).sum()} samples. Switch it off."
                )
        group = groups_of(dataset, given.get(Embeddings()))
        return divide_sets(side, group, self.seed).columns()


@dataclasses.dataclass(frozen=True, kw_only=True)
class GivenCaptions(DerivedExtractor):
    """The captions that came with the data, as text (n,); empty where there is none."""

    uses_model: ClassVar[bool] = False

    def missing(self, dataset: Dataset, model: Model) -> list[str]:  # noqa: ARG002
        """Return the reason when no column holds captions."""
        if dataset.roles.caption is not None:
            return []
        return [f"'{dataset.name}' has no caption column: choose one or name a captioner"]

    def compute(self, dataset: Dataset, model: Model, *arrays: Any) -> np.ndarray:  # noqa: ARG002
        """Return the column."""
        return np.asarray(dataset.column("caption").fillna("").astype("str").to_numpy(dtype=np.str_))


@dataclasses.dataclass(frozen=True, kw_only=True)
class MadeCaptions(DerivedExtractor):
    """Captions of a captioner of transformers, as text (n,); kept in the store.

    Parameters
    ----------
    captioner
        Hub name or local folder.
    """

    uses_model: ClassVar[bool] = False
    kept: ClassVar[bool] = True
    captioner: str

    def missing(self, dataset: Dataset, model: Model) -> list[str]:  # noqa: ARG002
        """Return the reason when there are no images."""
        return missing_images(dataset)

    def depends_on(self, dataset: Dataset, model: Model) -> Mapping[str, Any]:  # noqa: ARG002
        """Return the images' content, and that of a local folder's weights."""
        return {"images": dataset.images_fingerprint, "weights": _folder_hash(self.captioner)}

    def compute(self, dataset: Dataset, model: Model, *arrays: Any) -> np.ndarray:  # noqa: ARG002
        """Caption every image that can be read."""
        from audit.dataset import IMAGE_COLUMN
        from audit.images import ImageProblem, open_image
        from audit.models import load_model

        captioner = cast("Captioner", load_model(f"captioner:{self.captioner}"))
        assert dataset.root is not None
        found = [""] * len(dataset)
        rows = np.flatnonzero(dataset.usable)
        paths = dataset.metadata[IMAGE_COLUMN]
        for start in range(0, len(rows), CAPTION_BATCH):
            images, places = [], []
            for row in rows[start : start + CAPTION_BATCH].tolist():
                try:
                    images.append(open_image(str(paths.iloc[row]), root=dataset.root, pixel_cap=dataset.pixel_cap))
                except ImageProblem:
                    continue  # listed in the quarantine with its reason
                places.append(row)
            for row, caption in zip(places, captioner.caption(images) if images else [], strict=True):
                found[row] = caption
        return np.asarray(found, dtype=np.str_)


def _folder_hash(name: str) -> str:
    folder = Path(name).expanduser()
    if not folder.is_dir():
        return ""
    files = sorted(path for path in folder.iterdir() if path.is_file())
    return "".join(_file_hash(str(path), path.stat().st_mtime_ns, path.stat().st_size)[:8] for path in files)


@functools.lru_cache(maxsize=256)
def _file_hash(path: str, changed: int, size: int) -> str:  # noqa: ARG001 - the key
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Proposals(DerivedExtractor):
    """Proposed phrases: arrays ``phrase``, ``source``, ``family``, ``direction`` (0 A, 1 B), ``run`` and ``notes``.

    ``run`` is 0 for the comparison and 1 for the control, in which the larger set is compared with itself.

    Parameters
    ----------
    division
        The sets and halves.
    proposers
        Which kinds.
    phrases
        The vocabulary with its prompts; ``None`` for a model without a text encoder.
    captions
        Where captions come from; ``None`` for none.
    k
        Phrases a direction and proposer.
    control
        Propose for the control too.
    language_model
        What is asked, and how much may be spent.
    """

    aligned: ClassVar[bool] = False
    division: SetDivision
    proposers: tuple[Proposer, ...]
    phrases: PhraseEmbeddings | None
    captions: GivenCaptions | MadeCaptions | None
    k: int
    control: bool
    language_model: Any = None

    def inputs(self, dataset: Dataset, model: Model) -> tuple[Extractor, ...]:  # noqa: ARG002
        """Return the division, and images, phrases and captions where they are used."""
        found: list[Extractor] = [self.division]
        if self.phrases is not None:
            found += [Embeddings(), self.phrases]
        return (*found, *([self.captions] if self.captions is not None else []))

    def depends_on(self, dataset: Dataset, model: Model) -> Mapping[str, Any]:  # noqa: ARG002
        """Return the families of the vocabulary and the language model's place."""
        return {} if self.language_model is None else {"endpoint": self.language_model.place()}

    def compute(self, dataset: Dataset, model: Model, *arrays: Any) -> dict[str, np.ndarray]:  # type: ignore[override]
        """Propose on the propose halves."""
        given = dict(zip(self.inputs(dataset, model), arrays, strict=True))
        division = Division.of(given[self.division])
        rows: list[tuple[str, str, int, int]] = []
        notes: list[str] = []
        runs = [division, *filter(None, [same_set(division, self.division.seed)] if self.control else [])]
        for run, current in enumerate(runs):
            for source, direction, phrase in self._proposed(current, given, dataset, model):
                rows.append((phrase, source, direction, run))
        if self.language_model is not None and self.captions is not None:
            answers = self.language_model.propose(division, given[self.captions].tolist(), self.division.seed)
            rows += [(phrase, "language model", direction, 0) for direction, phrase in answers.hypotheses]
            notes += answers.notes
        kept = list(dict.fromkeys(rows))
        return {
            "phrase": np.asarray([row[0] for row in kept], dtype=np.str_),
            "source": np.asarray([row[1] for row in kept], dtype=np.str_),
            "direction": np.asarray([row[2] for row in kept], dtype=np.int64),
            "run": np.asarray([row[3] for row in kept], dtype=np.int64),
            "notes": np.asarray(notes, dtype=np.str_),
        }

    def _proposed(
        self, division: Division, given: Mapping[Extractor, Any], dataset: Dataset, model: Model
    ) -> list[tuple[str, int, str]]:
        """Return (source, direction, phrase) of the vocabulary and of captions."""
        places = [division.rows(side, validate=False) for side in (0, 1)]
        if min(map(len, places)) < 2:
            return []
        found: list[tuple[str, int, str]] = []
        images = unit_rows(given[Embeddings()]) if Embeddings() in given else None

        def encode(listed: Sequence[str]) -> np.ndarray:
            return PhraseEmbeddings(phrases=tuple(listed)).compute(dataset, model)

        rows = np.concatenate(places)
        first = np.arange(len(rows)) < len(places[0])
        if "vocabulary" in self.proposers and self.phrases is not None and images is not None:
            for direction, chosen in enumerate(vocabulary.propose(images[rows], first, given[self.phrases], self.k)):
                found += [("vocabulary", direction, self.phrases.phrases[i]) for i in chosen.tolist()]
        if "captions" in self.proposers and self.captions is not None:
            texts = given[self.captions]
            sides = [texts[place].tolist() for place in places]
            for direction, terms in enumerate(caption_terms.propose(sides[0], sides[1], self.k)):
                found += [("captions", direction, term) for term in terms]
            if images is not None:
                found += _whole_captions(images, places, texts, encode)
        return found


def _whole_captions(
    images: np.ndarray, places: list[np.ndarray], texts: np.ndarray, encode: Callable[[Sequence[str]], np.ndarray]
) -> list[tuple[str, int, str]]:
    """Return whole captions that lie furthest along the difference of the means (the idea of InvDiff)."""
    difference = images[places[0]].mean(axis=0) - images[places[1]].mean(axis=0)
    found: list[tuple[str, int, str]] = []
    for direction, place in enumerate(places):
        listed = sorted({cut(text) for text in texts[place].tolist() if text.strip()})
        # Enough to find what is common in a set; every one would take longer than all else.
        listed = listed[:: -(-len(listed) // ENCODED_CAPTIONS)] if listed else []
        if not listed:
            continue
        order = np.argsort(encode(listed) @ (difference if direction else -difference), kind="stable")
        found += [("whole captions", direction, listed[i]) for i in order[:WHOLE_CAPTIONS].tolist()]
    return found


def cut(text: str) -> str:
    """Return a caption on one line, cut where text encoders of CLIP's kind stop reading."""
    return " ".join(text.split()[: TOKENS - 2]).strip().rstrip(".").strip()


@dataclasses.dataclass(frozen=True, kw_only=True)
class HypothesisVectors(DerivedExtractor):
    """Unit vectors of the proposed phrases, float32 (phrases, d), in the ranker's prompts.

    Parameters
    ----------
    proposals
        What was proposed.
    prompts
        Sentences with one ``{}``.
    """

    aligned: ClassVar[bool] = False
    proposals: Proposals
    prompts: tuple[str, ...] = PROMPTS

    def inputs(self, dataset: Dataset, model: Model) -> tuple[Extractor, ...]:  # noqa: ARG002
        """Return the proposals, and the vocabulary's vectors, which need not be made again."""
        phrases = self.proposals.phrases
        return (self.proposals, *([phrases] if phrases is not None else []))

    def missing(self, dataset: Dataset, model: Model) -> list[str]:
        """Return the reason when the model has no text encoder."""
        return [*lacking(model, "text_encoder"), *super().missing(dataset, model)]

    def compute(self, dataset: Dataset, model: Model, *arrays: Any) -> np.ndarray:
        """Encode what the vocabulary does not hold."""
        wanted = dict.fromkeys(arrays[0]["phrase"].tolist())
        vectors: dict[str, np.ndarray] = {}
        known = self.proposals.phrases
        if known is not None and known.templates == self.prompts:
            vectors = dict(zip(known.phrases, arrays[1], strict=True))
        new = tuple(phrase for phrase in wanted if phrase not in vectors)
        if new:
            encoded = PhraseEmbeddings(phrases=new, templates=self.prompts).compute(dataset, model)
            vectors.update(zip(new, encoded, strict=True))
        return np.asarray([vectors[phrase] for phrase in arrays[0]["phrase"].tolist()], dtype=np.float32)
