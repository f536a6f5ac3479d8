"""From proposals and vectors to tested hypotheses, for the comparison and for its control."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from audit.differences.ranking import Ranked, rank
from audit.differences.rows import hypothesis_rows
from audit.differences.term_rows import term_tests

if TYPE_CHECKING:
    from audit.differences.halves import Division
    from audit.significance import Correction


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Tested:
    """Hypotheses with their tests.

    Parameters
    ----------
    ranked
        What the validate half says; ``None`` when nothing could be ranked.
    scores
        Cosines (hypotheses, samples).
    phrases
        The hypotheses.
    rows
        Rows of ``by_group``.
    """

    ranked: Ranked | None = None
    scores: np.ndarray | None = None
    phrases: list[str] = dataclasses.field(default_factory=list)
    rows: list[dict[str, Any]] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Analysis:
    """What is tested, on which samples.

    Parameters
    ----------
    proposed
        Arrays of :class:`audit.differences.extractors.Proposals`.
    division
        Sets, halves, groups.
    control
        The larger set against itself; ``None`` when that was not asked for or is too small.
    captions
        Of every sample; ``None`` without any.
    vectors, images
        Unit vectors of the proposals and of the samples; ``None`` without a text encoder.
    draws, seed, correction
        Of the tests.
    """

    proposed: Mapping[str, np.ndarray]
    division: Division
    control: Division | None
    captions: list[str] | None
    vectors: np.ndarray | None
    images: np.ndarray | None
    draws: int
    seed: int
    correction: Correction

    def hypotheses(self, families: dict[str, str]) -> Tested:
        """Rank what was proposed for the comparison; ``families`` are those of the vocabulary's concepts."""
        chosen = self._chosen(run=0)
        if self.vectors is None or self.images is None or len(chosen) == 0:
            return Tested()
        phrases = self.proposed["phrase"][chosen].tolist()
        scores = self.vectors[chosen] @ self.images.T
        ranked = self._rank(scores, chosen, self.division)
        sources = [self._sources(i) for i in chosen.tolist()]
        rows = hypothesis_rows(phrases, sources, families, self.vectors[chosen], ranked)
        return Tested(ranked=ranked, scores=scores, phrases=phrases, rows=rows)

    def control_count(self) -> int | None:
        """Return how many hypotheses pass when the larger set is compared with itself; ``None`` if not done."""
        if self.control is None:
            return None
        if self.vectors is None or self.images is None:
            return sum(bool(row["q_value"] < 0.05) for row in self.terms(control=True))
        chosen = self._chosen(run=1)
        if len(chosen) == 0:
            return 0
        ranked = self._rank(self.vectors[chosen] @ self.images.T, chosen, self.control)
        return int(ranked.significant().sum())

    def terms(self, *, control: bool) -> list[dict[str, Any]]:
        """Return the caption terms' tests, of the comparison or of its control."""
        division = self.control if control else self.division
        chosen = (self.proposed["source"] == "captions") & (self.proposed["run"] == int(control))
        if self.captions is None or division is None or not chosen.any():
            return []
        terms, direction = self.proposed["phrase"][chosen].tolist(), self.proposed["direction"][chosen]
        return term_tests(terms, direction, self.captions, division, self.correction)

    def _rank(self, scores: np.ndarray, chosen: np.ndarray, division: Division) -> Ranked:
        direction = self.proposed["direction"][chosen]
        return rank(scores, direction, division, draws=self.draws, seed=self.seed, correction=self.correction)

    def _chosen(self, *, run: int) -> np.ndarray:
        """Return the positions of a run's proposals; what two proposers propose is tested once."""
        seen: dict[tuple[str, int], int] = {}
        for i in np.flatnonzero(self.proposed["run"] == run).tolist():
            seen.setdefault((str(self.proposed["phrase"][i]), int(self.proposed["direction"][i])), i)
        return np.asarray(list(seen.values()), dtype=np.int64)

    def _sources(self, i: int) -> str:
        same = np.ones(len(self.proposed["phrase"]), dtype=bool)
        for name in ("phrase", "direction", "run"):
            same &= self.proposed[name] == self.proposed[name][i]
        return " and ".join(dict.fromkeys(self.proposed["source"][same].tolist()))
