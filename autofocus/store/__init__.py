"""S3: sessions, listings, which objects to take, which names may be written, transfers."""
