"""Model Audit's dashboard: navigation, what is chosen, and the jobs that run; started by ``audit app``."""

from __future__ import annotations

import gc
import sys
import threading
from importlib import import_module

import streamlit as st
from streamlit import runtime

from audit.locations import assets_folder
from pages.job_panel import show_sidebar_jobs
from pages.navigation import build_pages
from pages.session import is_dark, workspace
from pages.sidebar import show_navigation
from pages.state import choice_key, shared_choice, write_shared_choices
from pages.tagging import forget_question

_OPEN_PAGE = "open page"


def main() -> None:
    """Draw what every page shares, then the page."""
    assets = assets_folder()
    st.set_page_config(page_title="Model Audit", page_icon=str(assets / "icon.svg"), layout="wide")
    st.html(assets / "theme.css")
    st.logo(
        str(assets / f"logo-{'dark' if is_dark() else 'light'}.svg"), icon_image=str(assets / "icon.svg"), size="large"
    )
    sections = build_pages()
    # The menu is our own: its links carry dataset, model and each page's state, so that one step is one step back.
    page = st.navigation(sections, position="hidden")
    if st.session_state.get(_OPEN_PAGE) != page.url_path:
        st.session_state[_OPEN_PAGE] = page.url_path
        forget_question()
    with st.sidebar:
        menu = st.container(gap=None, key="menu")
        datasets, models = list(workspace().datasets()), list(workspace().models())
        defaults = {"dataset": pick("dataset", "Dataset", datasets), "model": pick("model", "Model", models)}
        write_shared_choices(defaults)
        with menu:
            show_navigation(sections)
        show_sidebar_jobs()
    page.run()


def pick(name: str, label: str, options: list[str]) -> str | None:
    """Show the picker of the dataset or the model that all pages are about, and return its first option."""
    shared_choice(name, options)
    if options:
        st.selectbox(label, options, key=choice_key(name))
        return options[0]
    st.selectbox(
        label,
        [],
        key=f"no {name}",
        placeholder="none yet",
        disabled=True,
        help="Add one on the page “Data and models”.",
    )
    return None


def serve() -> None:
    """Start Streamlit with this file; options of ``streamlit run`` may follow on the command line."""
    from streamlit.runtime.pages_manager import PagesManager
    from streamlit.web.cli import main as streamlit

    # Until a first visitor has come, Streamlit takes the folder `pages` for a list of scripts and answers a link
    # to one of our pages with "Page not found".
    PagesManager.uses_pages_directory = False
    threading.Thread(target=warm, name="warm", daemon=True).start()
    sys.argv = ["streamlit", "run", __file__, *sys.argv[1:]]
    streamlit()


def warm() -> None:
    """Import what the first page needs, so that the first visitor does not wait for it."""
    for name in ("plotly.graph_objects", "pages.home", "pages.data", "pages.explore", "pages.compare"):
        import_module(name)
    # What was imported stays: searches for unreachable objects need not go through it again.
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    if runtime.exists():
        main()
    else:
        serve()
