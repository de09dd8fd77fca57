include boards/MPS2_AN385/mpconfigboard.mk
