"""Model Audit's dashboard: navigation, what is chosen, and the jobs that run; started by ``audit app``."""

from __future__ import annotations

import streamlit as st

from audit.locations import assets_folder
from pages.job_panel import show_sidebar_jobs
from pages.navigation import build_pages
from pages.session import is_dark, workspace
from pages.state import choice_key, shared_choice, write_shared_choice


def main() -> None:
    """Draw what every page shares, then the page."""
    assets = assets_folder()
    st.set_page_config(page_title="Model Audit", page_icon=str(assets / "icon.svg"), layout="wide")
    st.html(assets / "theme.css")
    st.logo(
        str(assets / f"logo-{'dark' if is_dark() else 'light'}.svg"), icon_image=str(assets / "icon.svg"), size="large"
    )
    page = st.navigation(build_pages())
    with st.sidebar:
        pick("dataset", "Dataset", list(workspace().datasets()), "Add one on the page “Data and models”.")
        pick("model", "Model", list(workspace().models()), "Add one on the page “Data and models”.")
        show_sidebar_jobs()
    page.run()


def pick(name: str, label: str, options: list[str], empty: str) -> None:
    """Show the picker of the dataset or the model that all pages are about."""
    shared_choice(name, options)
    if options:
        st.selectbox(label, options, key=choice_key(name))
    else:
        st.selectbox(label, [], key=f"no {name}", placeholder="none yet", disabled=True, help=empty)
    write_shared_choice(name)


if __name__ == "__main__":
    main()
