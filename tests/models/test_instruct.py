"""A local instruct model with tiny random weights, saved and loaded through the code that loads real ones."""

from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from audit.errors import InputError
from audit.models import load_model
from audit.models.base import LanguageModel

WORDS = ["[PAD]", "[UNK]", "[BOS]", "[EOS]", "yes", "no", "perhaps"]


def tiny_llama(folder: Path) -> Path:
    words = Tokenizer(WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    words.pre_tokenizer = Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=words, pad_token="[PAD]", unk_token="[UNK]").save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(WORDS), hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=2, pad_token_id=0, eos_token_id=3, bos_token_id=2,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def test_it_answers_with_text_and_the_same_each_time(tmp_path) -> None:
    model = load_model(f"instruct:{tiny_llama(tmp_path / 'saved')}?max_tokens=4", device="cpu")
    assert model.abilities == {"language_model"}
    assert isinstance(model, LanguageModel)
    answer = model.complete("yes or no", schema={"type": "object"})
    assert isinstance(answer, str)
    assert len(answer.split()) <= 4
    assert model.complete("yes or no", schema={"type": "object"}) == answer


def test_no_name_is_refused() -> None:
    with pytest.raises(InputError, match="instruct:FOLDER"):
        load_model("instruct:")
