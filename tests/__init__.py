"""The tests of Autofocus; they mirror the tree of the package."""
