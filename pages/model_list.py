"""The models of the workspace: what is there, and how to add one, or columns of predictions as many."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

import audit.models
from audit.workspace import ModelSource
from pages.forms import check_paths
from pages.job_panel import escape_markdown, show_problem
from pages.markup import empty_html
from pages.session import attempt, dataset_of, model_of, workspace

if TYPE_CHECKING:
    from audit.dataset import Dataset
    from audit.models.base import Model

_EXAMPLES = {
    "open_clip": "ViT-B-32/laion2b_s34b_b79k",
    "timm": "resnet50.a1_in1k",
    "torchvision": "squeezenet1_0",
    "transformers": "facebook/dinov2-base",
}


_ADDED = "what was added"


def show_models(dataset_name: str | None) -> None:
    """Show the models, the form to add one, and the columns of predictions that can serve as models."""
    sources = workspace().models()
    if _ADDED in st.session_state:
        st.success(escape_markdown(st.session_state.pop(_ADDED)), icon=":material/check:")
    if sources:
        table = pd.DataFrame(
            [
                {"name": name, "specification": s.spec, "weights": s.weights, "device": s.device, "dtype": s.dtype}
                for name, s in sources.items()
            ],
        ).set_index("name")
        st.dataframe(table.dropna(axis="columns", how="all"), key="models")
        _show_remove(list(sources))
    else:
        st.html(
            empty_html(
                "No model yet",
                "Add one below. Without a model, a column of predictions that came with the data can be audited.",
            )
        )
    dataset = attempt(lambda: dataset_of(dataset_name))[0] if dataset_name else None
    if dataset is not None:
        _show_columns(dataset)
    _show_add()


def _show_remove(names: list[str]) -> None:
    with st.expander("Remove models from the list", icon=":material/more_horiz:"):
        chosen = st.multiselect("Models to remove", names, key="models to remove")
        if st.button("Remove them", icon=":material/delete:", disabled=not chosen, key="remove models"):
            for name in chosen:
                workspace().remove_model(name)
            st.rerun()


def prediction_columns(dataset: Dataset) -> list[str]:
    """Return the columns whose values are class names: each can be audited like a model."""
    classes = set(dataset.classes)
    if not classes:
        return []
    found = []
    for column in dataset.metadata.columns:
        if str(column) == dataset.roles.label:
            continue
        values = set(dataset.metadata[column].dropna().astype("str").unique())
        if values and values <= classes and len(values) > 1:
            found.append(str(column))
    return found


def _show_columns(dataset: Dataset) -> None:
    known = set(workspace().models())
    columns = [column for column in prediction_columns(dataset) if column not in known]
    if not columns:
        return
    st.subheader("Predictions that came with the data", anchor=False)
    with st.form("add columns", border=True):
        chosen = st.multiselect(
            "Columns to audit like models",
            columns,
            default=columns[:1],
            key=f"prediction columns {dataset.name}",
            help="Each column holds one model's predicted classes. Audits that need only predictions work with them, "
            "and Compare shows them side by side.",
        )
        sent = st.form_submit_button("Use them as models", type="primary", icon=":material/add:")
    if sent and chosen:
        for column in chosen:
            workspace().add_model(ModelSource(spec=f"precomputed?prediction={column}", name=column))
        st.session_state[_ADDED] = f"Added {', '.join(chosen)}: each column is a model now."
        _choose(chosen[0])


def families() -> dict[str, ModuleType]:
    """Return the model families that can be loaded, by name."""
    return {name: module for name, module in audit.models.families().items() if name != "precomputed"}


def _show_add() -> None:
    st.subheader("Add a model", anchor=False)
    known = families()
    family = st.selectbox("Family", list(known), key="model family", format_func=lambda name: family_words(known[name]))
    module = known[family]
    hints = [str(getattr(module, "abilities_hint", ""))]
    options = tuple(getattr(module, "options", ()))
    if options:
        hints.append("Options after “?”, joined by “&”: " + ", ".join(options) + ".")
    st.caption(escape_markdown(" ".join(hint for hint in hints if hint)))
    with st.form("add model", border=True):
        name = st.text_input(
            "Name in the family",
            key=f"model name {family}",
            placeholder=_EXAMPLES.get(family, ""),
            help="With options: `name?key=value&key=value`.",
        )
        weights = st.text_input(
            "Weights file",
            key="model weights",
            placeholder="only for weights of your own",
            help="safetensors, or a PyTorch state dict, below a declared folder. Without it, the family's published "
            "weights are used if they are on this machine.",
        )
        with st.container(horizontal=True):
            device = st.selectbox("Device", ["auto", "cuda", "mps", "cpu"], key="model device", width=180)
            dtype = st.selectbox("Number format", ["auto", "fp32", "bf16", "fp16"], key="model dtype", width=180)
        called = st.text_input("What to call it", key="model called", placeholder="its specification")
        sent = st.form_submit_button("Add the model", type="primary", icon=":material/add:")
    if sent:
        spec = f"{family}:{name.strip()}" if name.strip() else family
        _add(ModelSource(spec=spec, weights=weights.strip() or None, device=device, dtype=dtype, name=called.strip()))


def family_words(module: ModuleType) -> str:
    """Return a family's name and what it is."""
    return f"{module.FAMILY}: {getattr(module, 'title', '')}".rstrip(": ")


def field_names(source: ModelSource) -> dict[str, str]:
    """Return what the user called each path of a source: an option of the specification, or a field of the form."""
    parsed = audit.models.parse(source.spec)
    return {
        **{value: option for option, value in parsed.options.items()},
        **({source.weights: "Weights file"} if source.weights else {}),
        parsed.name.removeprefix("local-dir:"): "Name in the family",
    }


def _registered(source: ModelSource) -> str:
    check_paths(source, field_names(source))
    return workspace().add_model(source)


def _add(source: ModelSource) -> None:
    taken = workspace().models()
    model: Any = None
    added, problem = attempt(lambda: _registered(source))
    if not problem:
        model, problem = attempt(lambda: model_of(added))
        if problem and added not in taken:
            workspace().remove_model(added)
    if problem:
        show_problem(problem)
        return
    st.session_state[_ADDED] = added_words(str(added), model)
    _choose(str(added))


def added_words(name: str, model: Model) -> str:
    """Return what was added and what it can do."""
    can = sorted(ability.replace("_", " ") for ability in model.abilities)
    return f"Added {name}, on {model.device}: {', '.join(can) or 'answers that came with the data'}."


def _choose(name: str) -> Any:
    # The sidebar's picker is drawn already: the address tells it what to choose on the next run.
    st.query_params["model"] = name
    st.rerun()
