"""From a claim to the job that is run: validated again, trusting neither the item nor what is stored."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fleet import fields
from fleet.errors import InvalidJob
from fleet.job import Submission
from fleet.judging import Case, Definition, Judging, digest_of
from fleet.languages import Language, names_by_alias
from fleet.limits import MIB, Bounds, Limits
from fleet.queue import Claim, Queue
from worker.run import Run
from worker.sandbox import BoxSpec, Served, Stage

_DEFINITIONS_BYTES_MAX = 64 * MIB  # of definitions kept in memory, by a generous estimate


@dataclass(frozen=True, slots=True)
class Job:
    """A validated claim: what to run, in which language, and how it is judged."""

    submission: Submission
    served: Served
    box: BoxSpec
    judging: Judging  # its own tests, or those of its problem; no cases: the program is only run
    stages: tuple[Stage, ...]  # one a case; one alone without cases
    compile: Stage | None = None


class Definitions:
    """What problems are judged by, as the queue has it; the last ones used are kept, by their digest."""

    def __init__(self, queue: Queue, bounds: Bounds) -> None:
        self._queue, self._bounds = queue, bounds
        self._kept: OrderedDict[str, tuple[Definition, int]] = OrderedDict()

    async def of(self, run: Run, problem_id: str) -> Definition | None:
        """What the claimed job is judged by; None if the run is lost.

        Raises ``InvalidJob`` if what is stored is no definition, or was removed meanwhile: a job that
        was to be judged must not pass for want of its tests.
        """
        digest = run.claim.definition
        if digest in self._kept:
            self._kept.move_to_end(digest)
            return self._kept[digest][0]
        stored = await run.answer(lambda: self._queue.definition(problem_id, owner=run.claim.owner))
        if stored is None and not run.loss:
            raise InvalidJob("definition", "was removed while the job was claimed; submit it again")
        return None if stored is None else self._read(stored[1])

    def _read(self, text: str) -> Definition:
        most = self._bounds.item_bytes_max
        if len(text) > most:
            raise InvalidJob("definition", f"has {len(text)} characters; at most {most} are read")
        try:
            raw = fields.read_object(text.encode("utf-8", "surrogatepass"))
            definition = Definition.from_mapping(raw, self._bounds)
        except InvalidJob as error:
            field = f"definition.{error.field}" if error.field else "definition"
            raise InvalidJob(field, f"{error.detail} (it is stored for the problem)") from None
        self._keep(digest_of(text), definition, 4 * len(text) + 512 * len(definition.judging.cases))
        return definition

    def _keep(self, digest: str, definition: Definition, size: int) -> None:
        self._kept[digest] = definition, size
        while sum(each for _, each in self._kept.values()) > _DEFINITIONS_BYTES_MAX:
            self._kept.popitem(last=False)


class Reader:
    """Turns what was claimed into what is run."""

    def __init__(self, bounds: Bounds, served: Mapping[str, Served], definitions: Definitions) -> None:
        self._bounds, self._served, self._definitions = bounds, served, definitions

    def serves(self, language: str) -> bool:
        """Is this the name of a language that can be run here."""
        return language in self._served

    async def read(self, run: Run) -> Job:
        """The job of a claim. Raises ``InvalidJob``."""
        submission = self._submission(run.claim)
        definition = None
        if run.claim.definition and not submission.judging.cases:
            definition = await self._definitions.of(run, submission.problem_id)
        return self._job(submission, definition)

    def _submission(self, claim: Claim) -> Submission:
        if claim.oversize_bytes:
            most = self._bounds.raw_item_bytes_max
            raise InvalidJob("", f"the item has {claim.oversize_bytes} bytes; at most {most}")
        return Submission.from_item(claim.spec, self._bounds)

    def _job(self, submission: Submission, definition: Definition | None) -> Job:
        served = self._served_as(submission.language)
        language, judging, asked = served.language, submission.judging, submission.limits
        submission.check_beside(language.file)
        if definition is not None:
            _check_judged(submission)
            judging, asked = definition.judging, definition.limits
        sources = (
            (language.file, submission.code.encode()),
            *((file.path, file.content.encode()) for file in submission.files),
        )
        once = Stage(
            argv=(*language.run, *submission.args),
            limits=self._bounds.resolve(asked, language.limits),
            stdin=submission.stdin.encode(),
            files=() if language.compile else sources,
            warm=bool(language.warm),
            env=submission.env,
        )
        stages = tuple(self._stage(once, case, asked, language) for case in judging.cases) or (once,)
        first = first_limits(self._bounds, language, stages[0].limits)
        return Job(
            submission=submission,
            served=served,
            box=BoxSpec(language, first.memory_bytes, first.processes),
            judging=judging,
            stages=stages,
            compile=Stage(language.compile, first, files=sources) if language.compile else None,
        )

    def _stage(self, once: Stage, case: Case, asked: Mapping[str, float] | None, language: Language) -> Stage:
        changes: dict[str, Any] = {"stdin": case.stdin.encode()}
        if case.args is not None:
            changes["argv"] = (*language.run, *case.args)
        if case.limits:
            changes["limits"] = self._bounds.resolve({**(asked or {}), **case.limits}, language.limits)
        return replace(once, **changes)

    def _served_as(self, word: str) -> Served:
        if word in self._served:  # the API resolves aliases; only raw items have them
            return self._served[word]
        names = names_by_alias(entry.language for entry in self._served.values())  # there may be more by now
        name = names.get(word)
        if name is None:
            known = ", ".join(sorted(names))
            raise InvalidJob("language", f"is not served by this fleet; there are {known}")
        return self._served[name]


def first_limits(bounds: Bounds, language: Language, run: Limits) -> Limits:
    """The limits a box of ``language`` is started with, if its program runs within ``run``: those of the
    compile stage, where there is one. So a spare fits every job that is compiled."""
    return bounds.resolve_compile(language.compile_limits) if language.compile else run


def _check_judged(submission: Submission) -> None:
    """Raise ``InvalidJob`` for what only a job without tests may ask."""
    given = {"stdin": submission.stdin, "outputFiles": submission.output_files}
    for field, value in given.items():
        if value:
            raise InvalidJob(field, "must be empty: jobs of this problem are judged by its own tests")
