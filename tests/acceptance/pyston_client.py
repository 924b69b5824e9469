"""Runs a program with pyston, at the base URL it is given, and prints what came of it as JSON."""

from __future__ import annotations

import asyncio
import json
import sys

from pyston import File, PystonClient
from pyston.exceptions import ExecutionError


async def main(base_url: str) -> None:
    """Ask for the languages, run two files, be refused."""
    client = PystonClient(base_url=base_url)
    languages = sorted(await client.languages())
    files = [File("import beside\nprint(beside.SAID)", "x.py"), File("SAID = 'from beside'", "beside.py")]
    output = await client.execute("python", files)
    refused = ""
    try:
        await client.execute("python", files, version="0.1")
    except ExecutionError as error:
        refused = str(error)
    await client.close_session()
    print(json.dumps({"languages": languages, "output": str(output), "refused": refused}))  # noqa: T201


asyncio.run(main(sys.argv[1]))
