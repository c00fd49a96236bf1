"""Readers against completions that were labelled by hand.

Part `design`: the readers were written with them in view. `held_out`: labelled before the first readers had seen them.
`fresh`: 223 more, labelled before the readers of today had seen them. What the readers made of `fresh` before they were
tuned on it, right of those read as answered (precision) and right of those labelled answered (recall):

    counts of tokens     29/29, 29/40    yes or no            20/21, 20/27    option      12/13, 12/12
    counts cut short      1/2 ,  1/1     P(True)              19/19, 19/19    lettered    16/16, 16/18
    words, characters     8/8 ,  8/8     confidence 0-100     23/25, 23/27    word         4/4 ,  4/5
    all                 132/137 (.96), 132/157 (.84)

These are the figures to quote. Since then the five misreadings and some of the misses have been mended, so what the
tests below assert of `fresh` is a check against falling back, and no estimate. Four labels are no longer what they were
then: "I think so", "I believe so", "I'm afraid not" and "not really" were called unreadable, and a person reads them at
once. One of them is fresh, so recall would be 19/20 for P(True) and 132/158 (.84) for all.
"""

import csv
from pathlib import Path

import pytest

from tacit.targets import Report, read_count, read_option, read_percent, read_true, read_word, read_yes_no

READERS = {
    "count": lambda text, options: read_count(text),
    "yes_no": lambda text, options: read_yes_no(text, about_knowing=True),
    "option": read_option,
    "lettered": lambda text, options: read_option(text, options, letters=("A", "B")),
    "word": lambda text, options: read_word(text),
    "count_cut": lambda text, options: read_count(text, ended=False),
    "words": lambda text, options: read_count(text, unit="word"),
    "characters": lambda text, options: read_count(text, unit="character"),
    "true": lambda text, options: read_true(text),
    "percent": lambda text, options: read_percent(text),
    "percent_cut": lambda text, options: read_percent(text, ended=False),
}
with Path(__file__).with_name("completions.csv").open(encoding="utf-8", newline="") as file:
    COMPLETIONS = list(csv.DictReader(file))
NUMBERS = ("count", "count_cut", "words", "characters", "percent", "percent_cut")
TUNED = [row for row in COMPLETIONS if row["part"] != "fresh"]
FRESH = [row for row in COMPLETIONS if row["part"] == "fresh"]


def labelled(row):
    value = (float(row["value"]) if row["kind"] in NUMBERS else row["value"]) if row["value"] else None
    return Report(row["outcome"], value)


def read(row):
    return READERS[row["kind"]](row["text"], tuple(row["options"].split("|")))


@pytest.mark.parametrize("row", TUNED, ids=[f"{i}-{row['kind']}" for i, row in enumerate(TUNED)])
def test_a_completion_is_read_as_a_person_labelled_it(row):
    assert read(row) == labelled(row)


def test_what_is_read_of_the_fresh_completions_is_right():
    assert len(FRESH) == 223
    assert [row["text"] for row in FRESH if read(row).outcome == "answered" and read(row) != labelled(row)] == []


def test_little_of_the_fresh_completions_is_missed_and_a_miss_is_unreadable():
    missed = [row for row in FRESH if read(row) != labelled(row)]
    assert len(missed) <= 7
    assert {read(row).outcome for row in missed} == {"unreadable"}


def test_a_confidence_is_read_in_any_of_its_spellings_and_never_off_the_scale():
    for text in ("85", "85%", "85 percent", "85/100", "eighty-five", "Confidence: 85", "I'd say 85 out of 100."):
        assert read_percent(text) == Report("answered", 85.0)
    for text in ("150%", "-5", "0.85", "101"):
        assert read_percent(text) == Report("unreadable")
    assert read_percent("0.5%") == Report("answered", 0.5)


def test_the_table_has_every_outcome_of_every_reader():
    assert len(COMPLETIONS) >= 200
    for kind in ("count", "yes_no", "option"):
        assert {row["outcome"] for row in COMPLETIONS if row["kind"] == kind} == {"answered", "refused", "unreadable"}


def test_a_non_answer_never_carries_a_value():
    for row in COMPLETIONS:
        for reader in READERS.values():
            report = reader(row["text"], ("now", "wait"))
            assert (report.value is not None) == (report.outcome == "answered")


def test_a_number_at_the_end_of_a_cut_reply_may_be_half_of_one_and_is_unreadable():
    assert read_count("There are 1", ended=False) == Report("unreadable")
    assert read_count("There are 17 tokens in the", ended=False) == Report("answered", 17.0)


def test_only_the_number_of_the_unit_asked_for_is_read():
    text = "17 tokens, 14 words, 80 characters"
    assert [read_count(text, unit=unit).value for unit in ("token", "word", "character")] == [17, 14, 80]


def test_not_knowing_is_an_answer_only_where_knowing_was_asked():
    assert read_yes_no("I don't know.", about_knowing=True) == Report("answered", "no")
    assert read_yes_no("I don't know.") == Report("refused")
    assert read_count("I don't know.") == Report("refused")


def test_the_order_of_the_options_does_not_change_what_is_read():
    for row in COMPLETIONS:
        if row["kind"] == "option":
            options = tuple(row["options"].split("|"))
            assert read_option(row["text"], options) == read_option(row["text"], options[::-1])


@pytest.mark.parametrize(
    ("reply", "value"),
    [
        ("I believe so.", "yes"),
        ("I do think so!", "yes"),
        ("Well, I would say so.", "yes"),
        ("I'm afraid so.", "yes"),
        ("I don't think so.", "no"),
        ("I do not believe so, it is a rare name.", "no"),
        ("I believe not.", "no"),
        ("I am afraid not.", "no"),
        ("Not really.", "no"),
        ("Not at all", "no"),
        ("Certainly not!", "no"),
        ("Unfortunately not.", "no"),
    ],
)
def test_a_whole_answer_without_yes_or_no_is_read(reply, value):
    assert read_yes_no(reply) == read_yes_no(reply, about_knowing=True) == read_true(reply) == Report("answered", value)


@pytest.mark.parametrize(
    "reply",
    [
        "I am not certain.",
        "I'm not certain",
        "I'm not really sure.",
        "Not really sure.",
        "Not really a question.",
        "Not at all confident.",
        "Not really, but it depends.",
        "Not necessarily.",
        "Not quite.",
        "Probably not.",
        "I guess so.",
        "I suppose so.",
        "I hope so.",
        "I hope not.",
        "I think so, but it may be Lima.",
        "I think so highly of it.",
        "Do you think so?",
        "Some people think so.",
        "I believe so. I don't think so.",
        "I don't think so. Yes.",
        "Of course!",
        "Absolutely!",
        "So I believe it is Lima.",
        "I'm afraid not everyone would agree.",
    ],
)
def test_a_hedge_or_a_part_of_a_sentence_is_neither_yes_nor_no(reply):
    assert {read(reply).outcome for read in (read_yes_no, read_true)} == {"unreadable"}
    assert read_yes_no(reply, about_knowing=True) == Report("unreadable")


@pytest.mark.parametrize(
    "reply", ["1.2k", "1.2K tokens", "There are about 1.2k tokens.", "Answer: 1.200k", "1.2k tokens in total"]
)
def test_a_count_in_thousands_is_read(reply):
    assert read_count(reply) == Report("answered", 1200.0)


@pytest.mark.parametrize(
    "reply",
    ["1.2345k", "1,2k", "1.2kb", "5km", "$2k", "-2k", "2k+", "1.2M", "1.2k%", "4K video", "2k words", "1k-2k", "2k/3k"],
)
def test_a_k_that_makes_no_whole_count_is_not_read(reply):
    assert read_count(reply) == Report("unreadable")


VAGUE = (
    "200 to 300; 200-300 tokens; from 200 to 300; 200 up to 300 tokens; between 1k and 2k; two to three hundred; "
    "200 or 300; 200, maybe 300; a few hundred; a few hundred tokens; a few hundred and five tokens; several hundred; "
    "a couple of hundred tokens; hundreds of tokens; a good hundred tokens; half a hundred tokens; 200-odd tokens; "
    "a hundred or so; a hundred or two; a few thousand; about a dozen; a handful; many"
)


@pytest.mark.parametrize("reply", VAGUE.split("; "))
def test_a_range_or_a_vague_amount_is_unreadable(reply):
    assert read_count(reply) == Report("unreadable")


@pytest.mark.parametrize(
    "reply",
    ["The token between [[ and ]] is 7.", "The token in the text is about 7", "So the token between [[ and ]] is 7."],
)
def test_the_number_that_the_token_is_said_to_be_is_a_count(reply):
    assert read_count(reply) == Report("answered", 7.0)


@pytest.mark.parametrize(
    "reply",
    [
        'The token between [[ and ]] is "7".',
        "The third token between [[ and ]] is 7.",
        "The first token is 7.",
        "The token between 3 and 5 is 7.",
        "The token between [[ and ]] is 7 of 9.",
        "The token between [[ and ]] is not 7.",
        "The token between [[ and ]] is 7 or 8.",
        "The token in the text is 1984, a year.",
        "The token between [[ and ]] is 7 characters.",
    ],
)
def test_a_number_that_names_a_token_or_its_place_is_no_count(reply):
    assert read_count(reply) == Report("unreadable")
    assert (
        read_count(reply.replace("token", "character"), unit="character").outcome != "answered" or "characters" in reply
    )


LETTER_CHOSEN = (
    'I would choose the letter "A"',
    'The letter is "A".',
    "The letter I would choose is 'A'.",
    '"A"',
    "[A]",
    "I'd go with option “A”.",
    'I would choose option "A", not "B".',
    "My choice would be 'A', because it is sooner.",
    "A, because it is sooner",
)
LETTER_NOT_CHOSEN = (
    'I would not choose the letter "A".',
    'The answer is not "A".',
    'The wrong answer is "A".',
    "The wrong answer is A.",
    'My second choice is "A".',
    'The first letter is "A".',
    'It starts with "A".',
    'The word begins with the letter "A".',
    'Vitamin "A".',
    'She got an "A".',
    '"A" or "B"',
    'I would choose "A" or "B".',
    'I would choose "A", or maybe "B".',
    "I pick A, or B.",
    'Neither "A" nor "B".',
    'I choose "A". I choose "B".',
    'Is the letter "A"?',
    'The letter "A" comes before "B".',
    'The options are "A" and "B".',
)


@pytest.mark.parametrize("reply", LETTER_CHOSEN)
def test_a_letter_that_is_chosen_is_read_with_or_without_quotes(reply):
    assert read_option(reply, ("now", "wait"), letters=("A", "B")) == Report("answered", "now")
    assert read_option(reply, ("A", "B")) == Report("answered", "A")


@pytest.mark.parametrize("reply", LETTER_NOT_CHOSEN)
def test_a_letter_that_is_only_mentioned_is_not_chosen(reply):
    assert read_option(reply, ("now", "wait"), letters=("A", "B")) == Report("unreadable")
    assert read_option(reply, ("A", "B")) == Report("unreadable")


PRICES = ("$100 now", "$120 later")


@pytest.mark.parametrize(
    "reply",
    [
        "$100 now",
        "I would choose the $100 now.",
        "I would choose the 100 dollars now.",
        "I would choose $100 now over $120 later.",
        "$100 now and not $120 later",
    ],
)
def test_an_option_with_a_price_is_read_in_either_spelling(reply):
    assert read_option(reply, PRICES) == Report("answered", "$100 now")


@pytest.mark.parametrize(
    "reply",
    [
        "$100 now or $120 later",
        "I would not choose the $100 now.",
        "$1,100 now",
        "$100",
        "$100 later",
        "The $100 now is tempting. The $120 later is more.",
        "My second choice is $100 now.",
        "I would not choose: $100 now",
    ],
)
def test_another_price_or_both_prices_choose_nothing(reply):
    assert read_option(reply, PRICES) == Report("unreadable")


def test_every_number_up_to_999_reads_the_same_in_words_and_digits():
    from tacit.targets.readers.numerals import spelled

    for number in range(1000):
        assert read_count(f"{spelled(number)} tokens").value == read_count(f"{number}").value == number
