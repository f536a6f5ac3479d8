"""The menu: links that carry the dataset, the model and each page's own state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from audit.registry import audits
from pages.navigation import audit_path
from pages.session import chosen_dataset, chosen_model
from pages.state import link_parameters, remembered


def show_navigation(sections: Mapping[str, Sequence[Any]]) -> None:
    """Show the pages by section; the one that is open is marked by Streamlit.

    Parameters
    ----------
    sections
        Pages by heading, as :func:`pages.navigation.build_pages` returns them.
    """
    names = {audit_path(name): name for name in audits()}
    for heading, pages in sections.items():
        if heading:
            st.caption(heading)
        for page in pages:
            # The page's state is kept under the audit's name, or the name of the function's module.
            state = remembered(names.get(page.url_path, page.url_path))
            parameters = link_parameters(chosen_dataset(), chosen_model(), state)
            st.page_link(page, label=page.title, icon=page.icon, query_params=parameters)
