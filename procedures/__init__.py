"""The life of an outgoing paper: draft, route, number, sign, seal, deliver. Comes with its own issue."""
