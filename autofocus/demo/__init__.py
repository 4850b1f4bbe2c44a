"""The demo: a synthetic data set, a local S3 server, and all stages run on them."""
