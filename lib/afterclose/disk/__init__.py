"""The only way to the disk: whole files, appended lines, locks and seals."""
