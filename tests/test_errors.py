from audit.errors import near


def test_near_names_are_offered_and_far_ones_are_not() -> None:
    assert near("resnt50", ["resnet50", "vgg"]) == " Did you mean resnet50?"
    assert near("b-32", ["ViT-B-32", "RN50"]) == " Did you mean ViT-B-32?"
    assert near("zzz", ["resnet50"]) == ""


def test_short_words_have_to_be_very_near() -> None:
    assert near("dog", ["dough", "hotdog", "hog"], cutoff=0.84, parts=False) == ""
    assert near("dogs", ["dog", "hog"], cutoff=0.84, parts=False) == " Did you mean dog?"
