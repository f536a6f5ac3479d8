"""Set difference in words: two sets of images, phrases truer of one than of the other, and how sure that is."""
