"""The fetch_model component."""
