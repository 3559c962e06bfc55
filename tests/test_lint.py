"""The house's rules as tests: floors, format, and what clang-tidy, cppcheck, shellcheck and both compilers say."""
import functools
import os
import pathlib
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parent.parent
JOBS = str(os.cpu_count())


@functools.cache
def tracked(*patterns):
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "--", *patterns, ":!tests/lab"], cwd=TOP,
                         stdout=subprocess.PIPE, text=True, check=True).stdout
    files = [name for name in out.split() if (TOP / name).exists()]
    assert files, f"no file matches {patterns}"
    return files


def sources():
    """The program itself; tests may do what these tools dislike."""
    return [name for name in tracked("src/*.c") if not name.endswith("_test.c")]


def quiet(*command, **more):
    """Runs `command` at the top of the tree; where it fails, its output is the test's message."""
    done = subprocess.run([*map(str, command)], cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          **more)
    if done.returncode:
        pytest.fail("\n".join(done.stdout.splitlines()[:200]), pytrace=False)


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """A build directory set up by clang, with warnings as errors; holds compile_commands.json."""
    directory = TOP / "build-lint"
    if not (directory / "build.ninja").exists():
        quiet("meson", "setup", "--werror", directory, env=os.environ | {"CC": "clang"})
    return directory


def test_floors():
    quiet("tests/check-floors")


def test_format():
    quiet("clang-format", "--dry-run", "-Werror", *tracked("src/*.[ch]", "tests/*.[ch]"))


def test_clang_compiles_without_a_warning(database):
    quiet("ninja", "-C", database)


def test_clang_tidy(database):
    quiet("xargs", "-P", JOBS, "-n", "4", "clang-tidy", "--quiet", "-p", database, input="\n".join(sources()))


def test_cppcheck():
    quiet("cppcheck", "--quiet", "-j", JOBS, "--std=c11", "--enable=warning,portability", "--inline-suppr",
          "--error-exitcode=1", "--suppress=missingIncludeSystem", "--suppress=unknownMacro",
          "--suppress=nullPointerRedundantCheck", "-D__GNUC__", "-I", "src", "-I", ".", *sources())


def test_shellcheck():
    scripts = [name for name in tracked("run", ".ci/run", "tests/*", "bench/*")
               if (TOP / name).is_file() and (TOP / name).open("rb").read(32).startswith((b"#!/bin/bash", b"#!/bin/sh"))]
    quiet("shellcheck", "-S", "warning", *scripts)
