"""The arithmetic and the changed images of the background audit, one question a module."""
