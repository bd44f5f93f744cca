"""Jobs over many files. This is the only floor that imports Ray, and only when it is used."""
