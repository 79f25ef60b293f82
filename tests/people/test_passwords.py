from __future__ import annotations

import threading

import pytest
from argon2 import PasswordHasher, extract_parameters

from hub.errors import Invalid, TooMany
from hub.people import passwords

CONTEXT = ("ana.kovac@brightwater.example", "Ana Kovač")


def reason_of(password: str) -> str:
    try:
        passwords.check(password, context=CONTEXT)
    except Invalid as error:
        assert error.field == "password"
        return error.reason
    return ""


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "kvas-9-Lampe-Tor",
        "анна каренина роман",
        "sunshine monkey dragon",
        "tap water 🚰 is fine",
        "481516234291",
        "           lamp",
        "x" * 5 + "abcdefghi" * 27,
        "password " + "9f3c21e07b64",
    ],
)
def test_any_long_password_that_nobody_would_guess_is_taken(password: str) -> None:
    assert reason_of(password) == ""


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("short", "too_short"),
        ("e" * 11, "too_short"),
        ("lamp " * 52, "too_long"),
        ("password1234", "too_common"),
        ("Passw0rd2024!", "too_common"),
        ("p4$$w0rd-2026", "too_common"),
        ("qwertyuiop12", "too_common"),
        ("1q2w3e4r5t6y", "too_common"),
        ("123456789012", "too_common"),
        ("aaaaaaaaaaaa", "too_common"),
        ("abcabcabcabc", "too_common"),
        ("adminadminadmin", "too_common"),
        ("ana.kovac2024!", "too_common"),
        ("brightwater2026", "too_common"),
        ("Hubbub-2026-hubbub", "too_common"),
        ("a lamp \ud800 broken", "not_text"),
    ],
)
def test_a_bad_password_is_refused_with_the_reason(password: str, reason: str) -> None:
    assert reason_of(password) == reason


def test_a_password_fits_its_own_hash_and_no_other() -> None:
    hashed = passwords.hash_password("nine lamps of kvas")
    assert hashed.startswith("$argon2id$")
    assert passwords.verify(hashed, "nine lamps of kvas")
    assert not passwords.verify(hashed, "Nine lamps of kvas")
    assert not passwords.verify(hashed, "nine lamps of kvas ")


def test_nothing_fits_where_there_is_no_hash() -> None:
    assert not passwords.verify(None, "nine lamps of kvas")
    assert not passwords.verify("not a hash", "nine lamps of kvas")


def test_the_dummy_costs_exactly_what_a_real_hash_costs() -> None:
    real = passwords.hash_password("nine lamps of kvas")
    assert extract_parameters(passwords.DUMMY_HASH) == extract_parameters(real)
    assert not passwords.needs_rehash(passwords.DUMMY_HASH)


def test_a_weaker_hash_is_to_be_made_again() -> None:
    assert passwords.needs_rehash(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("x"))


def test_too_many_hashes_at_once_wait_and_then_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_AT_ONCE", threading.BoundedSemaphore(1))
    monkeypatch.setattr(passwords, "_PATIENCE_SECONDS", 0.01)
    with passwords._turn(), pytest.raises(TooMany):
        passwords.hash_password("nine lamps of kvas")
    assert passwords.hash_password("nine lamps of kvas")
