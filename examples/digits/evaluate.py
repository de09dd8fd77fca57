"""Count the held-out digits that digits_float.tflite and digits_int8.tflite get right, run by TFLite Micro.

    python examples/digits/evaluate.py
"""

from pathlib import Path

import numpy as np
from tflite_micro.python.tflite_micro.runtime import Interpreter

import data

HERE = Path(__file__).parent


def predict(model, images):
    """Run `model`, the bytes of a .tflite, on float32 images [N, 8, 8, 1]; return the N digits it sees."""
    interpreter = Interpreter.from_bytes(model)
    details = interpreter.get_input_details(0)
    if details["dtype"] == np.int8:
        scale = details["quantization_parameters"]["scales"][0]
        zero_point = details["quantization_parameters"]["zero_points"][0]
        images = np.clip(np.round(images / scale) + zero_point, -128, 127).astype(np.int8)
    digits = []
    for image in images:
        interpreter.set_input(image[np.newaxis], 0)
        interpreter.invoke()
        digits.append(int(interpreter.get_output(0).argmax()))
    return np.array(digits)


def main():
    images, labels = data.load()
    _, held_out = data.split(labels)
    for name in ("digits_float.tflite", "digits_int8.tflite"):
        right = predict((HERE / name).read_bytes(), images[held_out]) == labels[held_out]
        print(f"{name:20} {right.sum()} of {right.size} right, {right.mean():.1%}")
        for index in held_out[~right]:
            print(f"  wrong: image {index}, a {labels[index]}")


if __name__ == "__main__":
    main()
