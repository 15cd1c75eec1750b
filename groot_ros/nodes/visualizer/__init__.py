"""Shows what the policy saw, intends and does; moves nothing."""
