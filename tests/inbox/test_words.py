"""Texts and questions become the same words, whatever they are."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.inbox.words import BREAK, MOST_WORDS, Term, ask, fold, line_of, words_of

UNHURRIED = settings(deadline=None)
ANY_TEXT = st.one_of(
    st.text(max_size=60),
    st.text(alphabet=st.characters(codec="utf-8"), max_size=60),
    st.lists(st.sampled_from(['"', "“", "AND", "a", "b*", "東京", "é", "🙏🏽", "(", ":", "^", "-x", "\0"])).map(
        " ".join
    ),
)


@UNHURRIED
@given(ANY_TEXT)
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@UNHURRIED
@given(ANY_TEXT)
def test_words_hold_nothing_that_either_engine_could_take_for_syntax(text: str) -> None:
    for word in words_of(text):
        assert word and not set(word) & set(" \t\n'\"\\:*()&|!<>^+-,¦")
        assert word.lower() == word or not word.isascii()


@UNHURRIED
@given(ANY_TEXT)
def test_each_piece_of_a_text_asks_for_what_the_text_holds(text: str) -> None:
    line = line_of(words_of(text))
    for piece in text.split():
        assert all(term.needle in line for term in ask(piece).terms)
        assert ask(piece).is_answered_by([text])


@UNHURRIED
@given(ANY_TEXT, ANY_TEXT)
def test_the_answer_is_the_same_with_and_without_the_index(typed: str, text: str) -> None:
    question = ask(typed)
    line = line_of(words_of(text))
    assert question.is_answered_by([text]) == all(needle in line for needle in question.needles)


def test_the_last_word_may_go_on_unless_it_is_quoted() -> None:
    assert ask("late bru").terms == (Term(words=("late",)), Term(words=("bru",), is_prefix=True))
    assert ask('"late bru"').terms == (Term(words=("late", "bru")),)
    assert ask("late bru !").terms == (Term(words=("late",)), Term(words=("bru",)))
    assert ask("@ana_k@x.social").terms == (Term(words=("ana", "k", "x", "social"), is_prefix=True),)


def test_what_is_said_twice_is_asked_once() -> None:
    assert ask("tea tea tea !").terms == (Term(words=("tea",)),)


def test_a_break_stands_between_two_texts_and_in_no_word() -> None:
    assert words_of("one", "two") == ("one", BREAK, "two")
    assert BREAK not in words_of("one ¦ two")


def test_endless_texts_and_words_are_cut() -> None:
    assert len(words_of("a " * 200_000)) == MOST_WORDS
    assert words_of("a" * 500) == ("a" * 64,)
    assert ask("a" * 500).is_answered_by(["a" * 600])
    assert len(ask("b " * 5000).terms) == 1
    assert len(ask(" ".join(f"w{number}" for number in range(500))).terms) == 30
