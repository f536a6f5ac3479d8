"""The drawings of the background page, from tables written by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import special

from audit.backgrounds.figures import MOST_CLASSES, MOST_MISTAKES, page_figures, scatter
from audit.result import Result, Verdict, score_table


def _sides(common=(0.9, 0.8, 0.95), counter=(0.6, 0.5, 0.7)):
    return [
        {"score": f"{name}_accuracy", "value": value, "low": low, "high": high}
        for name, (value, low, high) in (("common", common), ("counter", counter))
    ]


def _class(name, common, counter, q=0.5, n=20):
    drop = common - counter
    row = {
        "row": name,
        "class": name,
        "kind": "class",
        "value": drop,
        "low": drop - 0.1,
        "high": drop + 0.1,
        "n": 2 * n,
    }
    for side, share in (("common", common), ("counter", counter)):
        ends = {f"{side}_accuracy": share, f"{side}_low": share - 0.1, f"{side}_high": share + 0.2, f"{side}_n": n}
        row |= ends | {side: {"common": "meadow", "counter": ""}[side]}
    return row | {"q_value": q, "where": f'{{"label": "{name}"}}'}


def _mistake(name, answer, count):
    row = f"{name} taken for {answer}"
    return {"row": row, "kind": "mistake", "value": count / 40, "low": 0, "high": 1, "n": 40, "count": count}


def _change(name, value, q=0.5, flip=0.2, p_true=-0.1):
    return {
        "row": name,
        "kind": "intervention",
        "value": value,
        "low": value - 0.1,
        "high": value + 0.1,
        "n": 50,
        "null": 0.0,
        "q_value": q,
        "flip_rate": flip,
        "flip_low": flip - 0.1,
        "flip_high": flip + 0.2,
        "p_true_change": p_true,
        "unit": "points",
    }


def _result(*rows, scores=(), **settings):
    return Result(
        overall=score_table(list(scores) or [{"score": "accuracy", "value": 0.9}]),
        by_group=score_table(rows, index="row"),
        by_sample=pd.DataFrame({"correct": [True]}, index=pd.Index(["s0"], name="sample_id")),
        verdict=Verdict(state="not_computed", sentence="Nothing was compared."),
        settings=settings,
    )


def _page(*rows, **settings):
    return {drawn.title: drawn for drawn in page_figures(_result(*rows, **settings), "logit")}


def _trace(drawn, name):
    return next(trace for trace in drawn.figure.data if trace.name == name)


def test_a_result_without_rows_draws_nothing():
    assert page_figures(_result(), "logit") == ()


def test_the_page_goes_from_the_whole_to_its_causes():
    conflict = {"row": "cow", "class": "cow", "kind": "cue_conflict", "n": 4, "value": 1.0, "where": "{}"}
    conflict |= {"follows_label": 0.0, "follows_background": 1.0, "follows_neither": 0.0}
    attribute = {"row": "coat", "kind": "attribute", "value": 0.5, "predictivity": 0.6, "availability": 0.7}
    attribute |= {"predictivity_chance": 0.5, "availability_chance": 0.5}
    rows = (_class("cow", 0.9, 0.6), _mistake("cow", "yak", 3), _change("hue", -0.1), conflict, attribute)
    drawn = page_figures(_result(*rows, scores=_sides()), "logit")
    assert [figure.title for figure in drawn] == [
        "Counter against common backgrounds",
        "Drop by class",
        "What counter images are mistaken for",
        "Changed images",
        "Flipped answers",
        "Cue conflict",
        "Availability against predictivity",
    ]
    assert all(figure.text.endswith(".") for figure in drawn)


def test_a_model_stands_among_the_published_ones_with_its_intervals():
    drawn = scatter({"mine": _result(scores=_sides())}, "logit")
    point = _trace(drawn, "mine")
    assert (list(point.x), list(point.y)) == ([0.9], [0.6])
    assert (*point.error_x.array, *point.error_x.arrayminus) == pytest.approx((0.05, 0.1))
    assert (*point.error_y.array, *point.error_y.arrayminus) == pytest.approx((0.1, 0.1))
    assert drawn.text.startswith("mine: 90.0 % on common, 60.0 % on counter backgrounds. Grey: 30 published models")


def test_published_models_stand_at_their_shares():
    drawn = scatter({"mine": _result(scores=_sides())}, "logit")
    imagenet, clip = (_trace(drawn, f"published {name} models") for name in ("ImageNet", "CLIP"))
    assert len(imagenet.x) == len(clip.x) == 15
    place = list(clip.text).index("CLIP B/32 openai: 69.1 / 45.6 %")
    assert (clip.x[place], clip.y[place]) == pytest.approx((0.6913, 0.4562))
    assert imagenet.marker.symbol != clip.marker.symbol


@pytest.mark.parametrize(
    ("axes", "there", "back"), [("logit", special.logit, special.expit), ("probit", special.ndtri, special.ndtr)]
)
def test_the_line_is_straight_on_the_chosen_axes(axes, there, back):
    drawn = scatter({"mine": _result(scores=_sides())}, axes)
    line, models = _trace(drawn, "expected from ImageNet models"), _trace(drawn, "published ImageNet models")
    slope, intercept = np.polyfit(there(np.asarray(models.x)), there(np.asarray(models.y)), 1)
    assert np.asarray(line.y) == pytest.approx(back(slope * there(np.asarray(line.x)) + intercept))


def test_the_axes_reach_the_lowest_bound():
    usual = scatter({"mine": _result(scores=_sides())}, "logit").figure.layout.xaxis.range
    assert usual == pytest.approx((0.31, 1.02))
    poor = scatter({"mine": _result(scores=_sides(counter=(0.2, 0.1, 0.3)))}, "logit").figure.layout
    assert poor.xaxis.range == poor.yaxis.range == pytest.approx((0.06, 1.02))


def test_several_models_have_their_own_colours_and_those_without_sides_are_left_out():
    results = {"one": _result(scores=_sides()), "other": _result(scores=_sides()), "blank": _result()}
    drawn = scatter(results, "logit")
    assert _trace(drawn, "one").marker.color != _trace(drawn, "other").marker.color
    assert "blank" not in drawn.text
    assert scatter({"blank": _result()}, "logit") is None
    assert scatter({}, "logit") is None


def test_the_largest_drop_stands_at_the_top_and_a_star_marks_what_holds():
    drawn = _page(_class("owl", 0.9, 0.8), _class("cow", 0.9, 0.4, q=0.01))["Drop by class"]
    names = drawn.figure.layout.yaxis.ticktext
    assert names[0].startswith("★ cow ")
    assert drawn.figure.layout.xaxis.title.text == "accuracy; ★ holds after correction"
    assert names[1].startswith("owl ")
    assert drawn.figure.layout.yaxis.range[0] > drawn.figure.layout.yaxis.range[1]
    common, counter = (_trace(drawn, f"{side} background") for side in ("common", "counter"))
    assert (list(common.x), list(counter.x)) == ([0.9, 0.9], [0.4, 0.8])
    assert list(common.customdata) == ['{"label": "cow"}', '{"label": "owl"}']
    assert np.asarray(counter.error_x.arrayminus) == pytest.approx([0.1, 0.1])
    assert np.asarray(counter.error_x.array) == pytest.approx([0.2, 0.2])
    assert common.text[0].startswith("cow on meadow: 90.0 %, n = 20<br>drop +50.0 points")
    assert counter.text[0].startswith("cow on counter: 40.0 %")
    assert drawn.text.endswith("a drop that holds: cow.")


def test_a_class_that_is_better_on_counter_backgrounds_is_no_drop_that_holds():
    drawn = _page(_class("owl", 0.4, 0.9, q=0.01))["Drop by class"]
    assert drawn.text.endswith("a drop that holds: none.")


def test_classes_with_one_side_are_not_drawn():
    drawn = _page(_class("cow", 0.9, 0.4), _class("fox", 0.9, np.nan, q=np.nan))["Drop by class"]
    assert len(drawn.figure.layout.yaxis.ticktext) == 1
    assert "Drop by class" not in _page(_class("fox", 0.9, np.nan, q=np.nan))


def test_no_more_than_the_worst_classes_are_drawn():
    rows = [_class(f"c{place}", 0.9, 0.9 - place / 100) for place in range(MOST_CLASSES + 2)]
    drawn = _page(*rows)["Drop by class"]
    assert len(drawn.figure.layout.yaxis.ticktext) == MOST_CLASSES
    assert drawn.figure.layout.yaxis.ticktext[0].startswith(f"c{MOST_CLASSES + 1} ")
    assert drawn.text.endswith("; 2 more classes are in the table.")


def test_mistakes_keep_their_order():
    rows = [_mistake("cow", f"a{place}", MOST_MISTAKES + 5 - place) for place in range(MOST_MISTAKES + 3)]
    drawn = _page(*rows)["What counter images are mistaken for"]
    names = drawn.figure.layout.yaxis.ticktext
    assert len(names) == MOST_MISTAKES
    assert names[0].startswith("cow taken for a0 ")
    assert drawn.text.endswith("most often cow taken for a0 (30 images).")


def test_changes_keep_their_order_and_a_star_marks_what_holds():
    drawn = _page(_change("background greyed", -0.1), _change("background blurred", -0.3, q=0.01))["Changed images"]
    names = drawn.figure.layout.yaxis.ticktext
    assert names[0].startswith("background greyed ")
    assert names[1].startswith("background blurred ★ ")
    assert drawn.figure.layout.xaxis.title.text == "change of accuracy, points; ★ holds after correction"
    assert "under 2 changes" in drawn.text
    assert drawn.text.endswith("largest for background blurred (-30.0 points).")


def test_the_largest_change_may_be_a_gain():
    drawn = _page(_change("background greyed", 0.2), _change("background blurred", -0.1))["Changed images"]
    assert drawn.text.endswith("largest for background greyed (+20.0 points).")


def test_the_page_says_how_the_subject_was_told():
    drawn = _page(_change("hue", -0.1), region="the given masks")
    assert "Changed images, subject by given masks" in drawn
    assert drawn["Flipped answers"].text.endswith("The subject is told by the given masks.")


def test_changes_without_a_usable_sample_are_not_drawn():
    assert _page(_change("hue", np.nan, flip=np.nan, p_true=np.nan)) == {}
    drawn = _page(_change("hue", np.nan, flip=np.nan), _change("grey", -0.1))
    assert len(drawn["Changed images"].figure.layout.yaxis.ticktext) == 1


def test_flips_and_lost_probability_stand_side_by_side():
    drawn = _page(_change("hue", -0.1, flip=0.5, p_true=-0.3), _change("grey", 0.0, flip=0.2, p_true=0.1))
    flips, lost = drawn["Flipped answers"].figure.data
    assert (list(flips.x), list(flips.y)) == ([0.5, 0.2], ["hue", "grey"])
    assert np.asarray(flips.error_x.array) == pytest.approx([0.2, 0.2])
    assert np.asarray(flips.error_x.arrayminus) == pytest.approx([0.1, 0.1])
    assert list(lost.x) == [0.3, -0.1]
    assert drawn["Flipped answers"].text == "Share of answers that each change flips; most for hue (50.0%)."


def test_flips_are_drawn_without_probabilities():
    drawn = _page(_change("hue", -0.1, p_true=np.nan))["Flipped answers"]
    assert [trace.name for trace in drawn.figure.data] == ["answers that change"]


def test_changes_of_a_handful_of_images_stay_in_the_table():
    rows = [{**_change("grey", -0.2), "n": 80.0}, {**_change("swap", -0.5), "n": 2.0}]
    drawn = _page(*rows)
    figure = drawn["Changed images"].figure
    assert [text.split("  ")[0] for text in figure.layout.yaxis.ticktext] == ["grey"]
    assert figure.layout.xaxis.title.text.endswith("; 1 with fewer than 10 images in the table only")
    alone = _page(rows[1])["Changed images"].figure
    assert [text.split("  ")[0] for text in alone.layout.yaxis.ticktext] == ["swap"]
