"""The battery of changed images, through the engine."""

import numpy as np
import pytest

from audit import engine
from audit.backgrounds import donors
from audit.backgrounds.interventions import NAMES, Intervention, RegionShares, battery, render_variant, words
from audit.backgrounds.regions import MaskRegion
from audit.base import specification
from audit.errors import InputError
from audit.outputs import EncodedImages
from audit.store import Store
from tests.fakes import FakeEncoder

REGION = MaskRegion(column="mask")


class Pixels(FakeEncoder):
    """Hands the pixels themselves on, and counts the images it sees."""

    def __init__(self):
        super().__init__("pixels")
        self.seen = 0

    def encode_image(self, images):
        self.seen += len(images)
        return images.permute(0, 2, 3, 1).flatten(1).float()


def _pixels(dataset, names, tmp_path, batch_size=3, model=None):
    variants = battery(names, REGION, cut="box", seed=0)
    wanted = {name: EncodedImages(variant=variant) for name, variant in variants.items()}
    model = model or Pixels()
    store = Store(tmp_path / f"store{batch_size}")
    outputs = engine.compute(dataset, model, [EncodedImages(), *wanted.values()], store=store, batch_size=batch_size)
    found = {name: np.asarray(outputs[each]).reshape(-1, 16, 16, 3) for name, each in wanted.items()}
    return np.asarray(outputs[EncodedImages()]).reshape(-1, 16, 16, 3), found


@pytest.fixture
def mask():
    region = np.zeros((16, 16), dtype=bool)
    region[4:10, 4:10] = True
    return region


def test_each_intervention_changes_its_part_alone(squares, mask, tmp_path):
    original, found = _pixels(squares, NAMES, tmp_path)
    for name, changed in found.items():
        kept = mask if name.startswith("background") else ~mask if name.startswith("foreground") else mask & ~mask
        np.testing.assert_array_equal(changed[:, kept], original[:, kept])
        if name not in {"background_blur", "background_shuffle"}:  # the ground of these pictures is even
            assert (changed[:, ~kept] != original[:, ~kept]).any(), name


def test_the_result_does_not_depend_on_the_batch_size(squares, tmp_path):
    one, other = (_pixels(squares, NAMES, tmp_path, batch_size=size)[1] for size in (3, 8))
    for name in NAMES:
        np.testing.assert_array_equal(one[name], other[name])


def test_images_are_decoded_once_for_the_whole_battery(squares, tmp_path, monkeypatch):
    from audit import stream

    opened = []
    real = stream.open_image
    monkeypatch.setattr(stream, "open_image", lambda path, **rest: opened.append(path) or real(path, **rest))
    model = Pixels()
    names = [name for name in NAMES if "swap" not in name]
    _pixels(squares, names, tmp_path, model=model)
    assert sorted(opened) == sorted(squares.metadata["filepath"])
    assert model.seen == len(squares) * (len(names) + 1)


def test_an_exchanged_background_is_that_of_the_donor(squares, mask, tmp_path):
    original, found = _pixels(squares, ("background_swap_same", "background_swap_random"), tmp_path)
    labels = squares.metadata["label"].to_numpy()
    for rule in ("swap_same", "swap_random"):
        rows = donors.donor_rows(squares, rule, 0)
        assert (rows != np.arange(8)).all()
        assert ((labels[rows] == labels) == (rule == "swap_same")).all()
        np.testing.assert_array_equal(found[f"background_{rule}"][:, ~mask], original[rows][:, ~mask])


def test_the_donor_is_painted_over_where_the_subject_was(squares, tmp_path):
    table = squares.metadata.assign(mask=["mask0.png"] * 8)
    _, found = _pixels(squares.with_metadata(table), ("foreground_swap_random",), tmp_path)
    assert found["foreground_swap_random"].max() < 60  # no subject is left, neither the own nor the donor's


def test_a_sample_without_a_donor_keeps_its_own_image(squares, tmp_path):
    table = squares.metadata.assign(label=["a", *["b"] * 7])
    original, found = _pixels(squares.with_metadata(table), ("background_swap_same",), tmp_path)
    np.testing.assert_array_equal(found["background_swap_same"][0], original[0])
    assert donors.donor_rows(squares.with_metadata(table), "swap_same", 0)[0] == -1


def test_a_donor_that_cannot_be_read_is_replaced(squares, tmp_path):
    broken = squares.root / squares.metadata["filepath"].iloc[0]
    broken.write_bytes(broken.read_bytes()[:60])
    variants = battery(("background_swap_random",), REGION, cut="box", seed=0)
    wanted = EncodedImages(variant=variants["background_swap_random"])
    outputs = engine.compute(squares, Pixels(), [wanted], store=Store(tmp_path / "s"))
    assert len(outputs.dataset) == 7


def test_the_outline_can_be_cut_instead_of_the_box(squares):
    drawn = {
        cut: np.asarray(
            render_variant(
                squares, "s0", Intervention(kind="grey", where="foreground", region=REGION, cut=cut), Pixels()
            )
        )
        for cut in ("box", "mask")
    }
    assert (drawn["box"] == drawn["mask"]).all()  # the subject is a box
    assert drawn["box"][5, 5].tolist() == [128, 128, 128]
    assert drawn["box"][0, 0].tolist() == [10, 20, 40]


@pytest.mark.parametrize("name", NAMES)
def test_a_rendered_sample_is_what_the_model_saw(name, squares, tmp_path):
    found = _pixels(squares, (name,), tmp_path)[1][name]
    variant = battery((name,), REGION, cut="box", seed=0)[name]
    np.testing.assert_array_equal(np.asarray(render_variant(squares, "s5", variant, Pixels())), found[5])


def test_region_shares_are_of_subject_and_box(squares, tmp_path):
    outputs = engine.compute(squares, Pixels(), [RegionShares(region=REGION)], store=Store(tmp_path / "s"))
    shares = outputs[RegionShares(region=REGION)]
    np.testing.assert_allclose(shares["subject"], 36 / 256)
    np.testing.assert_allclose(shares["box"], 36 / 256)


def test_every_field_of_an_intervention_is_in_its_key():
    spec = specification(EncodedImages(variant=Intervention(kind="blur", region=REGION)))
    fields = spec["fields"]["variant"]["fields"]
    assert fields["kind"] == "blur"
    assert fields["region"]["fields"] == {"column": "mask"}
    assert fields["region"]["version"] == 1


def test_an_unknown_intervention_is_named():
    with pytest.raises(InputError, match="got 'background_melt'"):
        battery(("background_melt",), REGION, cut="box", seed=0)
    with pytest.raises(InputError, match="got 'image_swap_same'"):
        battery(("image_swap_same",), REGION, cut="box", seed=0)


def test_an_intervention_has_words():
    assert words("background_swap_random") == "background exchanged with another class"


def test_a_rendered_sample_must_be_there(squares):
    with pytest.raises(InputError, match="got 'nobody'"):
        render_variant(squares, "nobody", None, Pixels())
