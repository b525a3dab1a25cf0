"""truecost: the books of a fine-tuned model.

What comes in (``sources``, ``intake``), what it means (``books`` and ``sql/books``), what goes out (``publish``,
``report``). Nothing heavy is imported here.
"""

__version__ = "0.1.0"
