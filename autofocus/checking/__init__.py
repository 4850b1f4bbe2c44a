"""The checks before a run: all that can be known early, before anything long begins."""
