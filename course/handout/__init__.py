"""What students get: the notebooks without answers, and the lessons as pages."""
