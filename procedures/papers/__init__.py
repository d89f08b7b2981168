"""Outgoing papers on the page: layout rules as data, one template a kind, rendered whole with number and date."""
