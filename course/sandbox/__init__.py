"""Where code that nobody has read runs and can do no harm."""
