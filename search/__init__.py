"""Find what the archive holds: entries, query plan, index, ranking and highlight boxes."""
