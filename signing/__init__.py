"""Keys, time stamps, seals and their proof: one signing service for scans and for decisions."""
