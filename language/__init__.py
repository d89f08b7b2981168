"""Vietnamese itself: canonical text, the one fold, syllables. Used by reading and searching alike."""
