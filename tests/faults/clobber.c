/* Does not preserve r15. */
#include "fault.h"

int32_t spoiled_run(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs);

__asm__(".pushsection .text\n"
        ".globl spoiled_run\n"
        ".hidden spoiled_run\n"
        "spoiled_run:\n"
        "    pushq %rax\n"
        "    call fault_run\n"
        "    movq $42, %r15\n"
        "    popq %rcx\n"
        "    ret\n"
        ".popsection\n");

static int32_t fault_run(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs)
    __attribute__((used));

FAULT_TABLES(fault_honest, fault_can_run, spoiled_run, CAKE_ABI_MAJOR);
FAULT_ENTRY
