"""Probes: one async function per kind of measurement, and the I/O they share."""
