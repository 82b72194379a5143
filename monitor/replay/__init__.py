"""A small internet on loopback that plays a scenario to the real pipeline."""
