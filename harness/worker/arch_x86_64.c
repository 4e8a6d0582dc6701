#include "worker/arch.h"

#include <cpuid.h>
#include <immintrin.h>
#include <ucontext.h>

/* int32_t cake_trampoline(run, ctx, inputs, outputs, uint64_t after[7])
 * Calls run with sentinels in the registers that a callee must preserve (System V AMD64 ABI, 3.2.1) and stores what
 * they hold afterwards: rbx rbp r12 r13 r14 r15 rflags. */
int32_t cake_trampoline(cake_run_function *run, void *ctx, const cake_tensor *const *inputs,
                        const cake_tensor *const *outputs, uint64_t *after);

__asm__(".pushsection .text\n"
        ".p2align 4\n"
        ".globl cake_trampoline\n"
        ".hidden cake_trampoline\n"
        ".type cake_trampoline, @function\n"
        "cake_trampoline:\n"
        "    .cfi_startproc\n"
        "    push %rbp\n    .cfi_adjust_cfa_offset 8\n    .cfi_rel_offset rbp, 0\n"
        "    push %rbx\n    .cfi_adjust_cfa_offset 8\n    .cfi_rel_offset rbx, 0\n"
        "    push %r12\n    .cfi_adjust_cfa_offset 8\n    .cfi_rel_offset r12, 0\n"
        "    push %r13\n    .cfi_adjust_cfa_offset 8\n    .cfi_rel_offset r13, 0\n"
        "    push %r14\n    .cfi_adjust_cfa_offset 8\n    .cfi_rel_offset r14, 0\n"
        "    push %r15\n    .cfi_adjust_cfa_offset 8\n    .cfi_rel_offset r15, 0\n"
        "    push %r8\n     .cfi_adjust_cfa_offset 8\n"
        "    mov %rdi, %rax\n"
        "    mov %rsi, %rdi\n"
        "    mov %rdx, %rsi\n"
        "    mov %rcx, %rdx\n"
        "    movabs $0x1b1b1b1b5a5a0001, %rbx\n"
        "    movabs $0x1b1b1b1b5a5a0002, %rbp\n"
        "    movabs $0x1b1b1b1b5a5a0003, %r12\n"
        "    movabs $0x1b1b1b1b5a5a0004, %r13\n"
        "    movabs $0x1b1b1b1b5a5a0005, %r14\n"
        "    movabs $0x1b1b1b1b5a5a0006, %r15\n"
        "    call *%rax\n"
        "    pop %rcx\n     .cfi_adjust_cfa_offset -8\n"
        "    mov %rbx, 0(%rcx)\n"
        "    mov %rbp, 8(%rcx)\n"
        "    mov %r12, 16(%rcx)\n"
        "    mov %r13, 24(%rcx)\n"
        "    mov %r14, 32(%rcx)\n"
        "    mov %r15, 40(%rcx)\n"
        "    pushfq\n       .cfi_adjust_cfa_offset 8\n"
        "    pop %rdx\n     .cfi_adjust_cfa_offset -8\n"
        "    mov %rdx, 48(%rcx)\n"
        "    cld\n"
        "    pop %r15\n     .cfi_adjust_cfa_offset -8\n    .cfi_restore r15\n"
        "    pop %r14\n     .cfi_adjust_cfa_offset -8\n    .cfi_restore r14\n"
        "    pop %r13\n     .cfi_adjust_cfa_offset -8\n    .cfi_restore r13\n"
        "    pop %r12\n     .cfi_adjust_cfa_offset -8\n    .cfi_restore r12\n"
        "    pop %rbx\n     .cfi_adjust_cfa_offset -8\n    .cfi_restore rbx\n"
        "    pop %rbp\n     .cfi_adjust_cfa_offset -8\n    .cfi_restore rbp\n"
        "    ret\n"
        "    .cfi_endproc\n"
        ".size cake_trampoline, .-cake_trampoline\n"
        ".popsection\n");

enum {
    DIRECTION_FLAG = 1 << 10,
    MXCSR_STATUS = 0x3f, /* sticky exception flags: any call may raise them */
    MXCSR_DEFAULT = 0x1f80,
    X87_DEFAULT = 0x037f,
    XINUSE_AVX_UPPER = 1 << 2
};

static uint16_t x87_control(void)
{
    uint16_t word;

    __asm__ volatile("fnstcw %0" : "=m"(word));
    return word;
}

static void x87_control_set(uint16_t word)
{
    __asm__ volatile("fldcw %0" : : "m"(word));
}

/* Are all x87 registers empty? */
static int x87_empty(void)
{
    uint32_t environment[7];

    __asm__ volatile("fnstenv %0" : "=m"(environment));
    __asm__ volatile("fldenv %0" : : "m"(environment)); /* fnstenv masks exceptions */
    return (environment[2] & 0xffff) == 0xffff;
}

/* Can XINUSE be read? */
static int has_xinuse(void)
{
    uint32_t a, b, c, d;

    return __get_cpuid(1, &a, &b, &c, &d) && (c & (1u << 27)) && (c & (1u << 28)) &&
           __get_cpuid_count(13, 1, &a, &b, &c, &d) && (a & (1u << 2));
}

static uint32_t xinuse(void)
{
    uint32_t low, high;

    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(1));
    return low;
}

int32_t cake_call_checked(cake_run_function *run, void *ctx, const cake_tensor *const *inputs,
                          const cake_tensor *const *outputs, uint32_t *left)
{
    static const uint64_t sentinel = UINT64_C(0x1b1b1b1b5a5a0000);
    uint64_t after[7];
    uint32_t mxcsr = _mm_getcsr(), bits = 0;
    uint16_t control = x87_control();
    int watch_upper = has_xinuse();
    int32_t returned;

    if (watch_upper) {
        __asm__ volatile("vzeroupper" ::: "memory");
        watch_upper = !(xinuse() & XINUSE_AVX_UPPER); /* else this CPU never clears the bit */
    }
    returned = cake_trampoline(run, ctx, inputs, outputs, after);
    if (watch_upper && xinuse() & XINUSE_AVX_UPPER) {
        bits |= CAKE_LEFT_AVX_UPPER;
        __asm__ volatile("vzeroupper" ::: "memory");
    }
    for (unsigned i = 0; i < 6; i++)
        if (after[i] != sentinel + i + 1)
            bits |= CAKE_LEFT_REGISTERS;
    if (after[6] & DIRECTION_FLAG)
        bits |= CAKE_LEFT_DIRECTION;
    if ((_mm_getcsr() & ~(uint32_t)MXCSR_STATUS) != (mxcsr & ~(uint32_t)MXCSR_STATUS))
        bits |= CAKE_LEFT_MXCSR;
    if (x87_control() != control)
        bits |= CAKE_LEFT_X87_CONTROL;
    if (!x87_empty()) {
        bits |= CAKE_LEFT_X87;
        __asm__ volatile("fninit");
    }
    cake_float_environment_reset();
    *left = bits;
    return returned;
}

uint64_t cake_float_environment(void)
{
    return (uint64_t)x87_control() << 32 | (_mm_getcsr() & ~(uint32_t)MXCSR_STATUS);
}

void cake_float_environment_reset(void)
{
    _mm_setcsr(MXCSR_DEFAULT);
    x87_control_set(X87_DEFAULT);
}

void cake_flush_range(const void *at, uint64_t size_bytes)
{
    const char *from = at;

    for (uint64_t i = 0; i < size_bytes; i += 64)
        _mm_clflush(from + i);
    _mm_mfence();
}

void cake_spin_pause(void)
{
    _mm_pause();
}

void cake_machine_state(const void *context, cake_fault *fault)
{
    const greg_t *registers = ((const ucontext_t *)context)->uc_mcontext.gregs;

    fault->instruction = (uint64_t)registers[REG_RIP];
    fault->stack = (uint64_t)registers[REG_RSP];
    fault->error_code = (uint64_t)registers[REG_ERR];
}
