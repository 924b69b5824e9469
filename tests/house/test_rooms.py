"""Who may import, read and spell what."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fleet import keys
from fleet.languages import names_by_alias, read_languages
from tests.house.source import ROOMS, ROOT, files, imported, strings, tree

OWNERS = {
    "redis": {"fleet/redis_client.py", "fleet/redis_master.py"},
    "docker": {"worker/docker_sandbox.py"},
    "httpcore2": {"subscriber/outbound.py"},
    "fastapi": {"api"},
    "starlette": {"api"},
    "uvicorn": {"api"},
}
LINES_MAX = 400
# The suffix of the scripts that a browser runs on /docs; a web page has no other word for them.
OF_THE_WEB = {("api/pages.py", "js")}
STARTS = "python -m "  # how a service is started, in its own words on its use


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_services_stand_above_fleet_and_never_import_each_other() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "1 kept, 0 broken" in done.stdout


@pytest.mark.parametrize("library", OWNERS)
def test_a_foreign_library_is_imported_by_its_owner_alone(library: str) -> None:
    importers = {named(path) for path in files(*ROOMS) if library in imported(path)}
    assert importers
    assert all(
        any(importer == owner or importer.startswith(f"{owner}/") for owner in OWNERS[library])
        for importer in importers
    ), importers


def test_tests_and_setup_are_imported_by_no_service() -> None:
    assert [named(path) for path in files(*ROOMS) if imported(path) & {"tests", "setup"}] == []


def test_one_module_spells_the_keys_of_redis() -> None:
    namespaces = (keys.COUNT.removesuffix("count"), keys.API_KEYS.removesuffix("keys"))
    spelled = {
        named(path)
        for path in files(*ROOMS, "setup")
        for _, text in strings(path)
        if any(namespace in text for namespace in namespaces)
    }
    assert spelled == {"fleet/keys.py"}


def test_scripts_take_their_keys_from_the_table() -> None:
    for path in files("fleet/lua", suffix=".lua"):
        code = re.sub(r"--.*", "", path.read_text())
        assert "{problems}" not in code, path
        assert not re.search(rf"['\"]{keys.PUBLIC}['\"]", code), path


def test_only_the_start_of_a_process_reads_the_environment() -> None:
    # fleet/settings.py is how a start reads it: `load` is called by the __main__ modules alone.
    readers = {
        named(path)
        for path in files(*ROOMS)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "environb", "getenv")
    }
    assert readers <= {"fleet/settings.py", *(f"{room}/__main__.py" for room in ROOMS)}
    for path in files(*ROOMS):
        loads = any(
            isinstance(node, ast.Call)
            and (getattr(node.func, "id", "") == "load" or ast.unparse(node.func) == "settings.load")
            for node in ast.walk(tree(path))
        )
        assert not loads or path.name == "__main__.py", path


def test_no_service_spells_the_name_of_a_language() -> None:
    words = set(names_by_alias(read_languages(ROOT / "sandbox-images").values()))
    spelled = [
        f"{named(path)}:{line}: {text!r}"
        for path in files(*ROOMS)
        for line, text in strings(path)
        for word in words & set(re.split(r"[\s,;:'\"()\[\]]+", text.lower().replace(STARTS, "")))
        if (named(path), word) not in OF_THE_WEB
    ]
    assert spelled == []


@pytest.mark.parametrize("name", ["compose.yaml", "Makefile"])
def test_no_cluster_file_spells_the_name_of_a_language(name: str) -> None:
    languages = read_languages(ROOT / "sandbox-images").values()
    # What this project is itself written in is a tool there, not a language it serves.
    written = {path.suffix for room in ("setup", "sandbox-images/init") for path in (ROOT / room).iterdir()}
    ours = {language.name for language in languages if Path(language.file).suffix in written}
    words = {word for word, means in names_by_alias(languages).items() if means not in ours}
    assert words
    text = (ROOT / name).read_text().lower()
    assert words & set(re.split(r"[^a-z0-9+#]+", text)) == set()
    assert not [language for language in languages if f"sandbox-{language.name}" in text]


def test_files_stay_short_enough_to_read() -> None:
    long = {named(path): len(path.read_text().splitlines()) for path in files(*ROOMS, "setup")}
    assert {name: count for name, count in long.items() if count > LINES_MAX} == {}


def test_nothing_is_left_to_do() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    sources = files(*ROOMS, "setup") + files("fleet/lua", suffix=".lua") + [ROOT / "Makefile"]
    assert [named(path) for path in sources if marks.search(path.read_text())] == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    nothing = {"common", "utils", "util", "helpers", "helper", "misc"}
    assert [named(path) for path in files(*ROOMS, "setup", "tests") if path.stem in nothing] == []


def test_every_module_says_what_it_is() -> None:
    assert [named(path) for path in files(*ROOMS, "setup") if not ast.get_docstring(tree(path))] == []
