"""What it means: from facts to states and events. Pure."""
