from audit.provenance import library_versions, processors, surroundings


def test_versions_name_python_and_the_libraries_that_numbers_depend_on() -> None:
    assert {"python", "model-audit", "numpy", "torch", "pillow"} <= set(library_versions())


def test_changing_the_answer_does_not_change_the_next_one() -> None:
    library_versions()["numpy"] = "0"
    assert library_versions()["numpy"] != "0"


def test_surroundings_say_when_in_utc() -> None:
    assert surroundings()["created"].endswith("+00:00")


def test_there_is_at_least_one_processor() -> None:
    assert processors() >= 1
