"""Readers of files that people use in Python: `python files.py NAME FILE` prints what was read and measured, as JSON."""

import importlib
import json
import sys
import time


def peak_rss_bytes():
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def tally(rows):
    count = cells = characters = 0
    for row in rows:
        count += 1
        for cell in row:
            if cell is None:
                continue
            length = len(cell) if type(cell) is str else len(str(cell))
            if length:
                cells += 1
                characters += length
    return count, cells, characters


def python_csv(path):
    import csv

    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        next(reader)
        return tally(reader)


def pandas(path):
    import pandas as pd

    frame = pd.read_csv(path, engine="c", dtype=str, keep_default_na=False, low_memory=False)
    cells = characters = 0
    # a column at a time, which is how pandas is used
    for name in frame.columns:
        lengths = frame[name].str.len()
        cells += int((lengths > 0).sum())
        characters += int(lengths.sum())
    return len(frame), cells, characters


def openpyxl(path):
    from openpyxl import load_workbook

    book = load_workbook(path, read_only=True, data_only=True)
    rows = book.worksheets[0].iter_rows(values_only=True)
    next(rows)
    return tally(rows)


if __name__ == "__main__":
    name, path = sys.argv[1:]
    readers = {"python-csv": python_csv, "pandas": pandas, "openpyxl": openpyxl}
    # importing is no part of what is measured
    importlib.import_module("csv" if name == "python-csv" else name)
    start, processor = time.perf_counter(), time.process_time()
    rows, cells, characters = readers[name](path)
    seconds, processor = time.perf_counter() - start, time.process_time() - processor
    print(json.dumps({
        "rows": rows,
        "rejected": 0,
        "counts": {"cells": cells, "characters": characters},
        "seconds": seconds,
        "processorSeconds": processor,
        "peakRssBytes": peak_rss_bytes(),
    }))
