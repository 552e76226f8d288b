"""The claims, one topic a file; importing this package registers them all, in order."""
