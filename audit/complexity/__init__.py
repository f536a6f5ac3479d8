"""The arithmetic of the feature-complexity audit: one question a module."""
