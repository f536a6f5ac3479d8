"""Settings: where data may come from, the device, and the facts of this installation; no secret is ever shown."""

from __future__ import annotations

import os
import platform

import streamlit as st

from audit.database import URL_VARIABLE, Database
from audit.differences.endpoint import ADDRESS, KEY, MODEL, endpoint_of
from audit.job_queue import QUEUE_VARIABLE
from audit.locations import HOME_VARIABLE
from audit.preferences import DEVICES, change_preferences, device_problem, read_preferences
from audit.provenance import surroundings
from pages.job_panel import escape_markdown, show_problem
from pages.markup import facts_html, heading_html
from pages.session import attempt, forget_loaded, workspace

_DEVICE_WORDS = {"auto": "the fastest there is", "cuda": "NVIDIA GPU (cuda)", "mps": "Apple GPU (mps)", "cpu": "CPU"}


def show() -> None:
    """Show the settings."""
    st.html(heading_html("", "Settings", "What holds for everybody who uses this dashboard."))
    _show_roots()
    _show_device()
    _show_endpoint()
    _show_storage()
    _show_versions()


def _show_roots() -> None:
    st.subheader("Folders that data may be read from", anchor=False)
    space = workspace()
    st.caption(
        "Whoever starts the dashboard declares folders (`audit app FOLDER` or `--root FOLDER`); a browser cannot "
        "widen them. A folder that is no longer needed can be taken off the list here; its files stay."
    )
    for root in space.roots:
        bundled = root == space.demo_folder
        users = [name for name, source in space.datasets().items() if source.path.startswith(f"{root}{os.sep}")]
        with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"root-{root}"):
            words = f"**{escape_markdown(str(root))}**"
            used = f" · used by {', '.join(users)}" if users else ""
            there = "" if root.is_dir() else " · not there now"
            st.markdown(words + escape_markdown(f"{' · the bundled example' if bundled else ''}{used}{there}"))
            if not bundled and st.button(
                "Take off the list",
                icon=":material/folder_off:",
                type="tertiary",
                key=f"forget {root}",
                disabled=bool(users),
                help="Remove the datasets that use it first." if users else None,
            ):
                space.forget_root(root)
                st.rerun()


def _show_device() -> None:
    st.subheader("Device", anchor=False)
    space = workspace()
    preferences, problem = attempt(lambda: read_preferences(space.home))
    if problem:
        show_problem(problem)
        return
    chosen = st.segmented_control(
        "Models without a device of their own run on",
        DEVICES,
        default=preferences.device,
        required=True,
        key="default device",
        format_func=lambda name: _DEVICE_WORDS[name],
    )
    if chosen == preferences.device:
        return
    problem = device_problem(str(chosen))
    if problem:
        st.error(f"{problem} It stays at “{_DEVICE_WORDS[preferences.device]}”.", icon=":material/error:")
        return
    change_preferences(space.home, device=str(chosen))
    # Models in memory lie on the old device.
    forget_loaded()
    st.toast(f"Models now run on: {_DEVICE_WORDS[str(chosen)]}.", icon=":material/check:")


def _show_endpoint() -> None:
    st.subheader("Language model", anchor=False)
    st.html(facts_html(endpoint_facts()))
    st.caption(
        f"Set `{ADDRESS}` and `{MODEL}` (and `{KEY}` where the endpoint wants one) before the dashboard starts. "
        "A key is read from the environment alone and never shown, kept or written."
    )


def endpoint_facts() -> dict[str, str]:
    """Return what the environment says of the language model's endpoint: of its key only whether there is one."""
    endpoint, problem = attempt(lambda: endpoint_of(""))
    if problem:
        return {"Endpoint": problem}
    if endpoint is None:
        return {"Endpoint": "none: hypotheses come from the vocabulary and the captions alone"}
    return {
        "Endpoint": endpoint.url,
        "Model": endpoint.model,
        "Waits for an answer": f"{endpoint.timeout:g} s",
        "Key": "given" if os.environ.get(KEY) else "none",
    }


def _show_storage() -> None:
    st.subheader("Where things are kept", anchor=False)
    space = workspace()
    database, problem = attempt(lambda: Database(space.home).shown)
    facts = {
        "Home folder": str(space.home),
        "Tags, notes, reviews": problem or str(database),
        "Queue of jobs": "Redis, by URL" if os.environ.get(QUEUE_VARIABLE) else "SQLite in the home folder",
    }
    st.html(facts_html(facts, column=True))
    st.caption(
        f"Set by `{HOME_VARIABLE}`, `{URL_VARIABLE}` (PostgreSQL or SQLite) and `{QUEUE_VARIABLE}` before the "
        "dashboard starts; changing them in a browser would move other people's work."
    )


def _show_versions() -> None:
    st.subheader("Versions", anchor=False)
    st.html(facts_html(version_facts()))
    if st.button("Show the first-visit tour again", icon=":material/tour:", key="show tour"):
        change_preferences(workspace().home, tour_seen=False)
        st.toast("The tour is on the overview again, on the bundled example.", icon=":material/check:")


def version_facts() -> dict[str, str]:
    """Return the versions that a result's provenance names, and the system's."""
    held = surroundings().get("versions", {})
    return {**{str(name): str(version) for name, version in held.items()}, "system": platform.platform(terse=True)}
