"""Curation: tags, notes and corrected labels on samples, queues of what to look at first, and exports."""
