// For windowed calls; what the words hold is said in windows.S.
typedef struct {
    void *words[10];
} jmp_buf[1];

int setjmp(jmp_buf to) __attribute__((returns_twice));
_Noreturn void longjmp(jmp_buf from, int value);
