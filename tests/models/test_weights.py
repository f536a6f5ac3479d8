import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from audit.errors import InputError
from audit.models import weights


class Harmful:
    def __reduce__(self):
        return (print, ("code ran",))


@pytest.fixture
def network():
    return nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))


def saved(path, content):
    torch.save(content, path)
    return path


def test_both_kinds_of_file_give_the_same_tensors(tmp_path, network):
    state = network.state_dict()
    save_file(state, tmp_path / "w.safetensors")
    for path in (tmp_path / "w.safetensors", saved(tmp_path / "w.pt", state)):
        found = weights.read_state_dict(path)
        assert found.keys() == state.keys()
        assert all(torch.equal(found[key], state[key]) for key in state)


@pytest.mark.parametrize("wrap", [("state_dict",), ("model",), ("state_dict", "model")])
@pytest.mark.parametrize("prefix", ["module.", "model.", "_orig_mod.", "module.model.", ""])
def test_the_wrappings_of_training_scripts_are_taken_off(tmp_path, network, wrap, prefix):
    content = {prefix + key: value for key, value in network.state_dict().items()}
    for key in wrap:
        content = {key: content, "epoch": 3}
    assert weights.read_state_dict(saved(tmp_path / "w.pt", content)).keys() == network.state_dict().keys()


def test_a_prefix_that_some_keys_lack_is_kept():
    one = torch.zeros(1)
    assert set(weights.strip_prefixes({"model.a": one, "b": one})) == {"model.a", "b"}


def test_sixteen_bit_weights_become_float32_without_loss(tmp_path, network):
    half = {key: value.half() for key, value in network.state_dict().items()}
    save_file(half, tmp_path / "w.safetensors")
    found = weights.read_state_dict(tmp_path / "w.safetensors")
    assert all(value.dtype == torch.float32 for value in found.values())
    assert all(torch.equal(found[key].half(), half[key]) for key in half)


def test_python_objects_are_refused_unrun(tmp_path, capsys):
    with pytest.raises(InputError, match=r"holds Python objects.*torch.save\(model.state_dict\(\), FILE\)"):
        weights.read_state_dict(saved(tmp_path / "w.pt", {"a": Harmful()}))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", ["w.pt", "w.safetensors"])
def test_a_damaged_file_is_refused_by_name(tmp_path, name):
    (tmp_path / name).write_bytes(b"no weights at all, but long enough to look at")
    with pytest.raises(InputError, match=name):
        weights.read_state_dict(tmp_path / name)


@pytest.mark.parametrize(("content", "message"), [({"epoch": 1}, "holds only: epoch"), ([1, 2], "holds list")])
def test_a_file_without_named_tensors_is_refused(tmp_path, content, message):
    with pytest.raises(InputError, match=message):
        weights.read_state_dict(saved(tmp_path / "w.pt", content))


@pytest.mark.parametrize(("place", "message"), [("absent.pt", "no such file"), (".", "a folder")])
def test_a_place_that_is_no_file_is_refused(tmp_path, place, message):
    with pytest.raises(InputError, match=message):
        weights.read_state_dict(tmp_path / place)


def test_a_shape_that_differs_is_named_with_both_shapes_and_the_remedy(network):
    state = {**network.state_dict(), "1.weight": torch.zeros(5, 4)}
    with pytest.raises(InputError, match=r"'1.weight' has shape \(5, 4\) in f.pt.*expects \(2, 4\). Set num_classes"):
        weights.load_into(network, state, source="f.pt", remedy="Set num_classes.")


def test_a_transposed_matrix_of_equal_size_is_refused():
    layer = nn.Linear(3, 4)
    with pytest.raises(InputError, match=r"shape \(3, 4\)"):
        weights.load_into(layer, {"weight": torch.zeros(3, 4), "bias": torch.zeros(4)}, source="f", remedy="")


def test_sides_of_length_one_do_not_count(network):
    layer = nn.Linear(3, 4)
    weights.load_into(layer, {"weight": torch.ones(4, 3, 1, 1), "bias": torch.zeros(4)}, source="f", remedy="")
    assert torch.equal(layer.weight, torch.ones(4, 3))


def test_missing_and_surplus_tensors_are_both_named(network):
    state = dict(network.state_dict())
    state["head.weight"] = state.pop("1.weight")
    with pytest.raises(InputError, match=r"1.weight not in the file; head.weight unknown to the network"):
        weights.load_into(network, state, source="f.pt", remedy="")


def test_equal_content_has_one_hash_whatever_the_order(network):
    state = network.state_dict()
    assert weights.content_hash(state) == weights.content_hash(dict(reversed(state.items())))


@pytest.mark.parametrize(
    "change",
    [
        lambda state: {**state, "1.bias": state["1.bias"] + 1},
        lambda state: {**state, "0.weight": state["0.weight"].reshape(3, 4)},
        lambda state: {**state, "0.weight": state["0.weight"].half()},
        lambda state: {("2.bias" if key == "1.bias" else key): value for key, value in state.items()},
    ],
)
def test_other_values_shapes_types_or_names_have_another_hash(network, change):
    state = network.state_dict()
    assert weights.content_hash(state) != weights.content_hash(change(state))


def test_scalars_and_bfloat16_can_be_hashed():
    state = {"scale": torch.tensor(2.5), "half": torch.ones(3, dtype=torch.bfloat16), "none": torch.zeros(0)}
    assert len(weights.content_hash(state)) == 32


def test_a_files_hash_is_that_of_its_bytes(tmp_path):
    for name, content in (("a", b"x" * 100), ("b", b"x" * 100), ("c", b"y" * 100)):
        (tmp_path / name).write_bytes(content)
    assert weights.file_hash(tmp_path / "a") == weights.file_hash(tmp_path / "b") != weights.file_hash(tmp_path / "c")


def test_the_text_a_safetensors_file_carries_is_read(tmp_path):
    save_file({"a": torch.zeros(1)}, tmp_path / "w.safetensors", metadata={"pad_type": "same"})
    assert weights.metadata(tmp_path / "w.safetensors") == {"pad_type": "same"}
    assert weights.metadata(tmp_path / "w.pt") == {}
