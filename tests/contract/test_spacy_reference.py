"""The fast matcher finds what spaCy's own Matcher finds, on the catalogue's own examples."""

import warnings

import pytest

from model.indicators.automaton import Automaton
from model.indicators.registry import Catalogue, load_catalogue
from model.text.normalise import normalise
from model.text.tokens import tokenise

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import spacy

    from model.indicators.pipeline import AdvertTokenizer, build_pipeline, reference_spans

EVERY = 23
MOST_ALTERNATIVES = 60


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def test_a_sample_of_all_wording_finds_the_same_spans_as_spacy(catalogue: Catalogue) -> None:
    nlp = spacy.blank("xx")
    nlp.tokenizer = AdvertTokenizer(nlp.vocab)
    compared = 0
    for indicator in catalogue.indicators.values():
        own = [(term, wording) for name, term, wording in catalogue.wordings if name == indicator.id]
        for example in indicator.fires[::3]:
            words = tokenise(normalise(example.text).text)[0]
            for term, wording in own[::EVERY]:
                size = 1
                for part in wording.parts:
                    for choice in part.choices:
                        size *= len(choice)
                if term.language != example.language or size > MOST_ALTERNATIVES or len(wording.parts) > 1:
                    continue
                ours = {(m.start, m.end) for m in Automaton([wording]).scan(words)}
                assert ours == reference_spans(nlp, wording, example.text), (indicator.id, term.pattern)
                compared += 1
    assert compared > 30


def test_the_pipeline_puts_hits_into_spans(catalogue: Catalogue) -> None:
    doc = build_pipeline(catalogue)("公司包吃住, free flight ticket")
    assert {"all_inclusive_package"} <= {span.label_ for span in doc.spans["indicators"]}
