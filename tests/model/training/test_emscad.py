import csv
from pathlib import Path

import numpy as np
import pytest

from model.errors import InputError
from model.training import emscad
from model.training.emscad import evaluate_emscad
from model.training.emscad_data import CODES, group_rows, load_emscad, masked_text, metadata_of
from model.training.emscad_models import BASELINES, OURS

COLUMNS = (
    "job_id title location department salary_range company_profile description requirements benefits telecommuting "
    "has_company_logo has_questions employment_type required_experience required_education industry function fraudulent"
).split()
SYLLABLES = ("ba", "ke", "ri", "lo", "mu", "ta", "ne", "so", "vi", "du")


def words(random: np.random.Generator, n: int) -> str:
    return " ".join("".join(random.choice(SYLLABLES, 3)) for _ in range(n))


def advert(number: int, **fields: str) -> dict[str, str]:
    random = np.random.default_rng(number)
    texts = {
        name: words(random, 30) for name in ("company_profile", "description", "requirements", "benefits")
    }
    flags = {"telecommuting": "0", "has_company_logo": "1", "has_questions": "0"}
    row = {"job_id": str(number), "title": words(random, 3), "location": "US, NY, Troy", "fraudulent": "0"}
    return {**dict.fromkeys(COLUMNS, ""), **row, **texts, **flags, **fields}


def write(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_rows_that_share_a_company_or_a_template_are_one_group() -> None:
    copied = advert(1)["description"].replace("ba", "be", 1)
    rows = [
        advert(1),
        advert(2, company_profile=advert(1)["company_profile"]),
        advert(3, description=copied),
        advert(4),
    ]
    assert group_rows(rows).tolist() == [0, 0, 0, 3]


def test_short_texts_that_anybody_writes_link_nothing() -> None:
    rows = [advert(n, requirements="Bachelor's degree", benefits="Competitive salary") for n in (1, 2)]
    assert group_rows(rows).tolist() == [0, 1]


def test_rows_are_linked_through_rows_known_only_by_code() -> None:
    """1 shares its company with 9, 9 its description with 2; the text of 9 is not at hand."""
    rows = [advert(1), advert(2), advert(3)]
    fields = ("company_profile", "description", "requirements", "benefits")
    codes = [
        {"job_id": job, **dict(zip(fields, values, strict=True))}
        for job, values in (("1", "abcd"), ("9", "aghi"), ("2", "xgyz"), ("3", "klmn"))
    ]
    assert group_rows(rows, codes).tolist() == [0, 0, 2]


def test_a_code_of_a_missing_text_links_nothing() -> None:
    rows = [advert(1, company_profile=""), advert(2, company_profile=""), advert(3)]
    codes = [
        {
            "job_id": f"{n}",
            "company_profile": "0",
            "description": f"{n}",
            "requirements": f"{n}",
            "benefits": "0",
        }
        for n in (1, 2, 3)
    ]
    codes[2]["company_profile"] = "7"
    assert group_rows(rows, codes).tolist() == [0, 1, 2]


def test_both_classes_weigh_as_in_the_whole_set(tmp_path: Path) -> None:
    data = load_emscad(
        write(tmp_path / "part.csv", [advert(n, fraudulent=str(int(n < 3))) for n in range(9)])
    )
    frauds = data.target == 1
    share = data.weights[frauds].sum() / data.weights.sum()
    assert share == pytest.approx(866 / 17_880)
    assert set(data.weights[frauds]) == {1.0}


def test_masking_leaves_no_number_and_no_hashed_link() -> None:
    assert masked_text("Call #PHONE_" + "a1" * 32 + "# for $15,000.Apply").split() == [
        *("Call", "zzphone", "for", "$", "0", ".", "Apply"),
    ]


def test_metadata_knows_what_is_missing_and_never_the_job_id() -> None:
    rows = [advert(1), advert(1, job_id="9999"), advert(1, company_profile="")]
    matrix, _ = metadata_of(rows)
    assert matrix[0].tolist() == matrix[1].tolist()
    assert matrix[0].tolist() != matrix[2].tolist()


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"text": "x"}], "has no column benefits"),
        ([advert(1)], "needs both fraudulent and legitimate rows"),
    ],
)
def test_a_file_that_is_not_the_set_is_refused(tmp_path: Path, rows: list[dict[str, str]], said: str) -> None:
    with pytest.raises(InputError, match=said):
        load_emscad(write(tmp_path / "set.csv", rows))


def test_a_planted_campaign_flatters_the_random_split_and_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frauds come in copies that share nothing with other frauds: seen copies are easy, unseen campaigns are chance."""
    monkeypatch.setattr(emscad, "CACHE", tmp_path / "cache")
    for name, value in {"_REPEATS": 1, "_FOLDS": 2, "_INNER_FOLDS": 2}.items():
        monkeypatch.setattr(emscad, name, value)
    frauds = [
        {**advert(1000 + n // 4), "job_id": f"f{n}", "title": f"{advert(n)['title']}", "fraudulent": "1"}
        for n in range(40)
    ]
    path = write(tmp_path / "set.csv", [*frauds, *(advert(n) for n in range(60))])
    result = evaluate_emscad(data=path, version=None, n_jobs=1)
    assert list(result["grouped_split"]) == [*BASELINES, OURS]
    word = "TF-IDF words + logistic regression"
    grouped, random = (
        result[s][word]["average_precision"]["mean"] for s in ("grouped_split", "random_split")
    )
    assert random > 0.8
    assert grouped < 0.6
    leaked = result["random_split"]["test_frauds_sharing_a_group_with_training"]
    assert (leaked["n"], leaked["value"] > 0.7) == (40, True)
    assert result["data"]["groups_with_frauds"] == 10
    assert len(result["_plots"]["scores"]) == len(result["_plots"]["target"]) == 100


def test_codes_beside_the_file_are_read(tmp_path: Path) -> None:
    rows = [advert(1, fraudulent="1"), advert(2), advert(3)]
    path = write(tmp_path / "set.csv", rows)
    fields = ("company_profile", "description", "requirements", "benefits")
    write(tmp_path / CODES, [{"job_id": f"{n}", **dict.fromkeys(fields, "5")} for n in (1, 2)])
    assert load_emscad(path).groups.tolist() == [0, 0, 2]
