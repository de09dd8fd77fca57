/* Calls so deep that all windows of registers are spilled to the stack. */
int spill(int depth);

__attribute__((noinline, optimize("no-optimize-sibling-calls"))) int spill(int depth) {
    return depth ? spill(depth - 1) + *(volatile int *)&depth : 0;
}
