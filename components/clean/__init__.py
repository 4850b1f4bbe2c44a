"""The clean component."""
