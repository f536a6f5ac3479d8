"""Entry of the dashboard."""
