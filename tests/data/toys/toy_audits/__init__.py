"""A stranger's package of audits, found through its entry point."""
