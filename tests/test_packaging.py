"""What is installed is what is here: the package list, the tree and the built wheel say the same."""

from __future__ import annotations

import configparser
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.house import PACKAGES, ROOT, sources

BUILT_FROM = ["setup.cfg", "pyproject.toml", "README.md", "LICENSE", "MANIFEST.in", *PACKAGES]
NOT_SHIPPED = {".md", ".po", ".pot"}
"""For readers and translators of the source, not for the running program."""


def installed_name(path: str) -> str:
    """Where a file of the tree lies after installation."""
    folder, _, rest = path.partition("/")
    return f"{PACKAGES[folder]}/{rest}"


def packages_in_the_tree() -> set[str]:
    folders = {installed_name(source.path).rpartition("/")[0] for source in sources() if source.is_product}
    return {folder.replace("/", ".") for folder in folders}


def files_to_ship() -> set[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *PACKAGES],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    paths = [path for path in listed.split("\0") if path and (ROOT / path).is_file()]
    return {installed_name(path) for path in paths if Path(path).suffix not in NOT_SHIPPED}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names of the files in a wheel built from a copy of the tree."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in BUILT_FROM:
        origin = ROOT / name
        if origin.is_dir():
            shutil.copytree(origin, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif origin.exists():
            shutil.copy(origin, source)
    options = ["--no-deps", "--no-build-isolation", "-qq", "-w", str(folder)]
    command = [sys.executable, "-m", "pip", "wheel", *options, str(source)]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def test_the_package_list_names_every_package_of_the_tree_and_no_other() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    listed = config["options"]["packages"].split()
    assert sorted(listed) == sorted(packages_in_the_tree())


def test_every_folder_with_python_files_is_a_package() -> None:
    folders = {Path(source.path).parent for source in sources() if source.is_product}
    assert [str(folder) for folder in folders if not (ROOT / folder / "__init__.py").exists()] == []


def test_the_wheel_holds_every_file_of_the_product(wheel: set[str]) -> None:
    assert sorted(files_to_ship() - wheel) == []


def test_the_wheel_holds_nothing_else(wheel: set[str]) -> None:
    assert sorted(wheel - files_to_ship()) == []
