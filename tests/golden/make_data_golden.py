"""Write the files of tests/golden/data: tables, arrays and metrics as others read and compute them.

Debian 12 packages: python3-numpy, python3-sklearn (1.2). From the top of the repository:

    python3 tests/golden/make_data_golden.py

csv.json      texts written by Python's csv module, and the cells it reads from them
table.json    two small tables, and scikit-learn's scaling and one-hot encoding of them
metrics.json  outputs and targets, and scikit-learn's metrics of them
npy.json      arrays as NumPy saves them, the bytes in hexadecimal digits
"""

import csv
import io
import json
import random
from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import sklearn
from sklearn import metrics
from sklearn.preprocessing import OneHotEncoder, StandardScaler

HERE = Path(__file__).resolve().parent / "data"
ABOUT = (f"made by make_data_golden.py with NumPy {np.__version__} and "
         f"scikit-learn {sklearn.__version__}")

Json = Any


def write(name: str, key: str, entries: List[Json]) -> None:
    """{"about": ..., key: [entries, one a line]}"""
    lines = ",\n".join(json.dumps(each, separators=(",", ":"), allow_nan=False)
                       for each in entries)
    (HERE / name).write_text(f'{{\n"about": "{ABOUT}",\n"{key}": [\n{lines}\n]\n}}\n',
                             encoding="ascii")


def as_json(array: np.ndarray) -> Json:
    result: Dict[str, Json] = {"shape": list(array.shape), "values": array.flatten().tolist()}
    if array.dtype == np.int64:
        result["dtype"] = "int64"
    return result


# --- csv.json -----------------------------------------------------------------------------------

PIECES = ['"', ",", ";", "\n", "\r\n", "\t", "a", "7", "-1.5", "\u00e4", "\u732b", " ", "x y", ""]


def csv_case(draw: random.Random, quoting: int, delimiter: str, line_end: str) -> Json:
    columns = draw.randint(1, 4)
    rows = []
    for _ in range(draw.randint(1, 5)):
        # Blanks around a cell that is not quoted are no part of it for Gradus.
        rows.append(["".join(draw.choices(PIECES, k=draw.randint(0, 4))).strip(" \t\r\n")
                     for _ in range(columns)])
    out = io.StringIO(newline="")
    csv.writer(out, quoting=quoting, delimiter=delimiter, lineterminator=line_end).writerows(rows)
    text = out.getvalue()
    if draw.random() < 0.3:
        text = text[:-len(line_end)]
    read = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    assert read == rows
    return {"text": text, "delimiter": delimiter, "rows": rows}


def write_csv() -> None:
    draw = random.Random(1)
    cases = []
    for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL):
        for delimiter in (",", ";", "\t"):
            for line_end in ("\n", "\r\n"):
                cases += [csv_case(draw, quoting, delimiter, line_end) for _ in range(8)]
    write("csv.json", "cases", cases)


# --- table.json ---------------------------------------------------------------------------------

COLOURS = ["red", "green", "blue"]


def draw_rows(random_numbers: np.random.RandomState, count: int) -> List[List[Json]]:
    rows = []
    for i in range(count):
        rows.append([round(float(random_numbers.normal(50, 20)), 2),
                     COLOURS[i % 3 if i < 3 else random_numbers.randint(3)],
                     int(random_numbers.randint(1, 4)) if i > 2 else i + 1,
                     round(float(random_numbers.normal(0, 1e-3)), 6),
                     7,
                     round(float(random_numbers.normal(0, 1)), 3)])
    return rows


def as_text(rows: List[List[Json]], missing: Dict[int, int]) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["size", "colour", "doors", "drift", "constant", "price"])
    for i, row in enumerate(rows):
        writer.writerow(["" if missing.get(i) == c else cell for c, cell in enumerate(row)])
    return out.getvalue()


def encode(train: List[List[Json]], rows: List[List[Json]], missing: Dict[int, int]) -> Json:
    """size, colour (one-hot), doors (one-hot), drift, constant; standardised on `train`."""
    def numbers(of: List[List[Json]], absent: Dict[int, int]) -> np.ndarray:
        values = np.array([[row[0], row[3], row[4]] for row in of], dtype=np.float64)
        for i, column in absent.items():
            if column in (0, 3):
                values[i, (0, 3).index(column)] = np.nan
        return values

    train_numbers = numbers(train, TRAIN_MISSING)
    scaled = StandardScaler().fit(train_numbers).transform(numbers(rows, missing))
    scaled = np.nan_to_num(scaled, nan=0.0)  # the mean of the training part, standardised
    # Levels are in order of bytes, or of numbers; those of colour and of doors:
    hot = OneHotEncoder(categories=[sorted(COLOURS), [1, 2, 3]], sparse_output=False)
    hot_values = hot.fit_transform(np.array([[row[1], row[2]] for row in rows], dtype=object))
    present = [row[1] for i, row in enumerate(train) if TRAIN_MISSING.get(i) != 1]
    for i, column in missing.items():
        if column == 1:  # the mean of the others' one-hot vectors
            hot_values[i, :3] = [present.count(level) / len(present) for level in sorted(COLOURS)]
    return as_json(np.concatenate([scaled[:, :1], hot_values, scaled[:, 1:]], axis=1))


TRAIN_MISSING = {5: 0, 7: 1, 9: 3, 11: 0}
TEST_MISSING = {0: 1, 2: 0}


def write_table() -> None:
    random_numbers = np.random.RandomState(3)
    train = draw_rows(random_numbers, 24)
    test = draw_rows(random_numbers, 6)
    entry = {
        "train": as_text(train, TRAIN_MISSING), "test": as_text(test, TEST_MISSING),
        "train_inputs": encode(train, train, TRAIN_MISSING),
        "test_inputs": encode(train, test, TEST_MISSING),
        "train_targets": as_json(np.array([[row[5]] for row in train])),
        "test_targets": as_json(np.array([[row[5]] for row in test])),
    }
    write("table.json", "tables", [entry])


# --- metrics.json -------------------------------------------------------------------------------


def averaged(actual: np.ndarray, predicted: np.ndarray, classes: int) -> Dict[str, Json]:
    result: Dict[str, Json] = {}
    functions = {"precision": metrics.precision_score, "recall": metrics.recall_score,
                 "f1": metrics.f1_score}
    for name, function in functions.items():
        for average in ("macro", "weighted", "micro"):
            result[f"{name}_{average}"] = function(actual, predicted, average=average,
                                                   zero_division=0)
        result[name] = function(actual, predicted, average=None, labels=range(classes),
                                zero_division=0).tolist()
    result["accuracy"] = metrics.accuracy_score(actual, predicted)
    result["confusion_matrix"] = metrics.confusion_matrix(
        actual, predicted, labels=range(classes)).tolist()
    return result


def softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def classes_case(name: str, scores: np.ndarray, labels: np.ndarray) -> Json:
    classes = scores.shape[1]
    values = averaged(labels, scores.argmax(axis=1), classes)
    probabilities = softmax(scores)
    for k in range(1, classes):
        if classes > 2:
            values[f"top_{k}"] = metrics.top_k_accuracy_score(labels, scores, k=k,
                                                              labels=range(classes))
    values["perplexity"] = float(np.exp(metrics.log_loss(labels, probabilities,
                                                         labels=range(classes), eps=1e-300)))
    if len(set(labels.tolist())) == classes:
        values["roc_auc"] = (metrics.roc_auc_score(labels, scores[:, 1] - scores[:, 0])
                             if classes == 2 else
                             metrics.roc_auc_score(labels, probabilities, multi_class="ovr"))
    return {"name": name, "output": as_json(scores), "target": as_json(labels), "values": values}


def binary_case(name: str, scores: np.ndarray, labels: np.ndarray) -> Json:
    values = averaged(labels, (scores > 0).astype(np.int64), 2)
    values["roc_auc"] = metrics.roc_auc_score(labels, scores)
    return {"name": name, "output": as_json(scores[:, None]),
            "target": as_json(labels.astype(np.float64)[:, None]), "values": values}


def values_case(name: str, outputs: np.ndarray, targets: np.ndarray) -> Json:
    values = {
        "mae": metrics.mean_absolute_error(targets, outputs),
        "mse": metrics.mean_squared_error(targets, outputs),
        "rmse": float(np.sqrt(metrics.mean_squared_error(targets, outputs))),
        "r2": metrics.r2_score(targets, outputs),
    }
    return {"name": name, "output": as_json(outputs), "target": as_json(targets), "values": values}


def write_metrics() -> None:
    draw = np.random.RandomState(5)

    def scored(count: int, classes: int, labels: np.ndarray, parts: int) -> np.ndarray:
        scores = draw.normal(size=(count, classes))
        scores[np.arange(count), labels] += 0.7
        return (scores * parts).round() / parts  # exact in float32, too

    labels = draw.choice(4, size=61, p=[0.5, 0.25, 0.15, 0.1]).astype(np.int64)
    absent = draw.choice(4, size=40).astype(np.int64)
    absent_scores = scored(40, 6, absent, 1024)
    absent_scores[:, 3:5] -= 9  # class 3 is never predicted; 4 and 5 never occur, 5 is predicted
    two = draw.choice(2, size=50).astype(np.int64)
    cases = [
        classes_case("four classes", scored(61, 4, labels, 1024), labels),
        classes_case("absent classes", absent_scores, absent),
        classes_case("two classes with ties", scored(50, 2, two, 8), two),
        binary_case("one logit with ties", (draw.normal(size=57) * 8).round() / 8,
                    draw.choice(2, size=57, p=[0.7, 0.3]).astype(np.int64)),
    ]
    targets = draw.normal(size=(43, 3)) * [1, 10, 0.1] + [0, 1e3, 5]
    cases += [
        values_case("three outputs",
                    (targets + draw.normal(size=targets.shape) * [0.5, 5, 0.05]).round(3),
                    targets.round(3)),
        values_case("one output", (targets[:, :1] * 0.9).round(3), targets[:, :1].round(3)),
    ]
    write("metrics.json", "cases", cases)


# --- npy.json -----------------------------------------------------------------------------------

DTYPES = ["|b1", "|i1", "|u1", "<i2", ">i2", "<i4", "<i8", ">i8", "<u2", "<u4", ">u4", "<u8",
          "<f2", ">f2", "<f4", ">f4", "<f8", ">f8"]
EXTREME = {"f": [0.0, -1.5, 6e-8, 65504.0, -0.333251953125, 1e-3],
           "b": [0, 1, 1, 0, 1, 0],
           "i": [0, 1, -1, 127, -128, 5],
           "u": [0, 1, 2, 127, 128, 255]}


def npy_entry(name: str, array: np.ndarray, data: bytes) -> Json:
    values = array.astype(np.float64 if array.dtype.kind == "f" else np.int64)
    return {"name": name, "hex": data.hex(), "kind": array.dtype.kind,
            "itemsize": array.dtype.itemsize, "array": as_json(values)}


def npy_bytes(array: np.ndarray, version: Any = None) -> bytes:
    out = io.BytesIO()
    np.lib.format.write_array(out, array, version=version)
    return out.getvalue()


def write_npy() -> None:
    entries = []
    for dtype in DTYPES:
        array = np.array(EXTREME[dtype[1]], dtype=dtype).reshape(2, 3)
        entries.append(npy_entry(f"{dtype} C", array, npy_bytes(array)))
        fortran = np.asfortranarray(array)
        entries.append(npy_entry(f"{dtype} F", fortran, npy_bytes(fortran)))
    numbers = np.arange(24, dtype=np.int16)
    shapes = {"3 dims": numbers.reshape(2, 3, 4), "0 dims": numbers[7].reshape(()),
              "1 dim": numbers[:5], "no elements": numbers[:0].reshape(0, 4),
              "8 dims": numbers.reshape(1, 2, 1, 3, 1, 4, 1, 1)}
    for name, array in shapes.items():
        entries.append(npy_entry(name, array, npy_bytes(array)))
        entries.append(npy_entry(name + " F", array, npy_bytes(np.array(array, order="F"))))
    for version in ((1, 0), (2, 0), (3, 0)):
        entries.append(npy_entry(f"version {version[0]}", numbers[:2],
                                 npy_bytes(numbers[:2], version)))
    x = np.arange(40, dtype=np.float32).reshape(10, 4)
    y = (np.arange(10) % 3).astype(np.int32)
    for name, save in (("stored", np.savez), ("compressed", np.savez_compressed)):
        out = io.BytesIO()
        save(out, x=x, y=y)
        entries.append({"name": name, "hex": out.getvalue().hex()})
    write("npy.json", "files", entries)


def main() -> None:
    HERE.mkdir(exist_ok=True)
    write_csv()
    write_table()
    write_metrics()
    write_npy()


if __name__ == "__main__":
    main()
