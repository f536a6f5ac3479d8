"""A small server that speaks the OpenAI protocol on localhost, and misbehaves when told to."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

GOOD = {"more_in_a": ["an animal at night", "snow"], "more_in_b": ["a sunny day", "sand"]}


class Speaker:
    """What the server does next, and what it was asked.

    Each entry of ``behaviour`` answers one request; the last one answers all further ones.
    """

    def __init__(self) -> None:
        self.behaviour: list[str] = ["good"]
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.url = ""

    async def answer(self, request: Request) -> Response:
        self.requests.append(await request.json())
        self.keys.append(request.headers.get("authorization", ""))
        kind = self.behaviour.pop(0) if len(self.behaviour) > 1 else self.behaviour[0]
        at_once = {"retry-after-ms": "5"}
        if kind == "slow":
            await asyncio.sleep(1.5)
        if kind == "failing":
            return JSONResponse({"error": {"message": "broken"}}, status_code=500, headers=at_once)
        if kind == "busy":
            return JSONResponse({"error": {"message": "too many"}}, status_code=429, headers=at_once)
        if kind == "locked":
            return JSONResponse({"error": {"message": "no"}}, status_code=401)
        if kind == "nonsense":
            return Response("<html>proxy</html>", media_type="text/html")
        if kind == "schemaless" and "response_format" in self.requests[-1]:
            return JSONResponse({"error": {"message": "response_format unknown"}}, status_code=400)
        text = {
            "words": "Sure! Here are some differences.",
            "partial": json.dumps(GOOD)[:30],
            "broken off": json.dumps(GOOD)[:30],
            "list": json.dumps(["night"]),
            "mixed": json.dumps({"more_in_a": ["snow", 7, "", None, "..."], "more_in_b": [{"x": 1}, "sand " * 200]}),
        }.get(kind, json.dumps(GOOD))
        stopped = "length" if kind == "broken off" else "stop"
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": stopped}
        facts = {"id": "1", "object": "chat.completion", "created": int(time.time()), "model": "m"}
        return JSONResponse({**facts, "choices": [choice]})


@contextlib.contextmanager
def speaking() -> Iterator[Speaker]:
    """Run the server while the block runs."""
    speaker = Speaker()
    application = Starlette(routes=[Route("/v1/chat/completions", speaker.answer, methods=["POST"])])
    settings = uvicorn.Config(application, host="127.0.0.1", port=0, log_level="error", ws="none", lifespan="off")
    server = uvicorn.Server(settings)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    speaker.url = f"http://127.0.0.1:{port}/v1"
    try:
        yield speaker
    finally:
        server.should_exit = True
        thread.join(timeout=10)
