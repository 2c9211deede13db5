"""Text from outside, made fit to be shown on one line."""


def printable(text: object) -> str:
    """What does not print becomes a space: escape codes, line breaks, marks that turn lines."""
    return "".join(letter if letter.isprintable() else " " for letter in str(text))
