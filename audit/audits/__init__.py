"""The audits: one module each, found by import."""
