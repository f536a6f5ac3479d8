import pytest

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
