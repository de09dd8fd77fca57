/* What MicroPython's qemu port asks of a board, for the Arm MPS2 boards that have an FPU: the UART, a CMSDK APB UART at
 * UART_ADDRESS. The port starts with uart_init(), before anything uses a float, so this also switches the FPU on. */
#include <stdint.h>

#include "uart.h"

#define CPACR (*(volatile uint32_t *)0xe000ed88)
#define CPACR_FPU (0xfu << 20) /* full access to coprocessors 10 and 11 */

typedef struct {
    volatile uint32_t data, state, ctrl, int_status, baud_div;
} cmsdk_uart;

#define UART ((cmsdk_uart *)UART_ADDRESS)
#define STATE_TX_FULL 1u
#define STATE_RX_FULL 2u
#define CTRL_TX_ON 1u
#define CTRL_RX_ON 2u
#define BAUD_DIV_LEAST 16u /* what the UART sends with at all; QEMU has no baud rate */

void uart_init(void) {
    CPACR |= CPACR_FPU;
    __asm volatile("dsb\n isb" ::: "memory");
    UART->baud_div = BAUD_DIV_LEAST;
    UART->ctrl = CTRL_TX_ON | CTRL_RX_ON;
}

int uart_rx_chr(void) {
    return UART->state & STATE_RX_FULL ? (int)(UART->data & 0xff) : UART_RX_NO_CHAR;
}

void uart_tx_strn(const char *text, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) {
        while (UART->state & STATE_TX_FULL) {
        }
        UART->data = (uint8_t)text[i];
    }
}
