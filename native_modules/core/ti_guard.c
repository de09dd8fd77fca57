/* The proof for programs without exceptions: what it finds is returned. Not part of a build for MicroPython, where the binding
 * has what stands here.
 */
#include <setjmp.h>

#include "ti_kernels.h"

void ti_leave(ti_proof *p) {
    longjmp(*(jmp_buf *)p->leave, 1);
}

/* Of the data of an op, or, where that is NULL, of a blob. */
static void prove(ti_proof *p, const uint8_t *blob, size_t bytes, int resident, const ti_model *m, const ti_op *op) {
    jmp_buf here;
    p->leave = &here;
    if (setjmp(here)) {
        return;
    }
    if (op) {
        ti_prove_data(p, m, op);
    } else {
        ti_prove_blob(p, blob, bytes, resident);
        p->fault.place = TI_AT_HEADER;
        p->fault.index = 0;
    }
}

ti_fault ti_check(const uint8_t *blob, size_t bytes) {
    ti_proof p = {0};
    prove(&p, blob, bytes, 0, NULL, NULL);
    return p.fault;
}

ti_fault ti_check_resident(const uint8_t *blob, size_t bytes) {
    ti_proof p = {0};
    prove(&p, blob, bytes, 1, NULL, NULL);
    return p.fault;
}

ti_fault ti_check_data(const ti_model *m, const ti_op *op) {
    ti_proof p = {0};
    prove(&p, NULL, 0, 0, m, op);
    return p.fault;
}
