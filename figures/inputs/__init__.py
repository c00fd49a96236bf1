"""Run files to the tables that plots draw."""
