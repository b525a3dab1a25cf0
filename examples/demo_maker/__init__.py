"""What the demo workspace is made of, one kind of record a module. `python examples/make_demo.py` writes it."""
