import pytest
import torch

from audit.errors import InputError
from audit.models.device import placement, resolve_device, resolve_dtype


@pytest.fixture
def no_accelerator(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


@pytest.fixture
def two_cards(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)


@pytest.mark.usefixtures("no_accelerator")
def test_auto_is_the_cpu_in_float32_without_an_accelerator():
    assert placement("auto", "auto") == ("cpu", "float32")


@pytest.mark.usefixtures("two_cards")
def test_auto_is_cuda_in_bfloat16_where_the_card_can():
    assert placement("auto", "auto") == ("cuda", "bfloat16")


@pytest.mark.usefixtures("two_cards")
def test_an_older_card_computes_in_float16(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: False)
    assert resolve_dtype("auto", "cuda:1") == "float16"


@pytest.mark.usefixtures("no_accelerator")
def test_auto_prefers_mps_to_the_cpu(monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert placement("auto", "auto") == ("mps", "float16")


@pytest.mark.usefixtures("no_accelerator")
@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_cuda_without_a_card_is_refused_with_the_remedy(device):
    with pytest.raises(InputError, match=rf"got '{device}', but PyTorch .* finds no CUDA device. Use --device cpu"):
        resolve_device(device)


@pytest.mark.usefixtures("no_accelerator")
def test_mps_elsewhere_is_refused_with_the_remedy():
    with pytest.raises(InputError, match="Use --device cpu"):
        resolve_device("mps")


@pytest.mark.usefixtures("two_cards")
def test_a_card_beyond_the_last_is_refused():
    assert resolve_device("cuda:1") == "cuda:1"
    with pytest.raises(InputError, match="below cuda:2"):
        resolve_device("cuda:2")


@pytest.mark.parametrize("device", ["gpu", "cpu:1", "cuda:x", ""])
def test_an_unknown_device_is_refused_with_the_known_ones(device):
    with pytest.raises(InputError, match="auto, cpu, mps, cuda or cuda:N"):
        resolve_device(device)


@pytest.mark.parametrize(("wish", "found"), [("bf16", "bfloat16"), ("fp16", "float16"), ("float32", "float32")])
def test_number_formats_have_short_names(wish, found):
    assert resolve_dtype(wish, "cpu") == found


def test_an_unknown_number_format_is_refused_with_the_known_ones():
    with pytest.raises(InputError, match="fp16; got 'int8'"):
        resolve_dtype("int8", "cpu")
