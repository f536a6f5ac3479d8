"""The caption proposer: words and word groups that the captions of one set hold more often.

    log-odds with a Jeffreys prior   d = log((k_a + 1/2) / (n_a - k_a + 1/2)) - the same of B
    z                                d / sqrt(sum of 1 / (each of the four counts + 1/2))

k counts captions that hold the term, so a word said twice in one caption counts once.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

LONGEST = 3
"""Words of a term at most."""

FEWEST = 3
"""Captions of a set that must hold a term."""

STOP = frozenset({
    "a", "an", "the", "this", "that", "these", "those", "some", "any", "each", "every", "of", "in", "on", "at",
    "by", "to", "for", "from", "with", "without", "into", "onto", "over", "under", "up", "down", "out", "off", "as",
    "and", "or", "but", "nor", "so", "than", "then", "is", "are", "was", "were", "be", "been", "being", "am", "has",
    "have", "had", "do", "does", "did", "it", "its", "his", "her", "hers", "their", "theirs", "our", "your", "my",
    "me", "him", "them", "they", "he", "she", "we", "you", "i", "who", "which", "what", "there", "here", "very",
    "just", "also", "while", "image", "photo", "picture", "drawing", "photos", "pictures", "images", "s", "t",
    "seen", "looking", "facing", "shown", "taken",
})  # fmt: skip
_ENGLISH = frozenset({"a", "an", "the", "of", "in", "on", "at", "with", "and", "is", "are", "to", "by"})
_LIGHT = frozenset({"doing", "making", "taking", "having", "using", "getting"})
"""Verbs that say nothing alone, though "doing yoga" does."""
_WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


class Terms(NamedTuple):
    """Terms and how many captions of each set hold them.

    Parameters
    ----------
    terms
        The terms.
    in_a, in_b
        Captions that hold each, (terms,).
    n_a, n_b
        Captions that are not empty.
    """

    terms: tuple[str, ...]
    in_a: NDArray[np.int64]
    in_b: NDArray[np.int64]
    n_a: int
    n_b: int


def words(caption: str) -> list[str]:
    """Return a caption's words in lower case; scripts without spaces fall into single characters."""
    found: list[str] = []
    for word in _WORD.findall(unicodedata.normalize("NFKC", caption).lower()):
        found.extend(word if _WIDE.search(word) else [word])
    return found


def terms_of(caption: str) -> set[str]:
    """Return the 1- to 3-word terms of a caption that neither begin nor end in a function word."""
    parts = words(caption)
    found = set()
    for start, first in enumerate(parts):
        if first in STOP:
            continue
        for stop in range(start + 1, min(start + LONGEST, len(parts)) + 1):
            if parts[stop - 1] not in STOP:
                found.add(" ".join(parts[start:stop]))
    return found - _LIGHT


def count(a: Sequence[str], b: Sequence[str], terms: Sequence[str] | None = None) -> Terms:
    """Count the captions that hold each term.

    Parameters
    ----------
    a, b
        Captions of the two sets; empty ones are passed over.
    terms
        The terms to count; every one that occurs in enough captions when left out.
    """
    sides = [[terms_of(caption) for caption in side if caption.strip()] for side in (a, b)]
    counted = [Counter(term for found in side for term in found) for side in sides]
    if terms is None:
        terms = sorted(term for term in counted[0] | counted[1] if max(c[term] for c in counted) >= FEWEST)
    in_a, in_b = (np.asarray([c[term] for term in terms], dtype=np.int64) for c in counted)
    return Terms(tuple(terms), in_a, in_b, len(sides[0]), len(sides[1]))


def holds(captions: Sequence[str], terms: Sequence[str]) -> NDArray[np.bool_]:
    """Return which captions hold which terms, (terms, captions)."""
    found = [terms_of(caption) for caption in captions]
    return np.asarray([[term in terms_here for terms_here in found] for term in terms], dtype=bool).reshape(
        len(terms), len(found)
    )


def log_odds(in_a: ArrayLike, n_a: int, in_b: ArrayLike, n_b: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Log-odds ratio with a Jeffreys prior, and its z.

    Parameters
    ----------
    in_a, in_b
        Captions that hold each term.
    n_a, n_b
        Captions of each set.

    Returns
    -------
    difference, z : ndarray
        Positive when the term is commoner in A.
    """
    cells = [
        np.asarray(x, dtype=np.float64) + 0.5 for x in (in_a, n_a - np.asarray(in_a), in_b, n_b - np.asarray(in_b))
    ]
    difference = np.log(cells[0] / cells[1]) - np.log(cells[2] / cells[3])
    return difference, difference / np.sqrt(sum(1 / cell for cell in cells))


def propose(a: Sequence[str], b: Sequence[str], k: int) -> tuple[list[str], list[str]]:
    """Return at most k terms for A and for B, the strongest first.

    Of terms that occur in the same captions only the shortest is proposed.
    """
    table = count(a, b)
    if not table.terms or min(table.n_a, table.n_b) == 0:
        return [], []
    _, z = log_odds(table.in_a, table.n_a, table.in_b, table.n_b)
    found: list[list[str]] = []
    for sign in (1, -1):
        order = sorted(range(len(z)), key=lambda i: (-sign * z[i], len(table.terms[i]), table.terms[i]))
        chosen: list[int] = []
        for i in order:
            if sign * z[i] <= 0 or len(chosen) == k:
                break
            twin = any(
                (table.in_a[i], table.in_b[i]) == (table.in_a[j], table.in_b[j])
                and f" {table.terms[j]} " in f" {table.terms[i]} "
                for j in chosen
            )
            if not twin:
                chosen.append(i)
        found.append([table.terms[i] for i in chosen])
    return found[0], found[1]


def not_english(captions: Sequence[str]) -> bool:
    """Return whether captions seem not to be English: most of several hold no English function word."""
    said = [set(words(caption)) for caption in captions if caption.strip()]
    long = [found for found in said if len(found) >= 4]
    return len(long) >= 10 and sum(bool(found & _ENGLISH) for found in long) < 0.3 * len(long)
