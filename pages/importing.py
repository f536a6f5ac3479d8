"""Importing a dataset by its path below a declared folder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from audit.registry import modules
from audit.workspace import DatasetSource
from pages.forms import check_paths
from pages.job_panel import escape_markdown, show_problem
from pages.markup import empty_html
from pages.session import attempt, dataset_of, workspace

_FIELDS = {
    "path": "Folder or table",
    "images": "Image folder",
    "image_column": "Column of image paths",
    "id_column": "Column that names the samples",
    "embeddings": "Embeddings",
    "probabilities": "Class probabilities",
    "class_names": "Class names",
    "join": "Further tables",
    "reader": "Format",
}
"""What the form calls each parameter of a source."""

_TABLES = (".csv", ".parquet", ".jsonl")
_SUGGESTIONS = 60


def show_add_dataset() -> None:
    """Show the form that registers a dataset and reads it once to check it."""
    roots = [root for root in workspace().roots if root.is_dir()]
    if not roots:
        st.html(
            empty_html(
                "No folder has been declared",
                "Start the dashboard with `audit app FOLDER`; only files below it can be read from the browser.",
            )
        )
        return
    st.markdown(
        "A folder with one subfolder a class, a table (CSV, Parquet, JSON Lines) of samples, a Hugging Face folder, "
        "or a table with embeddings and no images. The format is recognised from what is there.",
    )
    with st.form("add dataset", border=True):
        path = st.selectbox(
            _FIELDS["path"],
            suggestions(roots),
            index=None,
            accept_new_options=True,
            placeholder="Choose, or type a path",
            help="Paths must lie below: " + escape_markdown(", ".join(map(str, roots))),
            key="add path",
        )
        with st.expander("Images, embeddings, probabilities, further tables", icon=":material/attach_file:"):
            images = st.text_input(
                _FIELDS["images"],
                key="add images",
                help="What the table's image paths are relative to, when it is not the table's own folder.",
            )
            image_column = st.text_input(
                _FIELDS["image_column"],
                key="add image column",
                placeholder="known by its name",
                help="The table's column of paths, when it is called otherwise than filepath, image, file_name …",
            )
            id_column = st.text_input(
                _FIELDS["id_column"],
                key="add id column",
                placeholder="known by its name",
                help="Holds a value of its own for every row. Images in the image folder may be named after it.",
            )
            embeddings = st.text_input(
                _FIELDS["embeddings"],
                key="add embeddings",
                help="A .npy, .npz or Parquet file with one vector a sample.",
            )
            probabilities = st.text_input(
                _FIELDS["probabilities"],
                key="add probabilities",
                help="A .npy or .npz file of shape (samples, classes).",
            )
            classes = st.text_input(
                _FIELDS["class_names"],
                key="add classes",
                placeholder="separated by commas",
                help="Names of the columns of the probabilities, in order.",
            )
            join = st.text_input(
                _FIELDS["join"],
                key="add join",
                placeholder="separated by commas",
                help="Tables joined by sample id, for example one with predictions of many models.",
            )
            readers = [
                module.__name__.rpartition(".")[2] for module in modules("audit.readers") if hasattr(module, "detect")
            ]
            reader = st.selectbox(
                _FIELDS["reader"],
                [None, *readers],
                key="add reader",
                format_func=lambda name: "recognise it" if name is None else name.replace("_", " "),
            )
        name = st.text_input("Name", key="add name", placeholder="the folder's or the table's name")
        sent = st.form_submit_button("Add the dataset", type="primary", icon=":material/add:")
    if not sent:
        return
    if not path:
        st.warning("Choose a folder or a table first.", icon=":material/folder_open:")
        return
    source = DatasetSource(
        path=path.strip(),
        images=images.strip() or None,
        image_column=image_column.strip() or None,
        id_column=id_column.strip() or None,
        embeddings=embeddings.strip() or None,
        probabilities=probabilities.strip() or None,
        class_names=split_list(classes) or None,
        join=split_list(join),
        reader=reader,
        name=name.strip(),
    )
    _add(source)


def field_names(source: DatasetSource) -> dict[str, str]:
    """Return the form's field of each path of a source."""
    arrays = {_FIELDS["probabilities"]: source.probabilities, _FIELDS["embeddings"]: source.embeddings}
    return {
        **dict.fromkeys(source.join, _FIELDS["join"]),
        **{given.partition("#")[0]: field for field, given in arrays.items() if given},
        **({source.images: _FIELDS["images"]} if source.images else {}),
        source.path: _FIELDS["path"],
    }


def in_fields(problem: str) -> str:
    """Return what is to be mended with the names that the form has for parameters."""
    return re.sub(r"`(\w+)`", lambda found: f"`{_FIELDS.get(found[1], found[1])}`", problem)


def _registered(source: DatasetSource) -> str:
    check_paths(source, field_names(source))
    return workspace().add_dataset(source)


def _add(source: DatasetSource) -> None:
    taken = workspace().datasets()
    added, problem = attempt(lambda: _registered(source))
    if not problem:
        _, problem = attempt(lambda: dataset_of(added))
        if problem and added not in taken:
            workspace().remove_dataset(added)
    if problem:
        show_problem(in_fields(problem))
        return
    # The sidebar's picker is drawn already: the address tells it what to choose on the next run.
    st.query_params.from_dict({"dataset": added, "view": "samples"})
    st.rerun()


def split_list(text: str) -> tuple[str, ...]:
    """Return the parts between commas, without blanks around them."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def suggestions(roots: Sequence[Path], most: int = _SUGGESTIONS) -> list[str]:
    """Return folders and tables below the roots that look like datasets, the nearest first."""
    found: list[str] = []
    for root in roots:
        for folder in (root, *_folders(root)):
            if len(found) >= most:
                return found
            if _looks_like_data(folder):
                found.append(str(folder))
    return list(dict.fromkeys(found))


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(child for child in folder.iterdir() if child.is_dir() and not child.name.startswith("."))
    except OSError:
        return []


def _looks_like_data(folder: Path) -> bool:
    """Return whether a folder holds a table, or folders of images: looked at in its first entries only."""
    try:
        children = [child for child, _ in zip(folder.iterdir(), range(200), strict=False)]
    except OSError:
        return False
    if any(child.suffix.lower() in _TABLES for child in children):
        return True
    pictures = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif")
    inside = [child for child in children if child.is_dir()][:20]
    counts = [
        any(file.suffix.lower() in pictures for file, _ in zip(child.iterdir(), range(50), strict=False))
        for child in inside
    ]
    return sum(counts) >= 2
