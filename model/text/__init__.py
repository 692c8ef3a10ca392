"""From the text as received to text that matches: folding with a map back, and the language."""
