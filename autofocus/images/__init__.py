"""Photographs: finding, decoding, preparing and describing them."""
