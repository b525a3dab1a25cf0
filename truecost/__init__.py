"""truecost: the books of a fine-tuned model.

What comes in (``sources``, ``landing``, ``loading``), what it means (``sql/receipts``, ``sql/books``), what goes out
(``publishing``, ``reporting``). Nothing heavy is imported here.
"""

__version__ = "0.1.0"
