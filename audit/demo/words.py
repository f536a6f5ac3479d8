"""Tokens of the training phrases, renumbered."""

from __future__ import annotations

import numpy as np
import torch


class Words:
    """open_clip's tokens renumbered: only those of the captions' words, and one for the rest."""

    def __init__(self, phrases: list[str], context_length: int) -> None:
        from open_clip.tokenizer import SimpleTokenizer

        self.tokenizer = SimpleTokenizer(context_length=context_length)
        self.context_length = context_length
        self._encoded: dict[str, list[int]] = {}
        pieces = {piece for text in phrases for piece in self._tokens(text)}
        # Sorted, so that the end mark keeps the highest number: the text tower looks for it there.
        self.seen = sorted(pieces | {self.tokenizer.sot_token_id, self.tokenizer.eot_token_id})
        # Padding is 0 in open_clip; it comes after the end mark, which the tower cannot see.
        self.unknown = 0
        self.number = {token: i + 1 for i, token in enumerate(self.seen)}

    def _tokens(self, text: str) -> list[int]:
        tokens: list[int] = []
        for word in text.split():
            if word not in self._encoded:
                self._encoded[word] = self.tokenizer.encode(word)
            tokens += self._encoded[word]
        return tokens

    def rows(self, phrases: list[str], random: np.random.Generator | None = None, unknown: float = 0.0) -> torch.Tensor:
        """Return int64 (n, context length); a share of words is replaced by the unknown word."""
        result = np.zeros((len(phrases), self.context_length), dtype=np.int64)
        for row, text in zip(result, phrases, strict=True):
            numbers = [self.number.get(token, self.unknown) for token in self._tokens(text)]
            if random is not None:
                hidden = random.uniform(size=len(numbers)) < unknown
                numbers = [self.unknown if hide else number for number, hide in zip(numbers, hidden, strict=True)]
            numbers = numbers[: self.context_length - 2]
            numbers = [self.number[self.tokenizer.sot_token_id], *numbers, self.number[self.tokenizer.eot_token_id]]
            row[: len(numbers)] = numbers
        return torch.from_numpy(result)
