import pandas as pd

from audit.readers.repeated_rows import header_of, joined_subsets, read_text, table_with


def test_a_table_without_repeated_samples_stays_as_it_is(tmp_path):
    frame = pd.DataFrame({"sample_id": ["a", "b"], "subset": ["x", "y"]})
    rows, vectors = joined_subsets(frame, None, tmp_path / "t.csv")
    assert rows is frame
    assert vectors is None


def test_cells_are_stripped_text_and_empty_ones_missing(tmp_path):
    (tmp_path / "t.csv").write_text("id, name\n01, NA\n2,\n")
    frame = read_text(tmp_path / "t.csv")
    assert frame["id"].tolist() == ["01", "2"]
    assert frame["name"].iloc[0] == "NA"
    assert frame["name"].isna().tolist() == [False, True]


def test_a_file_that_is_no_text_has_no_header(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"\xff\xfe\x00\x81")
    assert header_of(tmp_path / "t.csv") == []


def test_a_folder_with_two_fitting_tables_is_ambiguous(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text("x,y\n1,2\n")
    assert table_with(tmp_path, ("x", "y")) is None
    (tmp_path / "b.csv").unlink()
    assert table_with(tmp_path, ("x", "y")) == tmp_path / "a.csv"
