"""Programs that look at a running graph: demo, evaluator, doctor."""
