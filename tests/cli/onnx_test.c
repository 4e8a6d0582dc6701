/* layercake check --onnx: what it says and exits with. Models are ONNX's own, and what becomes of them when spoilt. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/status.h"
#include "program.h"

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NODE(name) LAYERCAKE_ONNX_DATA "/node/test_" name

static void expect(const char *const *words, int code, const char *text)
{
    cake_said said = cake_run_program(NULL, words);

    cr_expect_eq(said.code, code, "'%s' exited with %d: %s%s", text, said.code, said.out, said.err);
    cr_expect(strstr(said.out, text) || strstr(said.err, text), "'%s' is not in: %s%s", text, said.out, said.err);
    cake_said_free(&said);
}

/* A copy of a model, in a new folder, with bits of a byte of a file changed. */
static void spoil(char folder[64], const char *model, const char *file, long at, int bits)
{
    char command[512], path[256];
    FILE *stream;
    int byte;

    cake_make_folder(folder);
    snprintf(command, sizeof command, "cp -r %s/. %s", model, folder);
    cr_assert_eq(system(command), 0);
    snprintf(path, sizeof path, "%s/%s", folder, file);
    stream = fopen(path, "r+b");
    cr_assert_not_null(stream);
    cr_assert_eq(fseek(stream, at, at < 0 ? SEEK_END : SEEK_SET), 0);
    byte = fgetc(stream);
    cr_assert_eq(fseek(stream, -1, SEEK_CUR), 0);
    fputc(byte ^ bits, stream);
    fclose(stream);
}

Test(check_onnx, counts_models_by_reference_and_plugin, .timeout = 120)
{
    expect(WORDS("check", "--plugin", "naive", "--onnx", NODE("conv_with_strides_and_asymmetric_padding"), "--onnx",
                 NODE("lstm_with_peepholes"), "--onnx", NODE("training_dropout"), "--onnx", NODE("abs")),
           0,
           "skipped, training drops what a generator says that ONNX does not define: test_training_dropout\n"
           "skipped, operator Abs is none of the layers: test_abs\n"
           "ONNX: 4 models, 0 of them broken\n"
           "reference: 2 passed, 0 failed, 2 skipped\n"
           "naive: 2 passed, 0 failed, 0 skipped because it has no kernel, 0 because its kernels cannot run them\n");
    expect(WORDS("check", "--plugin", "template", "--onnx", NODE("relu"), "--onnx", NODE("matmul_3d")), 0,
           "template: 1 passed, 0 failed, 1 skipped because it has no kernel, 0 because its");
    expect(WORDS("check", "--plugin", "naive", "--onnx", NODE("maxpool_with_argmax_2d_precomputed_strides")), 0,
           "2 cases: 2 ok, 0 unsupported, 0 failed\n");
    expect(WORDS("check", "--onnx", NODE("abs")), 0, "reference: 0 passed, 0 failed, 1 skipped\n");
}

/* The last byte of raw data is a float's sign and exponent. */
Test(check_onnx, wrong_numbers_fail, .timeout = 120)
{
    char folder[64], text[128];

    spoil(folder, NODE("softmax_example"), "test_data_set_0/output_0.pb", -1, 0x40);
    snprintf(text, sizeof text, ": %s\n", strrchr(folder, '/') + 1);
    expect(WORDS("check", "--plugin", "naive", "--onnx", folder), 1, "FAIL reference, y[2]: published ");
    expect(WORDS("check", "--quiet", "--plugin", "naive", "--onnx", folder), 1, text);
    cake_remove_folder(folder);
}

Test(check_onnx, wrong_files_are_told, .timeout = 120)
{
    char folder[64];

    spoil(folder, NODE("softmax_example"), "model.onnx", 0, 7);
    expect(WORDS("check", "--plugin", "naive", "--onnx", folder, "--onnx", NODE("relu")), 2, "broken, expected a ");
    expect(WORDS("check", "--plugin", "naive", "--onnx", folder, "--onnx", NODE("relu")), 2, "naive: 1 passed");
    cake_remove_folder(folder);
    cake_make_folder(folder);
    expect(WORDS("check", "--onnx", folder), 2, "expected model.onnx, or folders with it, found none");
    cake_remove_folder(folder);
    expect(WORDS("check", "--onnx", folder), 2, "expected a folder, found nothing");
    expect(WORDS("check", "--onnx", "/etc/hostname"), 2, "expected a folder, found something else");
    expect(WORDS("check", "--dtype", "bf16", "--onnx", NODE("relu")), 2, "expected --dtype f32 with --onnx");
    expect(WORDS("run", "--onnx", NODE("relu")), 2, "expected an option of this command, found '--onnx'");
}
