"""HTTP only: the JSON API and the pages. It translates, authorizes and delegates; no rule of the archive lives here."""
