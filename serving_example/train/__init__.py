"""Training: from MovieLens' ratings to a bundle, model artifacts and a report."""
