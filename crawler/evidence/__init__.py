"""Proof of what was published and when: WARC records, digests, Merkle roots, time stamps."""
