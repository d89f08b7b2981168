"""What an archive is: documents, pages, fields, rights and rules, in plain Python without I/O."""
