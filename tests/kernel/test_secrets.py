"""What is sealed can be read with our key only."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from hub.errors import KeyLost, StorageFull
from hub.kernel.secrets import Secrets, make_key, read_keys


@pytest.fixture
def key(tmp_path: Path) -> Path:
    make_key(tmp_path / "key")
    return tmp_path / "key"


def test_what_was_sealed_is_read_again_and_cannot_be_seen(key: Path) -> None:
    secrets = read_keys(key)
    sealed = secrets.seal("pässword")
    assert "pässword" not in sealed
    assert secrets.unseal(sealed) == "pässword"


def test_a_key_is_made_once_and_only_for_its_owner(key: Path) -> None:
    before = key.read_bytes()
    make_key(key)
    assert key.read_bytes() == before
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_after_a_change_of_keys_old_secrets_are_read_and_new_ones_sealed_with_the_new_key(key: Path) -> None:
    old = read_keys(key)
    sealed = old.seal("x")
    key.write_text(Fernet.generate_key().decode() + "\n" + key.read_text())
    both = read_keys(key)
    assert both.unseal(sealed) == "x"
    assert both.key_id != old.key_id
    with pytest.raises(KeyLost):
        Secrets(key.read_text().split()[1:]).unseal(both.seal("y"))


def test_who_is_running_reads_a_key_file_that_was_changed_before_it_seals_and_when_it_cannot_open(key: Path) -> None:
    running = read_keys(key)
    first = running.key_id
    key.write_text(Fernet.generate_key().decode() + "\n" + key.read_text())
    assert running.unseal(read_keys(key).seal("y")) == "y"
    key.write_text(Fernet.generate_key().decode() + "\n")
    assert read_keys(key).unseal(running.seal("z")) == "z"
    assert running.key_id == read_keys(key).key_id != first


@pytest.mark.parametrize("content", [b"", b"not a key\n", b"\xff\xfe"])
def test_a_file_without_a_key_is_a_lost_key(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(KeyLost):
        read_keys(tmp_path / "key")


def test_a_missing_key_is_a_lost_key_and_a_missing_folder_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(KeyLost):
        read_keys(tmp_path / "key")
    with pytest.raises(StorageFull):
        make_key(tmp_path / "nowhere" / "key")
