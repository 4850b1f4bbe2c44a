"""The download component."""
