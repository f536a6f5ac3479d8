import json

import numpy as np
import pytest
import torch

from audit.errors import InputError
from audit.models import classes
from audit.models.classes import match_classes
from tests.fakes import FakeClassifier


def imagenet_model(offset=0):
    found, _ = classes.class_list({}, 1000 + offset, certain=True)
    model = FakeClassifier(found.names, name="net")
    model.class_aliases, model.class_offset = found.aliases, found.offset
    return model


def test_case_underscores_hyphens_and_accents_do_not_count():
    model = FakeClassifier(["Great White-Shark", "Café au lait", "tench"])
    assert match_classes(model, ("cafe_au_lait", "great white shark")).columns == (1, 0)


def test_any_synonym_of_a_class_finds_it():
    model = FakeClassifier(["tench, Tinca tinca", "Cyanocitta cristata (Blue Jay)"])
    for name in ("blue_jay", "Cyanocitta cristata", "Cyanocitta cristata (Blue Jay)"):
        assert match_classes(model, (name, "tinca_tinca")).columns == (1, 0)


def test_a_first_synonym_comes_before_another_classes_second():
    model = FakeClassifier(["bittern, crane", "crane"])
    assert match_classes(model, ("crane", "bittern")).columns == (1, 0)


def test_the_logits_are_selected_in_the_datas_order():
    match = match_classes(FakeClassifier(["a", "b", "c"]), ("c", "a"))
    logits = np.array([[1.0, 2.0, 3.0]], dtype=np.float32)
    assert match.select(logits).tolist() == [[3.0, 1.0]]
    assert match.select(torch.from_numpy(logits)).tolist() == [[3.0, 1.0]]
    assert match.select(logits).dtype == np.float32


def test_wordnet_ids_names_and_indices_of_imagenet_find_the_same_logits():
    model = imagenet_model()
    for labels in (("n01484850", "n01440764"), ("great_white_shark", "tench"), ("2", "0")):
        match = match_classes(model, labels)
        assert not match.problems
        assert match.columns == (2, 0)


def test_a_background_logit_shifts_every_class():
    model = imagenet_model(offset=1)
    assert model.class_names[:2] == ("background", "tench, Tinca tinca")
    for labels in (("n01484850",), ("great_white_shark",), ("2",)):
        assert match_classes(model, labels).columns == (3,)


def test_every_label_of_the_imagenet_sample_matches_but_the_two_that_name_two_classes(shared_data):
    import pandas as pd

    table = pd.read_csv(shared_data / "imagenet_sample" / "samples.csv")
    model = imagenet_model()
    names = tuple(sorted(table["label"].unique()))
    match = match_classes(model, names)
    assert [name for name, column in zip(names, match.columns, strict=True) if column < 0] == ["crane", "maillot"]
    found = dict(zip(names, match.columns, strict=True))
    clear = table[~table["label"].isin(["crane", "maillot"])]
    assert (clear["label"].map(found) == clear["imagenet_index"]).all()


def test_an_ambiguous_name_is_a_problem_that_names_its_meanings_and_the_remedy():
    match = match_classes(imagenet_model(), ("crane", "tench"))
    assert len(match.problems) == 1
    assert "'crane' (n02012849 'crane' or n03126707 'crane')" in match.problems[0]
    assert "WordNet ids (wnid)" in match.problems[0]
    with pytest.raises(InputError, match="crane"):
        match.select(np.zeros((1, 1000)))


def test_the_same_case_tells_two_classes_apart():
    columns = match_classes(imagenet_model(), ("Cardigan", "cardigan")).columns
    assert [imagenet_model().class_aliases[column][0] for column in columns] == ["n02113186", "n02963159"]


def test_an_unknown_name_is_a_problem_with_the_nearest_ones():
    problem = match_classes(FakeClassifier(["red fox", "wolf"]), ("wolf", "red foxes")).problems[0]
    assert "'red foxes' of the data is unknown to fake-classifier" in problem
    assert "Did you mean red fox?" in problem


@pytest.mark.parametrize("name", ["dog", "horse", "house"])
def test_a_name_that_is_near_no_class_is_offered_none(name):
    problem = match_classes(FakeClassifier(["dough", "hotdog", "hog", "harp", "mouse"]), (name, "harp")).problems[0]
    assert "Did you mean" not in problem


def test_many_unknown_names_are_counted():
    problem = match_classes(FakeClassifier(["a"]), tuple("bcdefghi")).problems[0]
    assert "'b', 'c', 'd', 'e' and 4 more of the data are unknown" in problem


def test_two_labels_of_one_class_are_a_problem():
    problem = match_classes(FakeClassifier(["cab, taxi", "bus"]), ("cab", "taxi", "bus")).problems[0]
    assert "'cab', 'taxi' of the data are one class to the model (logit 0)" in problem


def test_numbers_are_indices_and_say_so():
    match = match_classes(FakeClassifier(["a", "b", "c"]), ("2", "0"))
    assert match.columns == (2, 0)
    assert "taken as the indices" in match.notes[0]


def test_numbers_that_are_names_are_names():
    assert match_classes(FakeClassifier(["3", "1", "0"]), ("0", "3")).columns == (2, 0)


def test_an_index_beyond_the_last_class_is_a_problem():
    assert "class 7 is no index of fake-classifier" in match_classes(FakeClassifier(), ("0", "7")).problems[0]


def test_a_model_without_names_matches_indices_alone():
    model = FakeClassifier([])
    assert match_classes(model, ("4", "1")).columns == (4, 1)
    assert "class_names=FILE" in match_classes(model, ("cat",)).problems[0]
    with pytest.raises(InputError, match="at least 5 columns; got 3"):
        match_classes(model, ("4",)).select(np.zeros((1, 3)))


def test_names_are_read_from_lines_and_from_both_kinds_of_json(tmp_path):
    (tmp_path / "a.txt").write_text("one\ntwo, zwei\n\n")
    (tmp_path / "b.json").write_text(json.dumps(["one", "two, zwei"]))
    (tmp_path / "c.json").write_text(json.dumps({"1": "two, zwei", "0": "one"}))
    for name in ("a.txt", "b.json", "c.json"):
        assert classes.read_class_names(tmp_path / name) == ("one", "two, zwei")


@pytest.mark.parametrize(("name", "text"), [("a.txt", "\n"), ("b.json", "{"), ("c.json", '{"0": "a", "2": "b"}')])
def test_an_unreadable_class_file_is_refused(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match="`class_names` must"):
        classes.read_class_names(tmp_path / name)


def test_a_list_of_another_length_is_refused_with_both_counts(tmp_path):
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    with pytest.raises(InputError, match=r"2 names and 0 background logits for 3 logits\. Set class_offset"):
        classes.class_list({"class_names": str(tmp_path / "a.txt")}, 3, certain=True)
    found, _ = classes.class_list({"class_names": str(tmp_path / "a.txt"), "class_offset": "1"}, 3, certain=True)
    assert found.names == ("background", "one", "two")


def test_an_unknown_class_list_is_refused_with_the_known_ones():
    with pytest.raises(InputError, match=r"imagenet1k.*got 'imagnet'"):
        classes.class_list({"class_names": "imagnet"}, 1000, certain=True)


def test_what_the_logits_were_taken_to_be_is_noted_only_where_it_is_a_guess():
    assert classes.class_list({}, 1000, certain=True)[1] == []
    assert "taken to be the classes of imagenet1k" in classes.class_list({}, 1000, certain=False)[1][0]
    assert "after 1 background logit" in classes.class_list({}, 1001, certain=False)[1][0]
    assert classes.class_list({}, 12, certain=False) == (classes.ClassList(), [])


def test_names_that_came_with_weights_get_wordnet_ids_where_they_are_imagenets():
    names = classes.imagenet_classes("imagenet1k").names
    short = [name.split(",")[0] for name in names]
    assert classes.named_classes(short).aliases[2] == ("n01484850",)
    assert classes.named_classes(["LABEL_0", "LABEL_1"]) == classes.ClassList()
    assert classes.named_classes(["cat", "dog"]) == classes.ClassList(names=("cat", "dog"))
