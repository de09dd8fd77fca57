"""What other runtimes need for the same models, and what this project promises.

TFLM: TensorFlow Lite Micro 90b983c (August 2026), bare metal, release build with error strings stripped, kernels at
-O2, by gcc 12.2; instructions of one Invoke(), counted by a QEMU TCG plugin. REFERENCE: its reference kernels; CMSIS:
with CMSIS-NN 4ab83cc, which has nothing for RISC-V.
"""

MODELS = ("hello_world", "micro_speech", "mlperf_ad", "mlperf_kws", "person_detect", "mlperf_vww", "mlperf_ic_resnet8")


def _row(*figures):
    return dict(zip(MODELS, figures))


REFERENCE = {
    "cortex-m0plus": _row(9_998, 15_360_860, 3_410_149, 72_031_742, 155_902_141, 164_446_121, 169_491_028),
    "cortex-m33": _row(5_237, 9_155_857, 1_952_257, 42_846_815, 94_929_752, 99_732_255, 107_428_531),
    "rv32imc": _row(6_890, 8_764_874, 2_510_384, 45_606_389, 109_357_980, 114_110_775, 127_070_502),
}
CMSIS = {
    "cortex-m0plus": _row(7_151, 2_595_288, 1_763_682, 28_992_949, 83_704_600, 86_905_047, 97_557_254),
    "cortex-m33": _row(3_540, 1_481_026, 583_408, 7_678_718, 22_840_761, 24_046_744, 29_962_216),
}

# AllocateTensors() with CMSIS-NN's kernels on Cortex-M0+.
ALLOCATE = _row(48_602, 72_688, 142_916, 1_576_026, 6_581_955, 7_067_270, 1_053_959)

# Bosch HALE on a Cortex-M0+ (MLPerf Tiny 1.2, measured on silicon at 64 MHz), milliseconds.
HALE_HZ = 64_000_000
HALE_MS = {"mlperf_kws": 475, "mlperf_vww": 1_414, "mlperf_ic_resnet8": 1_522, "mlperf_ad": 40.9}

# emlearn-micropython's TinyMaix on x86-64, counted by callgrind.
TINYMAIX_X86_64 = {"emlearn_mnist_cnn": 402_000}

# Instructions that no inference may exceed.
AT_MOST = {
    "cortex-m0plus": {"micro_speech": 1_500_000, "mlperf_ad": 1_200_000, "mlperf_kws": 10_500_000,
                      "person_detect": 30_000_000, "mlperf_vww": 31_000_000, "mlperf_ic_resnet8": 40_000_000},
    "cortex-m33": {"micro_speech": 700_000, "mlperf_ad": 450_000, "mlperf_kws": 5_000_000,
                   "person_detect": 13_500_000, "mlperf_vww": 14_000_000, "mlperf_ic_resnet8": 19_000_000},
    "rv32imc": {"micro_speech": 1_400_000, "mlperf_ad": 1_000_000, "mlperf_kws": 9_500_000,
                "person_detect": 27_000_000, "mlperf_vww": 28_000_000, "mlperf_ic_resnet8": 36_000_000},
    "x86_64": {"emlearn_mnist_cnn": 120_000},
}  # fmt: skip


def load_at_most(run):
    """Instructions that loading may take on Cortex-M0+, for an inference of `run`."""
    return max(200_000, run // 100)
