#include "isa.h"

#include <stdio.h>

#include "layercake/plugin.h"

static const struct {
    uint64_t bit;
    const char *name;
} names[] = {
    {CAKE_ISA_AVX2, "avx2"},
    {CAKE_ISA_AVX512, "avx512"},
    {CAKE_ISA_AVX512_BF16, "avx512_bf16"},
    {CAKE_ISA_AVX512_VNNI, "avx512_vnni"},
    {CAKE_ISA_AMX, "amx"},
    {CAKE_ISA_NEON, "neon"},
};

const char *cake_isa_text(uint64_t isa, char *text, size_t size)
{
    size_t length = 0;

    snprintf(text, size, "none");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!(isa & names[i].bit) || length >= size)
            continue;
        length += (size_t)snprintf(text + length, size - length, "%s%s", length ? " " : "", names[i].name);
    }
    return text;
}
