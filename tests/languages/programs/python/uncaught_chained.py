try:
    try: 1 / 0
    except ZeroDivisionError as e: raise ValueError("second") from e
except ValueError:
    e = RuntimeError("third"); e.add_note("a note"); raise e
