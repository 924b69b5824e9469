"""What a language folder may say of itself, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleet.errors import LanguageFileError
from fleet.languages import WORK_BYTES, WORK_BYTES_MAX, names_by_alias, names_by_judge0_id, read_languages

PLAIN = """
aliases = ["tg"]
file = "main.tongue"
run = ["tongue", "main.tongue"]
version = ["tongue", "--version"]

[base]
upstream = "tongue:1"
debian = ["tongue"]
"""
COMPILED = """
file = "main.tongue"
run = ["./main"]
version = ["tongue", "--version"]
title = "Tongue++"
judge0 = [7, 8]
exec = true
starter = true
work_bytes = 33_554_432

[compile]
argv = ["tongue", "-o", "main", "main.tongue"]
limits = { cpu_s = 8, wall_s = 20, memory_bytes = 268_435_456, processes = 32 }

[base]
upstream = "tongue:1"
debian = ["tongue"]

[limits]
memory_bytes = 67_108_864
"""


def folder(home: Path, text: str, name: str = "tongue") -> Path:
    (home / name).mkdir()
    (home / name / "language.toml").write_text(text)
    return home


def test_what_is_not_said_is_plain(tmp_path: Path) -> None:
    language = read_languages(folder(tmp_path, PLAIN))["tongue"]
    assert (language.name, language.aliases, language.file) == ("tongue", ("tg",), "main.tongue")
    assert (language.compile, language.compile_limits, language.limits) == ((), {}, {})
    assert (language.exec, language.starter, language.work_bytes) == (False, False, WORK_BYTES)
    assert language.image == "sandfleet/sandbox-tongue"
    assert (language.title, language.judge0) == ("tongue", ())


def test_a_compile_stage_with_limits_of_its_own(tmp_path: Path) -> None:
    language = read_languages(folder(tmp_path, COMPILED))["tongue"]
    assert language.compile == ("tongue", "-o", "main", "main.tongue")
    assert language.compile_limits == {
        "cpu_s": 8.0,
        "wall_s": 20.0,
        "memory_bytes": 256 * 1024**2,
        "processes": 32,
    }
    assert language.limits == {"memory_bytes": 64 * 1024**2}
    assert (language.exec, language.starter, language.work_bytes) == (True, True, 32 * 1024**2)
    assert (language.title, language.judge0) == ("Tongue++", (7, 8))


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("exec = true", "execute = true", r"execute is unknown; there are aliases, base, compile, exec,"),
        ("exec = true", 'exec = "yes"', "exec must be true or false"),
        ("starter = true", "starter = 1", "starter must be true or false"),
        ("33_554_432", "0", f"work_bytes must be a whole number of bytes from 1 to {WORK_BYTES_MAX}"),
        ("33_554_432", str(WORK_BYTES_MAX + 1), "work_bytes must be a whole number of bytes"),
        ("33_554_432", "1e6", "work_bytes must be a whole number of bytes"),
        ("33_554_432", '"16m"', "work_bytes must be a whole number of bytes"),
        ("33_554_432", "true", "work_bytes must be a whole number of bytes"),
        ("[compile]\nargv", "[compile]\ncommand", "compile.command is unknown; there are argv, limits"),
        ('["tongue", "-o", "main", "main.tongue"]', '"make"', "compile.argv must be a list of non-empty"),
        ('["tongue", "-o", "main", "main.tongue"]', "[]", "compile.argv must be a list of non-empty"),
        ('argv = ["tongue", "-o", "main", "main.tongue"]', "", "compile.argv must be a list of non-empty"),
        ("cpu_s = 8", "cpu_s = 0", "compile.limits.cpu_s must be a number above zero"),
        ("cpu_s = 8", "cpu_s = true", "compile.limits.cpu_s must be a number above zero"),
        ("cpu_s = 8", "cpu_seconds = 8", "compile.limits.cpu_seconds is unknown; there are cpu_s, memory"),
        ("limits = {", 'limits = "none" #', r"needs a table \[compile.limits\]"),
        ("[limits]", "[[limits]]", r"needs a table \[limits\]"),
        ("memory_bytes = 67_108_864", "memory_mb = 64", "limits.memory_mb is unknown"),
        ('file = "main.tongue"', 'file = "../main"', "file must be a plain file name"),
        ('upstream = "tongue:1"', "", "base.upstream must be a non-empty string"),
        ("[7, 8]", '["7"]', "judge0 must be a list of whole numbers above zero"),
        ("[7, 8]", "[true]", "judge0 must be a list of whole numbers above zero"),
        ("[7, 8]", "[0]", "judge0 must be a list of whole numbers above zero"),
        ("[7, 8]", "7", "judge0 must be a list of whole numbers above zero"),
        ('"Tongue++"', '""', "title must be a non-empty string"),
        ("exec = true", "exec = true\nexec = true", "Cannot overwrite a value"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    assert old in COMPILED
    with pytest.raises(LanguageFileError, match=complaint):
        read_languages(folder(tmp_path, COMPILED.replace(old, new)))


def test_a_folder_that_is_no_word_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LanguageFileError, match="'Tongue 2' is not a language name"):
        read_languages(folder(tmp_path, PLAIN, "Tongue 2"))


def test_no_language_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LanguageFileError, match="no language could be served"):
        read_languages(tmp_path)


def test_a_word_means_one_language(tmp_path: Path) -> None:
    folder(tmp_path, PLAIN)
    with pytest.raises(LanguageFileError, match="'tg' would mean both"):
        read_languages(folder(tmp_path, PLAIN, "other"))


def test_an_id_of_judge0_means_one_language(tmp_path: Path) -> None:
    folder(tmp_path, COMPILED)
    assert names_by_judge0_id(read_languages(tmp_path).values()) == {7: "tongue", 8: "tongue"}
    with pytest.raises(LanguageFileError, match="judge0's 7 would mean both"):
        read_languages(folder(tmp_path, COMPILED, "other"))


def test_the_languages_of_this_tree() -> None:
    languages = read_languages(Path("sandbox-images"))
    words = names_by_alias(languages.values())
    assert len(words) == len(set(words)) > len(languages)
    assert [language.name for language in languages.values() if language.starter]
    ids = names_by_judge0_id(languages.values())
    assert all(language.title and language.judge0 for language in languages.values())
    assert 70 not in ids  # its Python 2, which is another language
    # What a compiler makes must be runnable; what an interpreter reads need not be.
    assert all(language.exec for language in languages.values() if language.run[0].startswith("./"))
