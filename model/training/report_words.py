"""What the report's sections and words mean, told to someone who was not there."""

SECTIONS: dict[str, tuple[str, str]] = {
    "figure:precision_recall": (
        "How many flags are right, and how many lures are found",
        "Every point is a threshold. Moving right finds more of the lures; moving down means more of the flagged texts are"
        " honest. A useless detector would stay on the dotted line. Where the curve falls off a cliff, the last lures"
        " cannot be told from honest adverts.",
    ),
    "figure:false_alarms": (
        "What a false-alarm allowance buys",
        "The axis is stretched on the left, because that is where a job board works: it can afford to flag one honest"
        " advert in a hundred, hardly one in ten. Read upwards from 1% to see the share of lures found. In the grey part"
        " the allowance is less than a single honest text of this set, and nothing can be said.",
    ),
    "figure:scores": (
        "How far apart the two kinds stand",
        "Scores on a log-odds scale, so that 0.9 and 0.99 do not fall together. The overlap is what no threshold can part."
        " Each colour sums to one, however many texts it holds.",
    ),
    "figure:calibration": (
        "Whether a score means what it says",
        "The rows are cut into ten parts of equal mass by score. Points on the dotted line mean: of texts scored 0.7, seven"
        " in ten were lures. Points above it: the detector was too careful, below it: too sure. The expected calibration"
        " error, the mean distance from the line, is {error:.3f} here. Scores are stated for one assumed base rate; a set"
        " with another share of lures moves all points up or down together without the ranking being any worse.",
    ),
    "figure:languages": (
        "By language",
        "Bars are shares, the line through each its 95% interval. Two languages differ only when their lines hardly"
        " overlap; pale bars rest on too few cases to be compared.",
    ),
    "data": ("What was measured on", "Counts of the set after reading, and how its rows are weighted."),
    "counts": ("What was measured on", "Number of texts of each kind."),
    "recall": (
        "Lures found",
        "Share of lures at or above the threshold. Several texts rebuilt from one reported case count as one, and the"
        " interval is taken over cases. Tiers A and B rest on a quotation of the advert, tier C on a description of it.",
    ),
    "pairs": (
        "Lures against their honest twins",
        "Each lure has an honest twin: same language, length, tone and contact form, another offer. The share of pairs in"
        " which the lure scores higher cannot be won by style; tossing a coin gives 50%.",
    ),
    "false_alarms": (
        "Honest texts flagged",
        "Share of honest texts at or above the same threshold, by kind and language. Windows are short cuts of the honest"
        " adverts: lures are short, and a figure on full texts alone would mostly measure length.",
    ),
    "at_bands": (
        "At the bands as shipped",
        "What a partner with the default thresholds sees: share of texts per band.",
    ),
    "other_patterns": (
        "Neighbouring deceptions told apart",
        "Of adverts of each kind, the share whose own head gives the highest probability.",
    ),
    "reasons": (
        "Whether the reasons are the reasons",
        "Reasons must sum to the score (the largest gap is shown), a high score should rest on two or more of them, and"
        " cutting out the words they point at must lower the score.",
    ),
    "attacks": (
        "What posters do to slip past",
        "The same lures with letters swapped, spaced or decorated. Recall at the same threshold, and how much was lost.",
    ),
    "probes": (
        "Could it be style in disguise?",
        "If the score went with length among honest texts, a figure on short lures and long honest adverts would flatter.",
    ),
    "style_probes": (
        "What could be told without reading the offer",
        "AUC of models that see only style, only the language, only the form of contact. 0.5 is blind; above 0.6 the rows"
        " would teach tone instead of offers, and the data check refuses them.",
    ),
    "out_of_fold": (
        "Training rows, measured by weights that had not seen them",
        "Twins, campaigns and near-copies of a row are never on the side that fitted the weights it is measured with.",
    ),
    "recall_by_language": ("Lures found, by language", "Share of lures at or above `review`, out of fold."),
    "false_alarms_by_language": (
        "Honest texts flagged, by language",
        "Share of honest rows at or above `review`, out of fold.",
    ),
    "recall_by_variant": ("Lures found, by kind of lure", "Share at or above `review`, out of fold."),
    "false_alarms_by_variant": (
        "Honest texts flagged, by kind",
        "Share at or above `review`, out of fold. Rows of deceptive kinds other than scam-centre recruitment stand here"
        " only where their label counts as honest.",
    ),
    "pattern_heads": ("The other heads", "Average precision of each pattern's own head, out of fold."),
    "leave_one_language_out": (
        "Languages it never learnt from",
        "Fitted without one language at a time and measured on that language: what carries over, and what does not.",
    ),
    "random_split_for_comparison": (
        "The same rows under a random split, as a warning",
        "Here twins and near-copies stand on both sides. The figure is shown to say how much such a split would flatter.",
    ),
    "grouped_split": (
        "Split by company and template",
        "No company, text or template of a test row was seen in training. Mean ± standard deviation over folds, with the"
        " folds: a single large campaign decides a fold, so the spread is wider than the distance between models.",
    ),
    "random_split": (
        "Split at random, as a warning",
        "Most published figures on this set are of this kind. The share of test rows that have a relative on the training"
        " side says why they are so high.",
    ),
    "ours_against_best_baseline_grouped": (
        "Ours against the best baseline",
        "On the same folds, and on companies and templates drawn again with replacement. An interval that includes 0 means"
        " another draw of campaigns could turn the order round.",
    ),
}
"""Section or figure → heading and explanation."""

TERMS: tuple[tuple[str, str], ...] = (
    ("lure", "a text that is what the detector looks for; in EMSCAD a fraudulent advert"),
    ("recall", "share of lures at or above the threshold"),
    ("false alarms", "share of honest texts at or above the threshold"),
    (
        "precision",
        "share of flagged texts that are lures; depends on how many lures there are among all texts",
    ),
    (
        "average precision (AP)",
        "precision averaged over all recalls; 1 is perfect, the share of lures is blind",
    ),
    ("F1", "harmonic mean of precision and recall at one threshold"),
    ("[95%]", "interval that holds 95% of redraws of the cases; wide means few cases, not a bad detector"),
    ("n", "cases the share rests on; below 20 it is marked, and should not be compared"),
    ("ECE", "expected calibration error: mean distance between what a score says and what happened"),
    ("out of fold", "measured on rows that were left out when the weights were fitted"),
)
"""Words of the report, explained at its foot."""
