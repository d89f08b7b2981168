"""Saved searches and suggestions on SQLite."""

from tests.cases.search_desk import SavedSearchCases, SuggestionCases


class TestSavedSearches(SavedSearchCases):
    pass


class TestSuggestions(SuggestionCases):
    pass
