"""The HTML pages, rendered from the same values as the JSON API."""
