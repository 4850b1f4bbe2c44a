"""What a folder or a bucket of camera-trap data holds, before any setting is chosen."""
