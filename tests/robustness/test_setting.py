import pytest

from audit.robustness.case import _word
from audit.robustness.design import all_rows
from audit.robustness.setting import _nesting_notes


@pytest.mark.parametrize(
    ("group", "said"),
    [
        ([0, 0, 0, 1, 1, 2], ["2 groups have samples from several centers, permuted center by center."]),
        ([0, 0, 0, 1, 2, 2], ["1 group has samples from several centers, permuted center by center."]),
        ([0, 1, 2, 0, 1, 1], []),
    ],
)
def test_groups_of_several_centers_are_counted_once_each(group, said):
    center = ["x", "y", "z", "x", "y", "y"]
    notes = _nesting_notes(all_rows(["a", "b", "a", "b", "a", "b"], center, group))
    assert [note for note in notes if "several centers" in note] == said


@pytest.mark.parametrize(
    ("column", "word"),
    [
        ("scanner", "scanner"),
        ("medical_center", "medical center"),
        ("Hôpital", "Hôpital"),
        ("center", "center"),
        ("what is it", "center"),
        ("Where (style)", "center"),
        ("y", "center"),
        ("", "center"),
    ],
)
def test_a_column_is_called_by_its_name_where_that_can_stand_in_a_sentence(column, word):
    assert _word(column, "center") == word
