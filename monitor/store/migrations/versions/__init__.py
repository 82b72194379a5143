"""One module per step; its name begins with `r` and the number of the revision."""
