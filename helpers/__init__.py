"""What the lessons import: data, pictures, training, figures and checks.

Importing this package imports no framework. Each module brings in its own (torch,
TensorFlow, scikit-learn) only inside the functions that need it.
"""

from helpers.memory import keep_freed_memory

keep_freed_memory()
