import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from model.errors import InputError
from model.schema.decision import Label
from model.training.checks import check_data, check_rows, find_leaks, noise_candidates
from model.training.dataset import Dataset, groups_of, load_dataset
from model.training.fitting import split_folds

LURE = "Typing work in Poipet, flight and room paid, 2500 USD a month, no experience, write @example_hr now please"
HONEST = "Night porter for the Harbour Hotel in Lisbon, contract under the hotel agreement, 40 hours, apply at the desk"


def row(key: str, text: str, label: str = "legitimate", **fields: object) -> Label:
    return Label.model_validate({"id": key, "text": text, "label": label, "language": "en", **fields})


def test_a_planted_conflict_is_listed_with_both_ids(data_of: Callable[..., Dataset]) -> None:
    data = data_of(row("a", LURE, "scam_centre"), row("b", LURE.upper()), row("c", HONEST))
    figures, faults = check_rows(data, whole=False)
    assert [(c["a"], c["b"], c["label_a"], c["label_b"]) for c in figures["conflicts"]] == [
        ("a", "b", "scam_centre", "legitimate")
    ]
    assert any(fault.startswith("a and b:") for fault in faults)


def test_twins_are_alike_on_purpose_and_contradict_nobody(data_of: Callable[..., Dataset]) -> None:
    data = data_of(row("a", LURE, "scam_centre", twin="b"), row("b", LURE.replace("2500", "250"), twin="a"))
    figures, faults = check_rows(data, whole=False)
    assert (figures["conflicts"], faults, figures["twins"]["pairs"]) == ([], [], 1)


def test_the_same_text_twice_under_one_label_is_a_fault(data_of: Callable[..., Dataset]) -> None:
    _, faults = check_rows(data_of(row("a", HONEST), row("b", HONEST + "\n")), whole=False)
    assert faults == ["a and b: the same text twice; leave one out"]


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"twin": None}, "names nobody"),
        ({"twin": "a", "label": "scam_centre"}, "has the same label"),
        ({"twin": "a", "language": "fr"}, "is in fr, not en"),
    ],
)
def test_a_twin_that_is_none_is_a_fault(
    data_of: Callable[..., Dataset], other: dict[str, object], said: str
) -> None:
    data = data_of(
        row("a", LURE, "scam_centre", twin="b"), row("b", HONEST, **{"label": "legitimate", **other})
    )
    _, faults = check_rows(data, whole=False)
    assert said in faults[0]


def test_a_twin_that_does_not_exist_is_a_fault(data_of: Callable[..., Dataset]) -> None:
    _, faults = check_rows(data_of(row("a", LURE, "scam_centre", twin="gone")), whole=False)
    assert faults == ["a: its twin gone does not exist; add it or clear the field"]


def corpus(mark: Callable[[int], str], rows: int = 160) -> list[Label]:
    random = np.random.default_rng(0)
    words = ["".join(random.choice(list("abdegiklmnorstu"), 6)) for _ in range(400)]
    return [
        row(
            f"r{number}",
            " ".join(random.choice(words, 12)) + mark(number),
            "scam_centre" if number % 2 else "legitimate",
        )
        for number in range(rows)
    ]


def test_a_planted_style_artefact_is_refused(data_of: Callable[..., Dataset]) -> None:
    """Every lure shouts: a model would learn the exclamation marks."""
    figures, faults = check_rows(data_of(*corpus(lambda number: "!!!" * (number % 2))), whole=False)
    assert figures["style_probes_auc"]["style"] > 0.9
    assert any("style alone tells deceptive from honest" in fault for fault in faults)


def test_rows_that_differ_in_words_only_pass_the_style_probes(data_of: Callable[..., Dataset]) -> None:
    _, faults = check_rows(data_of(*corpus(lambda _: "!")), whole=False)
    assert faults == []


def test_a_language_with_few_rows_is_a_fault_of_the_whole_corpus_only(
    data_of: Callable[..., Dataset],
) -> None:
    data = data_of(row("a", HONEST))
    assert check_rows(data, whole=True)[1] == ["language en: 1 rows; needs 60"]
    assert check_rows(data, whole=False)[1] == []


def test_a_campaign_copied_across_a_split_is_found_with_both_ids() -> None:
    copied = LURE.replace("@example_hr", "@example_other").replace("2500", "3100")
    assert find_leaks([("t1", LURE), ("t2", HONEST)], [("e1", copied)]) == [("t1", "e1")]
    assert find_leaks([("t2", HONEST)], [("e1", copied)]) == []


def test_a_copied_campaign_never_stands_on_both_sides_of_a_fold(data_of: Callable[..., Dataset]) -> None:
    rows = corpus(lambda _: "", 40) + [
        row(f"copy{n}", LURE.replace("2500", str(2500 + n)), "scam_centre") for n in range(8)
    ]
    data = data_of(*rows)
    groups = groups_of(data.rows)
    assert len(set(groups[-8:])) == 1
    for train, test in split_folds(data, groups, n_folds=4, seed=1):
        assert not set(groups[train]) & set(groups[test])


def test_label_and_evaluation_files_given_together_are_compared(
    write_rows: Callable[..., Path], tmp_path: Path
) -> None:
    labels = write_rows(row("a", LURE, "scam_centre"), row("b", HONEST))
    cases = tmp_path / "positives.jsonl"
    cases.write_text(
        json.dumps({"id": "e1", "text": LURE, "lang": "en", "label": "scam_centre", "tier": "A"})
    )
    figures, faults = check_data([labels, cases])
    assert figures["evaluation"]["rows_also_in_training"] == [["a", "e1"]]
    assert faults == ["e1: is nearly the same text as labelled row a; take one out"]


def test_evaluation_files_are_counted_by_language_and_kind(tmp_path: Path) -> None:
    path = tmp_path / "negatives.jsonl"
    rows = [
        {"id": "1", "text": "x", "lang": "vi", "label": "legit", "hard_kind": 2},
        {"id": "2", "text": "y", "lang": "vi", "kind": "warning"},
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    figures, faults = check_data([path])
    assert faults == []
    assert figures["evaluation"] == {
        "rows": 2,
        "by_kind": {"legit, hard kind 2": 1, "twin, warning": 1},
        "by_language": {"vi": {"all": 2, "legit, hard kind 2": 1, "twin, warning": 1}},
    }


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"id": "2", "lang": "en"}', "negatives.jsonl:2: is no row with id, text and lang"),
        ('{"id": "1", "text": "z", "lang": "en"}', "negatives.jsonl:2: id '1' stands in this file already"),
        ("{", "negatives.jsonl:2: is no row"),
    ],
)
def test_a_bad_evaluation_row_is_named_by_file_and_line(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "negatives.jsonl"
    path.write_text('{"id": "1", "text": "x", "lang": "en"}\n' + line)
    with pytest.raises(InputError, match=said.replace("(", r"\(")):
        check_data([path])


def test_a_wrong_label_is_ranked_first_among_noise_candidates() -> None:
    """A plain lure filed as legitimate among clear rows; only ids are given, no text."""
    lures = [
        row(f"l-{role}-{place}", f"{role} {place}, {perk}", "scam_centre")
        for role in ("customer service", "data entry", "chat support")
        for place, perk in (
            ("Poipet", "free flight, room"),
            ("Myawaddy", "flight paid, 3000 USD"),
            ("Sihanoukville", "flight paid, live in"),
            ("Bavet", "free flight, 2500 USD"),
        )
    ]
    honest = [
        row(f"h-{role}-{place}", f"{role} {place}, {terms}")
        for role in ("baker", "welder", "nurse")
        for place, terms in (
            ("Lisbon", "contract, apply in person"),
            ("Porto", "own tools, weekly wage"),
            ("Braga", "diploma asked, day shift"),
            ("Faro", "licence, send CV"),
        )
    ]
    wrong = row("wrong", "typist in Shwe Kokko, free flight and room, no experience, 3000 USD")
    found = noise_candidates(Dataset((*lures, *honest, wrong), "sha256:0"), most=3)
    assert found[0]["id"] == "wrong"
    assert found[0]["looks_like"] == "scam_centre"
    assert found[0].keys() == {"id", "label", "looks_like", "log_odds_against"}


def test_ranking_suspect_labels_needs_enough_rows(data_of: Callable[..., Dataset]) -> None:
    with pytest.raises(InputError, match="give more rows"):
        noise_candidates(data_of(row("a", LURE, "scam_centre"), row("b", HONEST)), most=1)


def test_the_schema_is_checked_first(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"id": "a", "text": "x", "label": "scam", "language": "en"}\n')
    with pytest.raises(InputError, match=r"rows\.jsonl:1: label"):
        check_data([path])
    with pytest.raises(InputError, match=r"rows\.jsonl:1: label"):
        load_dataset([path])
