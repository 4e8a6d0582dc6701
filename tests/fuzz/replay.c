/* Runs a fuzzer's function over models of folders and what a seed makes of them: bytes changed, cut, doubled. For
 * builds without libFuzzer, and for ctest.
 *
 *     onnx_replay ROUNDS SEED FOLDER ...      FOLDER has model.onnx and test_data_set_0
 *     onnx_replay --corpus OUT FOLDER ...     writes an input for the fuzzer for each
 *     onnx_replay FILE                        one input, as the fuzzer kept it */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct input {
    uint8_t *bytes;
    size_t size;
} input;

static void append(input *in, const uint8_t *bytes, size_t size)
{
    in->bytes = realloc(in->bytes, in->size + size + 1);
    if (!in->bytes)
        abort();
    memcpy(in->bytes + in->size, bytes, size);
    in->size += size;
}

/* A file as a piece; false if there is none. */
static int append_file(input *in, const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t block[1 << 16], head[3];
    input content = {NULL, 0};
    size_t got;

    if (!file)
        return 0;
    while ((got = fread(block, 1, sizeof block, file)) > 0)
        append(&content, block, got);
    fclose(file);
    head[0] = (uint8_t)content.size;
    head[1] = (uint8_t)(content.size >> 8);
    head[2] = (uint8_t)(content.size >> 16);
    append(in, head, sizeof head);
    append(in, content.bytes ? content.bytes : head, content.size);
    free(content.bytes);
    return 1;
}

static input read_folder(const char *folder)
{
    static const char *const kinds[] = {"input", "output"};
    input in = {NULL, 0};
    char path[4096];

    snprintf(path, sizeof path, "%s/model.onnx", folder);
    if (!append_file(&in, path)) {
        fprintf(stderr, "%s: no model\n", path);
        exit(2);
    }
    for (size_t k = 0; k < 2; k++) {
        for (int i = 0;; i++) {
            snprintf(path, sizeof path, "%s/test_data_set_0/%s_%d.pb", folder, kinds[k], i);
            if (!append_file(&in, path))
                break;
        }
        append(&in, (const uint8_t[3]){0, 0, 0}, 3);
    }
    return in;
}

/* In memory of its own size, so that a read beyond it is seen. */
static void try_input(const uint8_t *bytes, size_t size)
{
    uint8_t *own = malloc(size ? size : 1);

    if (!own)
        abort();
    memcpy(own, bytes, size);
    LLVMFuzzerTestOneInput(own, size);
    free(own);
}

static void change(input in, uint64_t rounds, cake_random *random)
{
    uint8_t *other = malloc(in.size + 1);

    if (!other)
        abort();
    for (uint64_t r = 0; r < rounds; r++) {
        size_t size = in.size;

        memcpy(other, in.bytes, in.size);
        for (uint64_t n = 1 + cake_random_below(random, 4); n > 0; n--)
            other[cake_random_below(random, in.size)] =
                (uint8_t)(cake_random_below(random, 3) ? cake_random_below(random, 256)
                                                       : (cake_random_below(random, 2) ? 0xff : 0x7f));
        if (cake_random_below(random, 8) == 0)
            size = (size_t)cake_random_below(random, in.size);
        try_input(other, size);
    }
    free(other);
}

int main(int argc, char **argv)
{
    int corpus = argc > 2 && strcmp(argv[1], "--corpus") == 0;
    cake_random random = {argc > 2 && !corpus ? strtoull(argv[2], NULL, 10) : 0};
    input in = {NULL, 0};

    if (argc == 2) {
        FILE *file = fopen(argv[1], "rb");
        uint8_t block[1 << 16];
        size_t got;

        while (file && (got = fread(block, 1, sizeof block, file)) > 0)
            append(&in, block, got);
        if (file)
            fclose(file);
        try_input(in.bytes ? in.bytes : block, in.size);
        free(in.bytes);
        return 0;
    }
    for (int i = 3; i < argc; i++) {
        in = read_folder(argv[i]);
        if (corpus) {
            const char *slash = strrchr(argv[i], '/');
            char path[4096];
            FILE *file;

            snprintf(path, sizeof path, "%s/%s", argv[2], slash ? slash + 1 : argv[i]);
            file = fopen(path, "wb");
            if (!file || fwrite(in.bytes, 1, in.size, file) != in.size || fclose(file) != 0) {
                fprintf(stderr, "%s: cannot write\n", path);
                return 2;
            }
        } else {
            try_input(in.bytes, in.size);
            change(in, strtoull(argv[1], NULL, 10), &random);
        }
        free(in.bytes);
    }
    return 0;
}
