import pandas as pd
from PIL import Image

from audit.readers import load_dataset


def test_a_table_of_groups_is_read_with_its_groups_as_attributes(tmp_path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "x.png")
    rows = [{"path": "x.png", "group_name": f"group {i}", "subset": "one", "prompt": "p"} for i in range(40)]
    pd.DataFrame(rows).to_csv(tmp_path / "table.csv", index=False)
    dataset = load_dataset(tmp_path / "table.csv")
    assert dataset.roles.attributes == ("group_name", "subset")
    assert len(dataset) == 40
    assert dataset.has_images


def test_the_real_example_has_its_groups_and_captions(shared_data) -> None:
    dataset = load_dataset(shared_data / "visdiff_example" / "samples.csv")
    assert dataset.roles.attributes == ("group_name",)
    assert dataset.roles.caption == "caption"
    assert dataset.metadata["group_name"].value_counts().to_dict() == {"yoga": 100, "meditation": 100}
