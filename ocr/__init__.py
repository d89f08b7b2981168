"""Turn page images into words with boxes and confidence, and those into searchable PDF/A. Knows no database."""
