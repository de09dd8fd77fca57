# tinyinfer as a user C module, for ports built with make: USER_C_MODULES=/path/to/native_modules
# TINYINFER_ONLY="CONV2D SOFTMAX PAIRS …": with nothing but these kernels and parts (../core/ti_parts.h), where it is given.

TINYINFER_DIR := $(patsubst %/,%,$(dir $(USERMOD_DIR)))
SRC_USERMOD_C += $(TINYINFER_DIR)/binding/tinyinfer_module.c
SRC_USERMOD_LIB_C += $(filter-out %/ti_guard.c,$(wildcard $(TINYINFER_DIR)/core/*.c $(TINYINFER_DIR)/core/kernels/*.c))
CFLAGS_USERMOD += -I$(TINYINFER_DIR)/core
ifneq ($(TINYINFER_ONLY),)
CFLAGS_USERMOD += '-DTI_ONLY(HAS)=$(patsubst %,HAS(%),$(TINYINFER_ONLY))'
endif
