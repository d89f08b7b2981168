"""The version of this program, told in one place."""

VERSION = "0.1.0"
