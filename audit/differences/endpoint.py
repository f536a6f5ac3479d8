"""A language model behind an OpenAI-compatible endpoint (vLLM, Ollama, llama.cpp, a vendor), asked with care.

The address comes from MODEL_AUDIT_ENDPOINT (or OPENAI_BASE_URL), the key from OPENAI_API_KEY, both from the
environment alone: a link cannot send captions elsewhere, and no key is ever written. Answers are kept in the store.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import numpy as np

from audit.errors import InputError
from audit.locations import store_folder
from audit.store import Store

if TYPE_CHECKING:
    from openai import OpenAI

    from audit.models.base import LanguageModel

ADDRESS, FURTHER_ADDRESS = "MODEL_AUDIT_ENDPOINT", "OPENAI_BASE_URL"
MODEL, KEY = "MODEL_AUDIT_ENDPOINT_MODEL", "OPENAI_API_KEY"
SECONDS = "MODEL_AUDIT_ENDPOINT_SECONDS"
"""Environment variable with the seconds to wait for an answer."""

TIMEOUT = 60.0
RETRIES = 4
"""Times a request is repeated, with growing pauses, when the endpoint is down, slow, busy or at fault."""

ATTEMPTS = 2
"""Times an unusable answer is asked for again."""

ANSWER_TOKENS = 600


class Failure(Exception):  # noqa: N818 - what happened, and no programming error
    """The endpoint gave no usable answer.

    Parameters
    ----------
    message
        What happened, in plain words, without any secret.
    lasting
        Whether the next request would fail as well.
    """

    def __init__(self, message: str, *, lasting: bool = False) -> None:
        super().__init__(message)
        self.lasting = lasting


@dataclasses.dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where a language model is asked.

    Parameters
    ----------
    url
        Base address, with ``/v1``.
    model
        The model's name there.
    timeout
        Seconds to wait for an answer.
    retries
        Times a request is repeated.
    """

    url: str
    model: str
    timeout: float = TIMEOUT
    retries: int = RETRIES

    def has_answer(self, prompt: str, schema: Mapping[str, Any] | None = None) -> bool:
        """Return whether the store holds the answer."""
        return Store(store_folder()).has(self._key(prompt, schema))

    def complete(self, prompt: str, *, schema: Mapping[str, Any] | None = None) -> str:
        """Return the answer to a prompt, from the store where it is known.

        Raises
        ------
        Failure
            If there is none after all repetitions.
        """
        store, key = Store(store_folder()), self._key(prompt, schema)
        if store.has(key):
            return str(cast("np.ndarray", store.read(key))[0])
        answer = self._asked(prompt, schema)
        facts = {"extractor": "answer of a language model", "model": self.model, "endpoint": self.url}
        store.write(key, np.asarray([answer], dtype=np.str_), facts)
        return answer

    def _key(self, prompt: str, schema: Mapping[str, Any] | None) -> str:
        return Store.key(
            {"kind": "answer", "url": self.url, "model": self.model, "prompt": prompt, "schema": dict(schema or {})}
        )

    def _asked(self, prompt: str, schema: Mapping[str, Any] | None) -> str:
        import openai

        client = openai.OpenAI(
            base_url=self.url, api_key=os.environ.get(KEY) or "none", timeout=self.timeout, max_retries=self.retries
        )
        problem = "no answer"
        with client:
            for _ in range(ATTEMPTS):
                try:
                    text, whole = self._text(client, prompt, schema)
                except openai.APIError as error:
                    raise _failure(error, self) from error
                if not whole:
                    problem = "the answer broke off"
                elif schema is None or _fits(text, schema):
                    return text
                else:
                    problem = "the answer was not the JSON that was asked for"
        raise Failure(f"{problem}, {ATTEMPTS} times")

    def _text(self, client: OpenAI, prompt: str, schema: Mapping[str, Any] | None) -> tuple[str, bool]:
        """Return the text and whether it is whole; servers that know no schema are asked without one."""
        import openai

        create: Any = client.chat.completions.create
        settings: dict[str, Any] = {
            "model": self.model,
            "messages": [{"role": "user", "content": prompt}],
            "max_tokens": ANSWER_TOKENS,
        }
        if schema is not None:
            described: Any = {"name": "answer", "schema": dict(schema), "strict": True}
            try:
                answer = create(**settings, response_format={"type": "json_schema", "json_schema": described})
            except (openai.BadRequestError, openai.UnprocessableEntityError):
                answer = create(**settings)
        else:
            answer = create(**settings)
        # A server may answer with anything: nothing is taken for granted.
        choices = getattr(answer, "choices", None) or []
        message = getattr(choices[0], "message", None) if choices else None
        text = getattr(message, "content", None)
        return str(text or ""), bool(choices) and getattr(choices[0], "finish_reason", "stop") != "length"


def _fits(text: str, schema: Mapping[str, Any]) -> bool:
    try:
        answer = json.loads(text.strip().removeprefix("```json").removeprefix("```").removesuffix("```"))
    except json.JSONDecodeError:
        return False
    return isinstance(answer, dict) and all(name in answer for name in schema.get("required", ()))


def _failure(error: Exception, endpoint: Endpoint) -> Failure:
    import openai

    host = urlsplit(endpoint.url).netloc.rpartition("@")[2]
    if isinstance(error, openai.APITimeoutError):
        return Failure(f"{host} did not answer within {endpoint.timeout:g} s", lasting=True)
    if isinstance(error, openai.APIConnectionError):
        return Failure(f"{host} cannot be reached", lasting=True)
    if isinstance(error, openai.RateLimitError):
        return Failure(f"{host} allows no more requests for now", lasting=True)
    if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
        return Failure(f"{host} refuses the key in {KEY}", lasting=True)
    if isinstance(error, openai.NotFoundError):
        return Failure(f"{host} has no model '{endpoint.model}'", lasting=True)
    if isinstance(error, openai.APIStatusError):
        return Failure(f"{host} answered with status {error.status_code}")
    return Failure(f"{host} answered with something that is no answer")


def endpoint_of(model: str) -> Endpoint | None:
    """Return the endpoint that the environment names, ``None`` without address or model.

    Raises
    ------
    InputError
        If the address is none, or the seconds are no number.
    """
    url = (os.environ.get(ADDRESS) or os.environ.get(FURTHER_ADDRESS) or "").strip().rstrip("/")
    name = model.strip() or os.environ.get(MODEL, "").strip()
    if not url or not name:
        return None
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise InputError(f"`{ADDRESS}` must be an address such as http://localhost:8000/v1, without a key in it.")
    given = os.environ.get(SECONDS, "")
    try:
        timeout = float(given) if given else TIMEOUT
    except ValueError as error:
        raise InputError(f"`{SECONDS}` must be a number of seconds; got '{given}'.") from error
    return Endpoint(url=url, model=name, timeout=timeout)


def local_model(name: str) -> LanguageModel:
    """Return a local instruct model of transformers, ``transformers:FOLDER``."""
    from audit.models import load_model

    return cast("LanguageModel", load_model(f"instruct:{name.removeprefix('transformers:')}"))


def estimate_tokens(text: str) -> int:
    """Return about how many tokens a text has: one for three letters, on the safe side for English."""
    return len(text) // 3 + 8
