/* ulp_sweep_<isa> [stride]: the largest error of each elementary function over all 2^32 floats, or every stride-th.
 * A tool for whoever changes vec_math.h; the unit test strides. Exits with 1 if a promise is broken. */
#include <stdio.h>
#include <stdlib.h>

#include "vec_math_sweep.inc.h"

int main(int argc, char **argv)
{
    unsigned long stride = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
    int status = EXIT_SUCCESS;

    if (stride < 1 || stride > 1UL << 30) {
        fprintf(stderr, "usage: %s [stride, 1 or more]\n", argv[0]);
        return 2;
    }
    for (int i = 0; i < MATH_FUNCTIONS; i++) {
        float where;
        double worst = sweep(&math_functions[i], (uint32_t)stride, &where);
        printf("%-10s %.4f ulp at %a, promised %.1f\n", math_functions[i].name, worst, (double)where,
               math_functions[i].max_ulp);
        fflush(stdout);
        if (!(worst <= math_functions[i].max_ulp))
            status = EXIT_FAILURE;
    }
    return status;
}
