"""Reports: one self-contained page, the same content as JSON and Markdown, and a model card."""
