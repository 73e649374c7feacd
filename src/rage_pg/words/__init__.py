"""Words and what they mean: tokens, languages, an English thesaurus, English nouns for words of others."""
