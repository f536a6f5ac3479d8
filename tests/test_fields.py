import dataclasses
from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal

import pytest

from audit.base import Audit, Bounds, Column
from audit.errors import InputError
from audit.fields import Field, build_audit, fields_of, parse
from audit.registry import audit_class, audits


@dataclasses.dataclass(frozen=True, kw_only=True)
class Base(Audit):
    """A base.

    Parameters
    ----------
    seed
        Seed of the draws.
    """

    title: ClassVar[str] = "Base"
    seed: int = 0

    def requires(self, dataset: Any, model: Any) -> tuple[()]:
        return ()

    def __call__(self, outputs: Any) -> Any:
        raise NotImplementedError


@dataclasses.dataclass(frozen=True, kw_only=True)
class Every(Base):
    """Has a field of every kind.

    Parameters
    ----------
    target
        The column that must be named.
    group : Column or None
        A column, over
        two lines.
    others, words
        Shared by two fields.
    k
        Neighbours.

    Notes
    -----
    share
        Not a parameter's help.
    """

    target: Column
    group: Column | None = None
    others: tuple[Column, ...] = ()
    words: tuple[str, ...] = ("a",)
    k: Annotated[int, Bounds(1, 50)] = 5
    share: Annotated[float | None, Bounds(0, 1, 0.1)] = None
    grid: Annotated[tuple[float, ...], Bounds(0, 2)] = (0.5,)
    method: Literal["fast", "exact"] = "fast"
    depth: Literal[1, 2, 3] = 2
    parts: tuple[Literal["low", "high"], ...] = ("low",)
    flag: bool = False
    text: str = "x"


FIELDS = {field.name: field for field in fields_of(Every)}


def build(**settings: Any) -> Every:
    made = build_audit(Every, {"target": "label", **settings})
    assert isinstance(made, Every)
    return made


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("seed", "integer"),
        ("target", "column"),
        ("group", "column"),
        ("others", "columns"),
        ("words", "texts"),
        ("k", "integer"),
        ("share", "number"),
        ("grid", "numbers"),
        ("method", "choice"),
        ("depth", "choice"),
        ("parts", "choices"),
        ("flag", "flag"),
        ("text", "text"),
    ],
)
def test_a_fields_kind_follows_from_its_type(name: str, kind: str) -> None:
    assert FIELDS[name].kind == kind


def test_fields_come_in_the_order_of_their_definition() -> None:
    assert list(FIELDS) == [field.name for field in dataclasses.fields(Every)]


def test_limits_and_step_come_from_the_bounds() -> None:
    assert (FIELDS["share"].low, FIELDS["share"].high, FIELDS["share"].step) == (0, 1, 0.1)
    assert (FIELDS["grid"].low, FIELDS["grid"].high) == (0, 2)
    assert FIELDS["seed"].low is None


def test_a_field_without_default_is_required_and_one_that_takes_none_optional() -> None:
    assert [name for name, field in FIELDS.items() if field.required] == ["target"]
    assert [name for name, field in FIELDS.items() if field.optional] == ["group", "share"]


def test_help_is_the_parameters_text_of_the_docstring_on_one_line() -> None:
    assert FIELDS["group"].help == "A column, over two lines."
    assert FIELDS["others"].help == FIELDS["words"].help == "Shared by two fields."


def test_help_of_an_inherited_field_comes_from_the_base_class() -> None:
    assert FIELDS["seed"].help == "Seed of the draws."


def test_text_of_another_section_is_no_help() -> None:
    assert FIELDS["share"].help == ""


def test_a_label_is_the_name_as_people_read_it() -> None:
    labels = {field.name: field.label for field in fields_of(audit_class("background_reliance"))}
    assert labels["interventions"] == "Changes of the images"
    assert FIELDS["k"].label == "K"


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("k", "7", 7),
        ("k", " 7 ", 7),
        ("k", "7.0", 7),
        ("seed", "-3", -3),
        ("seed", "12345678901234567891", 12345678901234567891),
        ("share", "0.25", 0.25),
        ("share", "none", None),
        ("share", "", None),
        ("grid", "0.1, 1e-1,2", (0.1, 0.1, 2.0)),
        ("grid", "[0.5, 1]", (0.5, 1.0)),
        ("method", "exact", "exact"),
        ("depth", "3", 3),
        ("parts", "low,high", ("low", "high")),
        ("flag", "Yes", True),
        ("flag", "false", False),
        ("flag", "0", False),
        ("group", "color", "color"),
        ("others", "color,size", ("color", "size")),
        ("others", "", ()),
        ("words", '["a, b", "c"]', ("a, b", "c")),
        ("text", "none", "none"),
        ("text", "", ""),
    ],
)
def test_text_is_read_by_the_fields_kind(field: str, text: str, value: Any) -> None:
    made = getattr(build(**{field: text}), field)
    assert made == value
    assert type(made) is type(value) or isinstance(made, Column)


def test_a_columns_name_becomes_a_column() -> None:
    made = build(group="color", others="a,b")
    assert isinstance(made.group, Column)
    assert all(isinstance(name, Column) for name in made.others)


def test_values_of_the_right_type_pass_as_they_are() -> None:
    made = build(k=9, share=None, flag=True, others=["a"], depth=1, grid=(1,))
    assert (made.k, made.share, made.flag, made.others, made.depth, made.grid) == (9, None, True, ("a",), 1, (1.0,))


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("k", "0", "`k` must be between 1 and 50; got 0."),
        ("k", "many", "`k` must be a whole number; got 'many'."),
        ("k", "1.5", "`k` must be a whole number; got '1.5'."),
        ("k", True, "`k` must be a whole number; got True."),
        ("k", None, "`k` must be a whole number; got None."),
        ("k", "none", "`k` must be a whole number; got 'none'."),
        ("seed", "nan", "`seed` must be a whole number; got 'nan'."),
        ("share", "inf", "`share` must be a number; got 'inf'."),
        ("grid", "0.5,3", "`grid` must be between 0 and 2; got 3."),
        ("grid", 0.5, "`grid` must be numbers separated by commas; got 0.5."),
        ("method", "slow", "`method` must be one of fast, exact; got 'slow'."),
        ("depth", "4", "`depth` must be one of 1, 2, 3; got '4'."),
        ("depth", True, "`depth` must be one of 1, 2, 3; got True."),
        ("parts", "low,middle", "`parts` must be some of low, high; got 'middle'."),
        ("flag", "perhaps", "`flag` must be true or false; got 'perhaps'."),
        ("text", 3, "`text` must be text; got 3."),
        ("words", "[1", "`words` must be texts separated by commas; got '[1'."),
    ],
)
def test_a_misfit_is_refused_with_what_is_required_and_what_came(field: str, value: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        build(**{field: value})
    assert str(caught.value) == message


def test_an_unknown_field_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"`speed` must be a field of .*its fields are: seed, target, group"):
        build(speed=1)


def test_a_required_field_left_out_is_refused_with_its_help() -> None:
    with pytest.raises(InputError, match=r"`target` must be given .*The column that must be named\."):
        build_audit(Every, {})


def test_an_unknown_audit_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"`audit` must be one of .*; got 'nothing'"):
        build_audit("nothing")


def test_a_type_that_no_form_can_show_is_an_error_of_the_audits_author() -> None:
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Odd(Base):
        what: Callable[[], int] = dict  # type: ignore[assignment]

    with pytest.raises(TypeError, match=r"Odd\.what must have a type that a form can show"):
        fields_of(Odd)


def test_every_audit_of_the_registry_has_a_form_with_help_for_every_field() -> None:
    lacking = [
        f"{name}.{field.name}" for name, owner in audits().items() for field in fields_of(owner) if not field.help
    ]
    assert lacking == []


def test_every_default_survives_the_journey_through_text() -> None:
    for owner in audits().values():
        for field in fields_of(owner):
            assert field.required or parse(field, _as_text(field)) == field.default


def _as_text(field: Field) -> Any:
    if field.default is None:
        return None
    if isinstance(field.default, tuple):
        return ",".join(map(str, field.default))
    return str(field.default)


def test_a_misspelt_audit_or_field_is_refused_with_the_near_one() -> None:
    with pytest.raises(InputError, match=r"got 'prototype'\. Did you mean prototypes\?$"):
        build_audit("prototype")
    with pytest.raises(InputError, match=r"`sead` must be a field of .* Did you mean seed\?$"):
        build(sead=1)


@pytest.mark.parametrize("name", audits())
def test_every_field_has_a_name_of_its_own_in_the_form(name: str) -> None:
    owner = audit_class(name)
    fields = fields_of(owner)
    assert set(owner.labels) <= {field.name for field in fields}
    called = [field.label for field in fields]
    assert len(set(called)) == len(called)
    assert not {"N min", "K", "K max", "M", "A", "B", "Cut", "Axes", "By"} & set(called)
    asked = [role.replace("_", " ").capitalize() for role in owner.column_roles]
    shared = [f for f in fields if f.label in asked]
    # A field that asks for a role's column is left out of the form.
    assert all(field.kind == "column" and field.name in owner.column_roles for field in shared)
