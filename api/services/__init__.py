"""What the door does for both faces, JSON and pages: authorize, ask the archive, shape the answer."""
