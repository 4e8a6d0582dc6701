#include "plan/benchdnn_options.h"

#include <stdio.h>
#include <string.h>

#include "base/nearest.h"

/* Those of benchdnn's documentation; '-' and '_' are the same. The first are in the order of cake_benchdnn_key. */
const cake_benchdnn_option cake_benchdnn_options[] = {
    {"dir", CAKE_BENCHDNN_IS_KEY},
    {"prop", CAKE_BENCHDNN_IS_KEY},
    {"dt", CAKE_BENCHDNN_IS_KEY},
    {"cfg", CAKE_BENCHDNN_IS_KEY},
    {"sdt", CAKE_BENCHDNN_IS_KEY},
    {"ddt", CAKE_BENCHDNN_IS_KEY},
    {"bia-dt", CAKE_BENCHDNN_IS_KEY},
    {"bia-mask", CAKE_BENCHDNN_IS_KEY},
    {"alg", CAKE_BENCHDNN_IS_KEY},
    {"flags", CAKE_BENCHDNN_IS_KEY},
    {"mb", CAKE_BENCHDNN_IS_KEY},
    {"axis", CAKE_BENCHDNN_IS_KEY},
    {"l", CAKE_BENCHDNN_IS_KEY},
    {"t", CAKE_BENCHDNN_IS_KEY},
    {"direction", CAKE_BENCHDNN_IS_KEY},
    {"activation", CAKE_BENCHDNN_IS_KEY},
    {"with-peephole", CAKE_BENCHDNN_IS_KEY},
    {"with-projection", CAKE_BENCHDNN_IS_KEY},
    {"attr", CAKE_BENCHDNN_FOREIGN},
    {"attr-dropout", CAKE_BENCHDNN_FOREIGN},
    {"attr-fpmath", CAKE_BENCHDNN_FOREIGN},
    {"attr-oscale", CAKE_BENCHDNN_FOREIGN},
    {"attr-post-ops", CAKE_BENCHDNN_FOREIGN},
    {"attr-precomputed-reductions", CAKE_BENCHDNN_FOREIGN},
    {"attr-rounding-mode", CAKE_BENCHDNN_FOREIGN},
    {"attr-scales", CAKE_BENCHDNN_FOREIGN},
    {"attr-zero-points", CAKE_BENCHDNN_FOREIGN},
    {"encoding", CAKE_BENCHDNN_FOREIGN},
    {"grouped", CAKE_BENCHDNN_FOREIGN},
    {"scaling", CAKE_BENCHDNN_FOREIGN},
    {"scaling-proj", CAKE_BENCHDNN_FOREIGN},
    {"skip-nonlinear", CAKE_BENCHDNN_FOREIGN},
    {"sparse-options", CAKE_BENCHDNN_FOREIGN},
    {"strides", CAKE_BENCHDNN_FOREIGN},
    {"batch", CAKE_BENCHDNN_BATCH},
    {"match", CAKE_BENCHDNN_MATCH},
    {"reset", CAKE_BENCHDNN_RESET},
    {"allow-enum-tags-only", CAKE_BENCHDNN_HARMLESS},
    {"allow-unimpl", CAKE_BENCHDNN_HARMLESS},
    {"attr-acc-mode", CAKE_BENCHDNN_HARMLESS},
    {"attr-deterministic", CAKE_BENCHDNN_HARMLESS},
    {"attr-same-pd-check", CAKE_BENCHDNN_HARMLESS},
    {"attr-scratchpad", CAKE_BENCHDNN_HARMLESS},
    {"canonical", CAKE_BENCHDNN_HARMLESS},
    {"check-ref-impl", CAKE_BENCHDNN_HARMLESS},
    {"cold-cache", CAKE_BENCHDNN_HARMLESS},
    {"cpu-isa-hints", CAKE_BENCHDNN_HARMLESS},
    {"ctx-exe", CAKE_BENCHDNN_HARMLESS},
    {"ctx-init", CAKE_BENCHDNN_HARMLESS},
    {"debug-check-ws", CAKE_BENCHDNN_HARMLESS},
    {"dtag", CAKE_BENCHDNN_HARMLESS},
    {"engine", CAKE_BENCHDNN_HARMLESS},
    {"execution-mode", CAKE_BENCHDNN_HARMLESS},
    {"fast-ref", CAKE_BENCHDNN_HARMLESS},
    {"fast-ref-gpu", CAKE_BENCHDNN_HARMLESS},
    {"fix-times-per-prb", CAKE_BENCHDNN_HARMLESS},
    {"global-impl", CAKE_BENCHDNN_HARMLESS},
    {"impl", CAKE_BENCHDNN_HARMLESS},
    {"inplace", CAKE_BENCHDNN_HARMLESS},
    {"max-ms-per-prb", CAKE_BENCHDNN_HARMLESS},
    {"mem-check", CAKE_BENCHDNN_HARMLESS},
    {"memory-kind", CAKE_BENCHDNN_HARMLESS},
    {"mode", CAKE_BENCHDNN_HARMLESS},
    {"mode-modifier", CAKE_BENCHDNN_HARMLESS},
    {"num-streams", CAKE_BENCHDNN_HARMLESS},
    {"perf-template", CAKE_BENCHDNN_HARMLESS},
    {"repeats-per-prb", CAKE_BENCHDNN_HARMLESS},
    {"runtime-dims-masks", CAKE_BENCHDNN_HARMLESS},
    {"skip-impl", CAKE_BENCHDNN_HARMLESS},
    {"stag", CAKE_BENCHDNN_HARMLESS},
    {"start", CAKE_BENCHDNN_HARMLESS},
    {"stat-tag", CAKE_BENCHDNN_HARMLESS},
    {"summary", CAKE_BENCHDNN_HARMLESS},
    {"tag", CAKE_BENCHDNN_HARMLESS},
    {"trivial-strides", CAKE_BENCHDNN_HARMLESS},
    {"verbose", CAKE_BENCHDNN_HARMLESS},
    {"wtag", CAKE_BENCHDNN_HARMLESS},
    {.name = NULL},
};

static bool same_name(const char *name, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (name[i] != (text[i] == '_' ? '-' : text[i]))
            return false;
    return name[length] == '\0';
}

cake_status cake_benchdnn_find_option(const cake_word *word, size_t length, const cake_source *source, int *found,
                                      cake_error *error)
{
    char name[64];
    cake_nearest nearest = {.word = name};
    const char *meant;

    snprintf(name, sizeof name, "%.*s", (int)length, word->at + 2);
    for (*found = 0; cake_benchdnn_options[*found].name; ++*found) {
        if (same_name(cake_benchdnn_options[*found].name, word->at + 2, length))
            return CAKE_OK;
        cake_nearest_offer(&nearest, cake_benchdnn_options[*found].name);
    }
    meant = cake_nearest_get(&nearest);
    return cake_fail_at(error, source, word->column, "expected an option of benchdnn, found %s%s%s%s",
                        cake_found_word(word).text, meant ? "; did you mean '--" : "", meant ? meant : "",
                        meant ? "'?" : "");
}
