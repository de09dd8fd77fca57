# What CircuitPython's time module has of what the library may use: no ticks_us(), no ticks_diff().
from utime import sleep, time
from utime import time_ns as monotonic_ns
