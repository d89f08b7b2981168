"""The shapes of what goes in and out; the public contract, also what the pages are rendered from."""
