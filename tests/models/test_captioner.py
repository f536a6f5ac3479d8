"""Captioners with tiny random weights, saved and loaded through the code that loads real ones."""

from pathlib import Path

import pytest
import torch
from PIL import Image
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import (
    BertTokenizerFast,
    BlipConfig,
    BlipForConditionalGeneration,
    BlipImageProcessor,
    BlipProcessor,
    CLIPImageProcessor,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)

from audit.errors import InputError
from audit.models import load_model
from audit.models.base import Captioner

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "<image>", "Describe", "a", "red", "blue", "square", "."]
IMAGES = [Image.new("RGB", (40, 30), "red"), Image.new("RGB", (30, 40), "blue")]


def tiny_blip(folder: Path) -> Path:
    vocabulary = folder / "words.txt"
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary.write_text("\n".join(WORDS), encoding="utf-8")
    tokenizer = BertTokenizerFast(vocab=str(vocabulary))
    text = {
        "vocab_size": len(WORDS), "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1,
        "num_attention_heads": 2, "encoder_hidden_size": 16, "bos_token_id": 2, "eos_token_id": 3, "sep_token_id": 3,
        "pad_token_id": 0, "max_position_embeddings": 64,
    }  # fmt: skip
    vision = {
        "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
        "image_size": 32, "patch_size": 16,
    }  # fmt: skip
    torch.manual_seed(0)
    network = BlipForConditionalGeneration(BlipConfig(text_config=text, vision_config=vision, image_text_hidden_size=8))
    network.save_pretrained(folder)
    images = BlipImageProcessor(size={"height": 32, "width": 32})
    BlipProcessor(image_processor=images, tokenizer=tokenizer).save_pretrained(folder)
    return folder


def tiny_llava(folder: Path) -> Path:
    words = Tokenizer(WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    words.pre_tokenizer = Whitespace()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="[PAD]", unk_token="[UNK]", additional_special_tokens=["<image>"]
    )
    vision = CLIPVisionConfig(
        hidden_size=16, intermediate_size=16, num_hidden_layers=2, num_attention_heads=2, image_size=32, patch_size=16
    )
    text = LlamaConfig(
        vocab_size=len(WORDS) + 4, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=2, pad_token_id=0, eos_token_id=3, bos_token_id=2,
    )  # fmt: skip
    torch.manual_seed(0)
    config = LlavaConfig(vision_config=vision, text_config=text, image_token_index=5, image_token_id=5)
    LlavaForConditionalGeneration(config).save_pretrained(folder)
    template = (
        "{% for part in messages[0]['content'] %}{% if part['type'] == 'image' %}<image> "
        "{% else %}{{ part['text'] }} {% endif %}{% endfor %}"
    )
    LlavaProcessor(
        image_processor=CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}),
        tokenizer=tokenizer,
        patch_size=16,
        vision_feature_select_strategy="default",
        chat_template=template,
        image_token="<image>",
        num_additional_image_tokens=1,
    ).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("make", [tiny_blip, tiny_llava])
def test_it_says_one_sentence_an_image_and_the_same_each_time(make, tmp_path) -> None:
    captioner = load_model(f"captioner:{make(tmp_path / 'saved')}?max_tokens=5", device="cpu")
    assert captioner.abilities == {"captioner"}
    assert isinstance(captioner, Captioner)
    said = captioner.caption(IMAGES)
    assert len(said) == 2
    # The request is not repeated, and no more is said than was asked for.
    assert all(isinstance(caption, str) and len(caption.split()) <= 5 for caption in said)
    assert captioner.caption(IMAGES) == said
    assert captioner.caption([]) == []


def test_a_folder_without_a_model_is_refused_in_words(tmp_path) -> None:
    with pytest.raises(InputError, match="must be a folder to load"):
        load_model(f"captioner:{tmp_path}")


def test_weights_that_are_missing_are_refused(tmp_path) -> None:
    from safetensors.torch import load_file, save_file

    folder = tiny_blip(tmp_path / "saved")
    tensors = load_file(folder / "model.safetensors")
    gone = next(name for name in tensors if "vision_model.encoder" in name)
    save_file({name: tensor for name, tensor in tensors.items() if name != gone}, folder / "model.safetensors",
              metadata={"format": "pt"})  # fmt: skip
    with pytest.raises(InputError, match="would be random"):
        load_model(f"captioner:{folder}")
