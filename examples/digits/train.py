"""Train the digits model; write digits_float.tflite, digits_int8.tflite and samples/*.pgm beside this file.

    pip install ".[train,test]"
    python examples/digits/train.py

The seeds are fixed, and one machine gives the same files each time. Another processor may add floats in another order:
the weights then differ a little, and with them the accuracy by an image or two.
"""

import os

os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"  # its kernels may add floats in another order
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

from pathlib import Path

import tensorflow as tf
from tensorflow.keras import layers

import data
import evaluate

HERE = Path(__file__).parent
EPOCHS = 40
BATCH = 32
LEARNING_RATE = 3e-3


def build_model():
    """The network: grey levels [N, 8, 8, 1] of 0..16 in, ten probabilities [N, 10] out.

    The converter folds each batch normalisation into the convolution before it, and each ReLU into the op before it.
    """
    image = layers.Input((8, 8, 1), name="image")
    x = layers.Conv2D(16, 3, padding="same", use_bias=False, name="strokes")(image)
    x = layers.BatchNormalization()(x)
    x = shortcut = layers.ReLU()(x)
    x = layers.DepthwiseConv2D(3, padding="same", use_bias=False, name="spread")(x)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU()(x)
    x = layers.Conv2D(16, 1, use_bias=False, name="mix")(x)
    x = layers.BatchNormalization()(x)
    x = layers.Add(name="residual")([x, shortcut])
    x = layers.ReLU()(x)
    x = layers.MaxPooling2D(2, name="halve")(x)
    x = layers.Conv2D(32, 3, use_bias=False, name="shapes")(x)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU()(x)
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    return tf.keras.Model(image, layers.Dense(10, activation="softmax", name="scores")(x), name="digits")


def train(images, labels):
    model = build_model()
    steps = EPOCHS * -(-len(images) // BATCH)
    model.compile(
        optimizer=tf.keras.optimizers.Adam(tf.keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(images, labels, batch_size=BATCH, epochs=EPOCHS, verbose=2)
    return model


def convert_float(model):
    return tf.lite.TFLiteConverter.from_keras_model(model).convert()


def convert_int8(model, images):
    """Full-integer model: int8 in and out, weights with a scale a channel, activations' ranges from `images`.

    The images are cut off at 255/16, which makes the input's scale exactly 1/16 and its zero point -128: a grey level g
    becomes the byte 16 * g - 128, and 16 the largest there is, 127. No level lies halfway between two bytes.
    """
    images = images.clip(0, 255 / 16)
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([image[tf.newaxis]] for image in images)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    return converter.convert()


def write_samples(images, labels, indices):
    """Write images as plain PGM files, samples/<label>_<index>.pgm, in place of those that are there."""
    folder = HERE / "samples"
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.pgm"):
        old.unlink()
    for index in indices:
        rows = [" ".join(f"{int(level):2}" for level in row) for row in images[index, :, :, 0]]
        (folder / f"{labels[index]}_{index:04}.pgm").write_text("P2\n8 8\n16\n" + "\n".join(rows) + "\n")


def main():
    tf.keras.utils.set_random_seed(1)
    tf.config.experimental.enable_op_determinism()
    images, labels = data.load()
    training, held_out = data.split(labels)
    model = train(images[training], labels[training])
    (HERE / "digits_float.tflite").write_bytes(convert_float(model))
    int8_model = convert_int8(model, images[training])
    (HERE / "digits_int8.tflite").write_bytes(int8_model)

    first_of_each = [held_out[labels[held_out] == digit][0] for digit in range(10)]
    wrong = held_out[evaluate.predict(int8_model, images[held_out]) != labels[held_out]]
    write_samples(images, labels, [*first_of_each, *wrong[:1]])
    evaluate.main()


if __name__ == "__main__":
    main()
