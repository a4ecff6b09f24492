"""The rows that the tests with Python's client libraries print."""


class Rows:
    """Prints a row for each case of a library, and counts those that are wrong."""

    def __init__(self, library):
        self.library, self.wrong = library, 0

    def __call__(self, name, action, expected, describe=str):
        try:
            got = describe(action())
        except Exception as error:
            got = f"{type(error).__name__} {getattr(error, 'error', error)}"
        print(f"{self.library} | {name} | {got}", flush=True)
        if got != expected:
            print(f"  WRONG, expected: {expected}", flush=True)
            self.wrong += 1
