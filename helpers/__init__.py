"""What the lessons import: data, pictures, training, figures and checks.

Importing this package imports nothing else. Each module brings in its framework
(torch, TensorFlow, scikit-learn) only inside the functions that need it.
"""
