"""The composition root: settings from the environment, tools wired together, the command line."""
