"""The subcommands of ``audit``: each module adds its options to the parser and does its work."""
