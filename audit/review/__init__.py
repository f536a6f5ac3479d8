"""Reviews: findings frozen as they were, discussed, decided and signed by name, and held against a policy."""
