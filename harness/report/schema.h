/* The row of results.csv: one case, its verdict and its measurements.
 *
 * CAKE_COLUMN_LIST is the only list of columns. It makes the struct, the CSV header, the writer, the reader,
 * `layercake list columns` and the table in results/README.md. Columns are only appended, before crc32, which stays
 * the last; CAKE_SCHEMA_VERSION goes up with each change, and readers go by name. */
#ifndef LAYERCAKE_REPORT_SCHEMA_H
#define LAYERCAKE_REPORT_SCHEMA_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "report/csv.h"
#include "report/text.h"

#define CAKE_SCHEMA_VERSION 2

/* An integer's empty cell. A real's is NAN, a text's is NULL (or ""). */
#define CAKE_ROW_EMPTY INT64_MIN

/* TEXT, INTEGER, REAL(name, unit, meaning). */
#define CAKE_COLUMN_LIST(TEXT, INTEGER, REAL)                                                                        \
    TEXT(run, "", "name of the run: its folder under results/")                                                      \
    TEXT(op, "", "what the layer computes")                                                                          \
    TEXT(dataset, "", "dataset that the workload is from; empty: the command line")                                  \
    TEXT(workload, "", "the workload's name in its dataset")                                                         \
    TEXT(params, "", "the op's parameters, as in a dataset's line")                                                  \
    INTEGER(count, "", "how often the layer occurs in its network")                                                  \
    TEXT(dtype, "", "type of the main tensors")                                                                      \
    TEXT(layout, "", "layout of image tensors in which the kernel ran")                                              \
    TEXT(plugin, "", "the plugin's name")                                                                            \
    TEXT(plugin_version, "", "the version that the plugin gives, with its library's where it wraps one")             \
    TEXT(kernel, "", "the kernel's name")                                                                            \
    TEXT(accuracy, "", "exact, standard or fast: which error the check allows")                                      \
    INTEGER(threads, "", "threads granted, each on a core of its own")                                               \
    TEXT(cpuset, "", "logical CPUs the threads were bound to")                                                       \
    TEXT(cache, "", "warm, cold, or weights (weights cold, activations warm)")                                       \
    TEXT(verdict, "", "what the check says, one word: ok, unsupported, mismatch, crash, ...")                        \
    TEXT(reason, "", "the verdict's reason in words")                                                                \
    REAL(error_in_bounds, "", "largest error of an element as a multiple of its bound; above 1: wrong")              \
    INTEGER(iterations, "", "timed calls in all repetitions")                                                        \
    INTEGER(repetitions, "", "timed batches of calls; each gives one sample, its mean time of a call")               \
    REAL(time_ns_median, "ns", "median over the samples")                                                            \
    REAL(time_ns_min, "ns", "smallest sample")                                                                       \
    REAL(time_ns_mean, "ns", "mean of the samples")                                                                  \
    REAL(time_ns_stddev, "ns", "standard deviation of the samples")                                                  \
    REAL(time_ns_ci_low, "ns", "lower end of the 95 % confidence interval of the median")                            \
    REAL(time_ns_ci_high, "ns", "upper end of the 95 % confidence interval of the median")                           \
    REAL(gflops, "GFLOP/s", "10^9 floating-point operations of the op's definition a second, at the median")         \
    REAL(gb_per_s, "GB/s", "10^9 bytes that must move at least a second, at the median")                             \
    REAL(setup_ns, "ns", "the kernel's open: packing of weights, plans; not in the time")                            \
    INTEGER(workspace_bytes, "bytes", "most workspace that the kernel held")                                         \
    TEXT(baseline, "", "plugin/kernel that speedup and ratio are taken over")                                        \
    REAL(speedup, "", "the baseline's median time / this one's")                                                     \
    INTEGER(seed, "", "the run's seed, from which every random choice follows")                                      \
    REAL(cycles, "a call", "core cycles, all threads")                                                               \
    REAL(instructions, "a call", "instructions retired, all threads")                                                \
    REAL(l1d_misses, "a call", "level 1 data cache misses")                                                          \
    REAL(l2_misses, "a call", "level 2 cache misses")                                                                \
    REAL(llc_misses, "a call", "last-level cache misses")                                                            \
    REAL(branch_misses, "a call", "mispredicted branches")                                                           \
    REAL(page_faults, "a call", "page faults")                                                                       \
    REAL(context_switches, "a call", "context switches, voluntary and not")                                          \
    REAL(migrations, "a call", "moves of a thread to another CPU")                                                   \
    REAL(task_clock_ns, "ns a call", "CPU time of all threads")                                                      \
    INTEGER(row, "", "number of the row in this file, from 1; joins it with samples.csv")                            \
    INTEGER(samples, "", "lines of samples.csv that belong to this row")                                             \
    TEXT(started_utc, "", "when the case began, as 2026-01-31T12:34:56Z")                                            \
    TEXT(plugin_sha256, "", "SHA-256 of the plugin's file")                                                          \
    TEXT(mode, "", "how the kernel was held: worker, or words joined with '+': in-process, load-in-place, paranoid") \
    TEXT(warnings, "", "what does not change the verdict, joined with ';'")                                          \
    REAL(ratio, "", "median over the rounds of this time / the baseline's in the same round")                        \
    REAL(ratio_ci_low, "", "lower end of the 95 % confidence interval of the ratio")                                 \
    REAL(ratio_ci_high, "", "upper end of the 95 % confidence interval of the ratio")                                \
    INTEGER(rounds, "", "balanced rounds in which all kernels of the workload took turns; empty: they did not")      \
    REAL(precision, "", "half the width of the time's confidence interval over the median")                          \
    REAL(flops, "FLOP a call", "floating-point operations of the op's definition")                                   \
    REAL(bytes, "bytes a call", "bytes that must move at least")                                                     \
    REAL(intensity, "FLOP/byte", "arithmetic intensity: flops / bytes")                                              \
    REAL(roofline_ns, "ns",                                                                                          \
         "least time that the machine's measured peaks allow, for this working set, clock and threads")              \
    REAL(roofline_percent, "%", "share of the roofline: roofline_ns / time_ns_median")                               \
    REAL(ipc, "", "instructions / cycles")                                                                           \
    REAL(llc_gb_per_s, "GB/s", "last-level misses x cache line / time")                                              \
    REAL(energy_nj, "nJ a call", "energy of the package")                                                            \
    TEXT(counter_source, "", "what counted: papi, perf, valgrind")                                                   \
    TEXT(counters_extra, "a call", "counters chosen by name, as NAME=value, joined with ';'")                        \
    TEXT(machine_flags, "",                                                                                          \
         "what disturbed the machine during the row: steal, load, frequency, clock; joined with ';'")                \
    TEXT(page_size, "", "pages of tensors and workspace in the timed calls: 4k or 2m")                               \
    REAL(clock_ghz, "GHz", "fastest clock of the cores, measured after each repetition")                             \
    TEXT(choice, "", "what a kernel that chooses took, by its own words")                                            \
    TEXT(crc32, "", "CRC-32 of the line up to here, hexadecimal: a damaged line is known by it")

typedef struct cake_row {
#define TEXT(name, unit, meaning) char *name;
#define INTEGER(name, unit, meaning) int64_t name;
#define REAL(name, unit, meaning) double name;
    CAKE_COLUMN_LIST(TEXT, INTEGER, REAL)
#undef TEXT
#undef INTEGER
#undef REAL
} cake_row;

typedef enum cake_column_type { CAKE_COLUMN_TEXT, CAKE_COLUMN_INTEGER, CAKE_COLUMN_REAL } cake_column_type;

typedef struct cake_column {
    const char *name;
    const char *unit; /* "" where there is none */
    cake_column_type type;
    size_t offset; /* in cake_row */
    const char *meaning;
} cake_column;

extern const cake_column cake_columns[];
extern const size_t cake_columns_count;

/* The column of that name, or NULL. */
const cake_column *cake_column_find(const char *name);
/* "text", "integer", "real". */
const char *cake_column_type_name(cake_column_type type);

/* All columns as a Markdown table, and as plain text, one a line. */
void cake_columns_markdown(cake_text *out);
void cake_columns_plain(cake_text *out);

/* One timed batch: `ns` is the time of all its `iterations` calls. */
typedef struct cake_sample {
    int64_t round; /* from 0; kernels of a workload with the same round ran side by side */
    int64_t iterations;
    double ns;
} cake_sample;

/* Every cell empty; nothing is freed. */
void cake_row_init(cake_row *row);
/* Frees the texts and leaves every cell empty. */
void cake_row_free(cake_row *row);
/* `to` was initialised; unchanged on failure. */
cake_status cake_row_copy(cake_row *to, const cake_row *from);

/* Replace a text of a row by a copy: cake_row_text(&row->op, "conv2d"). NULL empties it. CAKE_E_MEMORY: unchanged. */
cake_status cake_row_text(char **cell, const char *text);
cake_status cake_row_textf(char **cell, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The cell's text as in the file; nothing for an empty cell. */
void cake_row_cell(const cake_row *row, const cake_column *column, cake_text *out);
/* The number in a cell of either type; NAN: empty, or a text. */
double cake_row_number(const cake_row *row, const cake_column *column);

/* The header with its line's end. */
void cake_row_header(cake_text *out);
/* The row's line: texts made clean (line breaks become spaces, other control characters and bad UTF-8 become U+FFFD),
 * crc32 filled in whatever the row holds. */
void cake_row_line(const cake_row *row, cake_text *out);

/* Which column each field of a file's lines is; NULL for one that this version does not know. */
typedef struct cake_header {
    const cake_column **columns;
    size_t count;
} cake_header;

/* Read a header line. Fails if a column is there twice, or if any of the first three is not there. */
cake_status cake_header_read(cake_header *header, const cake_csv_record *record, cake_error *error);
void cake_header_free(cake_header *header);

/* Fill an initialised row. Fails, with the row empty, unless there are as many fields as the header has and all
 * numbers are numbers. Does not look at crc32: people edit tables. */
cake_status cake_row_read(cake_row *row, const cake_header *header, const cake_csv_record *record, cake_error *error);

/* The line, with its end, is one that cake_row_line wrote, to the last byte. */
bool cake_row_intact(const char *line, size_t length);

/* What makes two rows the same case: the plugin's hash (its name where there is none), kernel, op, dataset, workload,
 * params, dtype, threads, cache, mode, seed; not the layout, which is known only when the kernel has run. Fields are
 * joined by unit separators (0x1f). */
void cake_row_key(const cake_row *row, cake_text *out);

#endif
