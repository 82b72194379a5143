"""What is shown and told: projections of state and events."""
