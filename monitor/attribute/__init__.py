"""Who it is: from facts to providers. Pure."""
