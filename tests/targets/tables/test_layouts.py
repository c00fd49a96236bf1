"""Published layouts are told by their fields, and each row gives the right question and the right accepted answers."""

import json

import pandas as pd
import pytest

from tacit.errors import TargetError
from tacit.targets import get_target, load_items, resolve_data
from tacit.targets.elicitations import PRIMARY
from tacit.targets.groups import components, item_keys
from tacit.targets.resolve import row_account, table_notes


def written(folder, rows, name="rows.jsonl"):
    path = folder / name
    if name.endswith("parquet"):
        pd.DataFrame(rows).to_parquet(path)
    elif name.endswith("jsonl"):
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    else:
        path.write_text(json.dumps(rows), encoding="utf-8")
    return str(path)


def read(path, target="knowledge"):
    """The target and the items of a table that is matched to it by its fields alone."""
    assert resolve_data((path,), None).paths == {target: path}
    items, ignored = load_items(target, path, n=1000, seed=0, count_tokens=len)
    return get_target(target, items), items, ignored


TRIVIA = [
    {
        "question": "Which US city is the Big Apple?",
        "question_id": "tc_1",
        "answer": {
            "value": "New York",
            "aliases": ["New York City", "NYC"],
            "normalized_aliases": ["nyc"],
            "normalized_value": "new york",
            "type": "WikipediaEntity",
        },
    },
    {
        "question": "Who wrote Emma?",
        "question_id": "tc_2",
        "answer": {"value": "Jane Austen", "aliases": ["Austen"], "normalized_aliases": ["austen"]},
    },
    {
        "question": "Hidden?",
        "question_id": "tc_3",
        "answer": {"value": "<unk>", "aliases": [], "normalized_aliases": []},
    },
]
RELEASE = {
    "Data": [
        {
            "Question": row["question"],
            "QuestionId": row["question_id"],
            "Answer": {
                "Value": row["answer"]["value"],
                "Aliases": row["answer"]["aliases"],
                "NormalizedAliases": row["answer"]["normalized_aliases"],
            },
        }
        for row in TRIVIA
    ],
    "Domain": "Web",
    "Version": 1.0,
}


@pytest.mark.parametrize(("name", "rows"), [("t.jsonl", TRIVIA), ("t.parquet", TRIVIA), ("t.json", RELEASE)])
def test_trivia_qa_accepts_its_value_and_aliases_in_every_format(tmp_path, name, rows):
    path = written(tmp_path, rows, name)
    target, items, ignored = read(path)
    assert [item.answers[:2] for item in items] == [("New York", "New York City"), ("Jane Austen", "Austen")]
    assert [target.label(items[0], reply=reply) for reply in ("NYC", "It is New York City.", "Boston")] == [
        "yes", "yes", "no",
    ]  # fmt: skip
    assert (ignored, table_notes(path, "knowledge")) == ((), ("read in the layout of TriviaQA",))
    account = row_account(path, items, "knowledge")
    assert (account["used"], account["left out: no answer is given"], sum(account.values())) == (2, 1, 3)


def test_pop_qa_reads_the_list_inside_its_cell(tmp_path):
    path = tmp_path / "popqa.tsv"
    header = "id\tsubj\tprop\tobj\ts_pop\tquestion\tpossible_answers\n"
    row = '1\tGeorge Rankin\toccupation\tpolitician\t142\tWhat is George Rankin\'s job?\t"[""politician"", ""pol""]"\n'
    path.write_text(header + row)
    target, items, ignored = read(str(path))
    (item,) = items
    assert (item.answers, item.entity, item.source, item.popularity) == (
        ("politician", "pol"), "George Rankin", "occupation", "142",
    )  # fmt: skip
    assert target.label(item, reply="He is a politician.") == "yes" and not ignored


@pytest.mark.parametrize(
    "cell", [["14 December", "December 14"], '["14 December", "December 14"]', "['14 December', 'December 14']"]
)
def test_an_answer_that_is_a_list_accepts_each_of_its_texts(tmp_path, cell):
    target, items, _ = read(written(tmp_path, [{"question": "When does it come out?", "answer": cell}]))
    assert items[0].answers == ("14 December", "December 14")
    assert target.label(items[0], reply="December 14") == "yes"


def test_a_printed_array_is_refused_since_its_texts_would_be_joined(tmp_path):
    path = written(tmp_path, [{"question": "Q?", "answer": "['Paris' 'Paris City']"}])
    with pytest.raises(TargetError, match=r"looks like a list, but is neither JSON nor a Python list"):
        read(path)


def test_simple_qa_calls_its_question_problem(tmp_path):
    path = written(tmp_path, [{"metadata": "{'topic': 'Science'}", "problem": "Who won it in 2010?", "answer": "Frey"}])
    _, items, ignored = read(path)
    assert (items[0].surface, items[0].answers, ignored) == ("Who won it in 2010?", ("Frey",), ("metadata",))


@pytest.mark.parametrize("release", [True, False])
def test_truthful_qa_accepts_its_correct_answers_and_not_the_incorrect_ones(tmp_path, release):
    row = {
        "question": "What do watermelon seeds do if eaten?",
        "best_answer": "They pass through your digestive system",
        "correct_answers": ["Nothing happens", "You digest the seeds"],
        "incorrect_answers": ["You grow watermelons"],
        "category": "Misconceptions",
    }
    if release:
        row = {name.replace("_", " ").title(): "; ".join(v) if isinstance(v, list) else v for name, v in row.items()}
    target, items, _ = read(written(tmp_path, [row]))
    assert items[0].answers[1:] == ("Nothing happens", "You digest the seeds")
    labels = [target.label(items[0], reply=reply) for reply in ("Nothing happens.", "You grow watermelons.")]
    assert (labels, items[0].source) == (["yes", "no"], "Misconceptions")


CITIES = ["Lyon", "Belmopan", "Paris", "Rome"]
CHOICES = {
    "mmlu": {"question": "Capital of France?", "subject": "geography", "choices": CITIES, "answer": 2},
    "letters": {"question": "Capital of France?", "choices": CITIES, "answer": "C"},
    "texts": {"question": "Capital of France?", "choices": CITIES, "answer": "Paris"},
    "arc": {
        "question": "Capital of France?", "answerKey": "3",
        "choices": {"text": CITIES, "label": ["1", "2", "3", "4"]},
    },
    "commonsense": {
        "question": "Capital of France?", "question_concept": "capital", "answerKey": "C",
        "choices": {"text": CITIES, "label": ["A", "B", "C", "D"]},
    },
    "openbook": {
        "question_stem": "Capital of France?", "answerKey": "C",
        "choices": {"text": CITIES, "label": ["A", "B", "C", "D"]},
    },
    "mmlu-pro": {"question": "Capital of France?", "options": CITIES, "answer": "C", "answer_index": 2},
    "medmcqa": {
        "question": "Capital of France?", "opa": "Lyon", "opb": "Belmopan", "opc": "Paris", "opd": "Rome", "cop": 2,
    },
    "reclor": {"question": "Capital of France?", "answers": CITIES, "label": 2},
    "aqua": {
        "question": "Capital of France?", "correct": "C",
        "options": [f"{letter}){city}" for letter, city in zip("ABCD", CITIES, strict=True)],
    },
    "cosmos": {
        "question": "Capital of France?", "label": 2, **{f"answer{n}": city for n, city in enumerate(CITIES)},
    },
    "columns": {
        "question": "Capital of France?", "A": "Lyon", "B": "Belmopan", "C": "Paris", "D": "Rome", "answer": "C",
    },
}  # fmt: skip


@pytest.mark.parametrize("name", ["t.jsonl", "t.parquet"])
@pytest.mark.parametrize("layout", CHOICES)
def test_options_are_shown_and_the_right_one_is_accepted_by_letter_or_text(tmp_path, layout, name):
    target, items, ignored = read(written(tmp_path, [CHOICES[layout]], name))
    (item,) = items
    shown = "Capital of France?\n(A) Lyon\n(B) Belmopan\n(C) Paris\n(D) Rome"
    assert item.object_prompt.startswith(shown) and target.report_prompt(item, PRIMARY).startswith(shown)
    right = ["C", "(C)", "C) Paris", "Paris", "The answer is C.", "It is Paris."]
    wrong = ["A", "B", "Rome", "(D) Rome", "A or C", "I do not know.", "not Paris"]
    assert [target.label(item, reply=reply) for reply in right] == ["yes"] * len(right)
    assert [target.label(item, reply=reply) for reply in wrong] == ["no"] * len(wrong)
    assert (item.answers, ignored) == (("Paris",), ())
    assert target.candidates(item, items, ()) == ("Paris", "Lyon", "Belmopan", "Rome")


def test_options_that_are_numbers_are_accepted_by_their_text(tmp_path):
    rows = [{"question": "What is 1 + 2?", "choices": ["4", "3", "2", "5"], "answer": 1}]
    target, items, _ = read(written(tmp_path, rows))
    assert [target.label(items[0], reply=reply) for reply in ("3", "B", "2", "C", "3.")] == [
        "yes", "yes", "no", "no", "yes",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"question": "Q?", "choices": ["a b", "c d"], "answer": n} for n in (1, 2)], "seems to count from 1"),
        ([{"question": "Q?", "choices": ["1", "2", "0"], "answer": "2"}], "index of an option or its text"),
        ([{"question": "Q?", "choices": ["a b", "a b"], "answer": 0}], "two of its options are the same"),
        ([{"question": "Q?", "choices": ["a b", "c d"], "answer": -1}], "no answer is given"),
    ],
)
def test_options_whose_right_one_cannot_be_told_are_refused(tmp_path, rows, message):
    with pytest.raises(TargetError, match=message):
        read(written(tmp_path, rows))


BOOLQ = {"question": "is the sky blue", "passage": "Light scatters.", "answer": True}


@pytest.mark.parametrize("name", ["t.jsonl", "t.parquet"])
def test_booleans_are_yes_and_no(tmp_path, name):
    rows = [BOOLQ, {"question": "Is the sea red?", "passage": "", "answer": False}]
    target, (yes, no), ignored = read(written(tmp_path, rows, name))
    assert (yes.answers, no.answers, ignored) == (("yes",), ("no",), ())
    assert yes.object_prompt == "Light scatters.\n\nis the sky blue? Answer yes or no."
    assert no.object_prompt == "Is the sea red? Answer yes or no."
    said = ("Yes.", "True", "No, it is not.", "I have no idea.")
    assert [target.label(yes, reply=each) for each in said] == ["yes", "yes", "no", "no"]
    assert [target.label(no, reply=each) for each in said] == ["no", "no", "yes", "no"]


def test_questions_that_share_a_yes_are_not_one_fact(tmp_path):
    rows = [{"question": f"Is {i} odd, or is a word here {i}?", "answer": bool(i % 2)} for i in range(12)]
    _, items, _ = read(written(tmp_path, rows))
    assert len(set(components(item_keys(items, share_answers=True)))) == 12


def test_gsm8k_accepts_its_final_number(tmp_path):
    rows = [
        {"question": "How many eggs?", "answer": "She sells 9 * 2 = <<9*2=18>>18.\n#### 1,018"},
        {"question": "How many?", "answer": "Five."},
        {"question": "And how many hens?", "answer": "Two and one.\n#### 3"},
    ]
    path = written(tmp_path, rows)
    target, items, _ = read(path)
    assert [item.answers for item in items] == [("1018",), ("3",)]
    assert [target.label(items[0], reply=each) for each in ("1018", "1,018 eggs", "18")] == ["yes", "yes", "no"]
    assert row_account(path, items, "knowledge")["left out: its answer has no final number after ####"] == 1


def test_a_question_without_an_answer_is_not_known_whatever_the_reply(tmp_path):
    rows = [
        {"question_id": 1, "question": "Capital of France?", "answer": ["Paris"], "answerable": True, "source": "x"},
        {"question_id": 2, "question": "What will I dream?", "answer": None, "answerable": False, "source": "y"},
    ]
    target, (known, unknowable), ignored = read(written(tmp_path, {"example": rows}, "t.json"))
    assert (known.label, target.label(known, reply="Paris"), target.label(known, reply="Rome")) == ("", "yes", "no")
    assert [target.label(unknowable, reply=each) for each in ("Of you.", "I don't know.")] == ["no", "no"]
    assert (unknowable.answers, ignored) == ((), ())


@pytest.mark.parametrize("answers", [["Justin Bieber"], {"text": ["Justin Bieber"], "answer_start": [3]}])
def test_the_column_answers_is_read_as_a_list(tmp_path, answers):
    _, items, _ = read(written(tmp_path, [{"question": "Who?", "answers": answers}]))
    assert items[0].answers == ("Justin Bieber",)


def test_true_and_false_statements_are_a_target_of_their_own(tmp_path):
    path = tmp_path / "cities.csv"
    path.write_text(
        "statement,label,city,country\nParis is in France.,1,Paris,France\nParis is in Peru.,0,Paris,Peru\n"
        "Rome is nice.,Neither,Rome,Italy\n"
    )
    target, items, ignored = read(str(path), "truth")
    assert [(item.object_prompt, target.label(item)) for item in items] == [
        ("Paris is in France.", "yes"), ("Paris is in Peru.", "no"),
    ]  # fmt: skip
    assert len(set(components(item_keys(items, share_answers=False)))) == 1 and not ignored
    assert row_account(str(path), items, "truth")["left out: its label is neither true nor false"] == 1


def test_a_bar_belongs_to_an_answer_and_separates_aliases_only(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("question,answer,aliases,alias_1\nWhich?,P(A|B),a | b,c|d\n")
    _, items, ignored = read(str(path))
    assert (items[0].answers, ignored) == (("P(A|B)", "a", "b", "c|d"), ())


@pytest.mark.parametrize("value", [{"text": "Q?"}, ["Q?"]])
def test_a_list_or_an_object_where_text_is_expected_names_its_column_and_row(tmp_path, value):
    path = written(tmp_path, [{"question": "Q?", "answer": "a"}, {"question": value, "answer": "b"}])
    with pytest.raises(TargetError, match=r"column 'question' holds an? (list|object) in row 2, expected text"):
        read(path)


SCIQ = [
    {"question": "What gas do plants take in?", "distractor1": "oxygen", "distractor2": "helium", "distractor3": "neon",
     "correct_answer": "carbon dioxide", "support": "Plants…"},
    {"question": "What is H2O?", "distractor1": "salt", "distractor2": "air", "distractor3": "iron",
     "correct_answer": "water", "support": ""},
]  # fmt: skip
GPQA = [
    {"Question": row["question"], "Correct Answer": row["correct_answer"],
     **{f"Incorrect Answer {n}": row[f"distractor{n}"] for n in (1, 2, 3)}} for row in SCIQ
]  # fmt: skip


@pytest.mark.parametrize("rows", [SCIQ, GPQA])
def test_a_right_answer_beside_wrong_ones_in_columns_of_their_own_is_multiple_choice(tmp_path, rows):
    target, items, _ = read(written(tmp_path, rows))
    for item, row in zip(items, SCIQ, strict=True):
        options = {row["correct_answer"], *(row[f"distractor{n}"] for n in (1, 2, 3))}
        shown = dict(line[1:].split(") ") for line in item.object_prompt.removeprefix("Plants…\n\n").split("\n")[1:5])
        assert set(shown.values()) == options and list(shown) == ["A", "B", "C", "D"]
        right = next(letter for letter, text in shown.items() if text == row["correct_answer"])
        assert target.label(item, reply=f"({right})") == target.label(item, reply=row["correct_answer"]) == "yes"
        assert target.label(item, reply=row["distractor2"]) == "no"


def test_aliases_under_the_name_of_musique_are_accepted(tmp_path):
    rows = [{"question": "Who?", "answer": "Robert", "answer_aliases": ["Bob", "Rob"], "answerable": True},
            {"question": "Where?", "answer": "Lima", "answer_aliases": [], "answerable": True}]  # fmt: skip
    target, items, ignored = read(written(tmp_path, rows))
    assert items[0].answers == ("Robert", "Bob", "Rob") and not ignored
    assert target.label(items[0], reply="Bob") == "yes"


@pytest.mark.parametrize("column", ["correct", "gold", "target", "mc1_targets", "reference_answer", "ground_truth"])
def test_questions_whose_answers_have_another_name_are_not_taken_for_behaviour(tmp_path, column):
    path = written(tmp_path, [{"question": f"Q{i}?", column: f"A{i}"} for i in range(12)])
    with pytest.raises(TargetError, match=f"a column '{column}', but no column 'answer'.*--data behavior="):
        resolve_data((path,), None)
    assert resolve_data((f"behavior={path}",), None).targets == ("behavior",)


@pytest.mark.parametrize(
    "rows",
    [
        [{"question": "Who won?", "answer": who, "label": int(who == "Ada")} for who in ("Ada", "Bea", "Cy")],
        [
            {"question": f"Q{who}?", "answer": who, "hallucination": "yes" if who == "Ada" else "no"}
            for who in ("Ada", "Cy")
        ],
    ],
)
def test_answers_of_which_some_are_wrong_are_refused(tmp_path, rows):
    with pytest.raises(
        TargetError, match=r"seems to say whether the answer is right.*Keep only rows with a right answer"
    ):
        read(written(tmp_path, rows))


@pytest.mark.parametrize(
    "row",
    [
        {"question": "Who won?", "sentence": "Ada won.", "label": 1},
        {"question": "Who won?", "options": ["Ada", "Bea"], "gold_index": 1},
        {"question": "cause", "premise": "It rained.", "choice1": "Wet.", "choice2": "Dry.", "label": 0},
    ],
)
def test_labels_of_another_task_are_not_taken_for_behaviour(tmp_path, row):
    path = written(tmp_path, [row | {"question": f"{row['question']} {n}", "label": n % 2} for n in range(4)])
    with pytest.raises(TargetError, match=r"has questions and a column '(label|gold_index)'.*name the target"):
        resolve_data((path,), None)
