"""The durable engine alone, with work of its own that notes what it does: the victim of the engine's campaign.

Each document begins, has three pages read on another queue, and ends; every note names the life that made it.
"""

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jobs.engine import Engine, EngineAddress, QueueOptions

PAGES = 3
PLACES = {"documents": 4, "pages": 3}
"""How many workflows of each queue one process has in hand at once."""


def run(words: Sequence[str]) -> int:
    """Do what the JSON in `words` says: take over from the dead, enqueue documents, work until killed or all done."""
    told: dict[str, Any] = json.loads(words[0])
    log = os.open(told["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def note(*what: object) -> None:
        os.write(log, (" ".join(map(str, (told["life"], *what))) + "\n").encode())

    address = EngineAddress(told["url"], Path(told["password"]).read_text() if told["password"] else "")
    engine = Engine(
        address, told["executor"], [QueueOptions(n, places, 0.03) for n, places in PLACES.items()]
    )

    def read(document: int, page: int) -> Any:
        note("page", document, page)
        time.sleep(told["slow"])
        return page

    def page_flow(document: int, page: int) -> Any:
        return engine.step("read", read, document, page)

    page_workflow = engine.workflow("page", page_flow)

    def document_flow(document: int) -> Any:
        engine.step("begin", note, "begin", document)
        jobs = [(f"page:{document}:{page}", (document, page)) for page in range(PAGES)]
        engine.fan_out("read-all", "pages", 10, page_workflow, jobs)
        read_pages = [engine.result(name) for name, _ in jobs]
        engine.step("end", note, "end", document)
        return read_pages

    workflow = engine.workflow("document", document_flow)
    engine.launch()
    for document in range(*told["documents"]):
        engine.enqueue("documents", 10, f"document:{document}", workflow, document)
        engine.enqueue("documents", 10, f"document:{document}", workflow, document)
        note("acknowledged", document)
    while True:
        if told["dead"]:
            engine.hand_back(told["dead"])
        if told["wait"] is not None:
            outputs = {d: engine.output(f"document:{d}") for d in told["wait"]}
            if all(output == list(range(PAGES)) for output in outputs.values()):
                note("all-done")
                break
        time.sleep(0.2)
    return 0
