"""The languages clients may name: those this host knows, and those live workers announce."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fleet import log
from fleet.errors import QueueUnavailable
from fleet.languages import Language, names_by_alias, names_by_judge0_id
from fleet.limits import Bounds, Limits
from fleet.queue import Queue, WorkerInfo

REFRESH_S = 1.0
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+#-]{0,63}")
_log = log.get("api.directory")


@dataclass(slots=True)
class _Offer:
    """One language in the making of a listing."""

    name: str
    aliases: list[str]
    limits: Mapping[str, Any]
    version: str | None = None
    image: str | None = None
    workers: set[str] = field(default_factory=set)

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "aliases": self.aliases,
            "available": bool(self.workers),
            "workers": len(self.workers),
            "version": self.version,
            "image": self.image,
            "limits": self.limits,
        }


class Directory:
    """Which words mean which language, and what is known of each. Read without waiting.

    A language that only this host knows is listed, but not served, until a worker announces it: it
    may be one whose image nobody built, and its jobs would wait for ever. Once it was announced it
    stays served, since the queue keeps the word: jobs wait while workers restart. And while no worker
    has announced anything at all the fleet is only starting: jobs wait for its first worker. A language
    that only workers know is listed while they live.
    """

    def __init__(self, known: Mapping[str, Language], bounds: Bounds) -> None:
        self.known = known
        self.judge0_ids = names_by_judge0_id(known.values())
        self._known_words = names_by_alias(known.values())
        self._bounds = bounds
        self._words: Mapping[str, str] = self._known_words
        self._announced: frozenset[str] = frozenset()
        self._slots: Mapping[str, int] = {}
        self.listing: Sequence[Mapping[str, Any]] = ()
        self.update(())

    def resolve(self, word: str) -> str | None:
        """The name of the language that ``word`` means; None if it means none."""
        return self._words.get(word)

    def is_served(self, name: str) -> bool:
        """Whether jobs of this language run, or will when its workers are back."""
        return not self._announced or name in self._announced

    def file_of(self, name: str) -> str:
        """The name of the file that ``code`` is written to; empty if only its workers know."""
        known = self.known.get(name)
        return known.file if known else ""

    def slots_of(self, name: str) -> int:
        """How many jobs of this language live workers can run at once, if they run no others."""
        return self._slots.get(name, 0)

    def compile_limits(self, name: str) -> Limits:
        """What the compile stage of a language may use."""
        known = self.known.get(name)
        return self._bounds.resolve_compile(known.compile_limits if known else {})

    @property
    def names(self) -> list[str]:
        """Names of all languages."""
        return [offer["name"] for offer in self.listing]

    @property
    def served(self) -> list[str]:
        """Names of the languages that live workers serve."""
        return [offer["name"] for offer in self.listing if offer["available"]]

    def update(self, workers: Iterable[WorkerInfo], ever: Mapping[str, str] | None = None) -> None:
        """Take over what live workers announce, and what any ``ever`` announced (word to name).

        What they say is checked, not trusted.
        """
        offers = {name: self._own(language) for name, language in self.known.items()}
        words = dict(self._known_words)
        slots: Counter[str] = Counter()
        served = [
            (worker, announced)
            for worker in workers
            for announced in worker.languages
            if _is_word(announced.get("name"))
        ]
        for worker, announced in served:
            name = announced["name"]
            if words.setdefault(name, name) != name:
                continue  # here the word is an alias of something else; ours is older
            offer = offers.setdefault(name, _Offer(name, [], self._limits(announced)))
            offer.version = offer.version or _text(announced.get("version"))
            offer.image = offer.image or _text(announced.get("image"))
            if worker.worker_id not in offer.workers:
                slots[name] += worker.slots if isinstance(worker.slots, int) else 0
            offer.workers.add(worker.worker_id)
        for _, announced in served:  # names first: no alias of one may hide the name of another
            for word in _words(announced.get("aliases")) if announced["name"] in offers else ():
                offer = offers[announced["name"]]
                if word != offer.name and words.setdefault(word, offer.name) == offer.name:
                    offer.aliases = sorted({*offer.aliases, word})
        self._words, self._slots = words, slots
        live = {name for name, offer in offers.items() if offer.workers}
        self._announced = frozenset(live.union((ever or {}).values()))
        self.listing = [offer.to_json() for _, offer in sorted(offers.items())]

    async def keep_fresh(self, queue: Queue) -> None:
        """Follow the workers for ever, ``REFRESH_S`` seconds behind them; so a submit need not ask."""
        away = False
        while True:
            try:
                self.update(await queue.workers(), await queue.languages())
            except QueueUnavailable as error:
                # What was known stays: jobs of these languages get the queue's own answer.
                if not away:
                    _log.warning("queue_unavailable", reason=str(error))
                away = True
            except (ValueError, KeyError, TypeError, AttributeError):
                # A worker of another version may announce what this one cannot read.
                _log.exception("workers_unreadable")
            else:
                if away:
                    _log.info("queue_available")
                away = False
            await asyncio.sleep(REFRESH_S)

    def _own(self, language: Language) -> _Offer:
        limits = self._bounds.resolve(None, language.limits).to_json()
        return _Offer(language.name, sorted(language.aliases), limits)

    def _limits(self, announced: Mapping[str, Any]) -> Mapping[str, Any]:
        limits = announced.get("limits")
        return limits if isinstance(limits, Mapping) else self._bounds.default.to_json()


def _is_word(value: object) -> bool:
    return isinstance(value, str) and _WORD.fullmatch(value) is not None


def _words(value: object) -> list[str]:
    return [word for word in value if _is_word(word)] if isinstance(value, list | tuple) else []


def _text(value: object) -> str | None:
    return value[:256] if isinstance(value, str) and value else None
