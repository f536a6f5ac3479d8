"""Prototype explanations: what stands for a class, and because of what an image looks like it."""
