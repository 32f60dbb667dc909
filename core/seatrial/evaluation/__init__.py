"""From a task to scores: systems, samples, metrics."""
