"""A synthetic sample, a local S3 server, and all stages run on them."""
