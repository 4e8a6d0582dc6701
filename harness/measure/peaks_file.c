/* Peaks kept between runs. The file is the CSV that `layercake peaks` prints. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "measure/peaks.h"

static const char header[] = "kind,isa,level,threads,value,unit";

void cake_peaks_write_csv(const cake_peaks *peaks, FILE *file)
{
    fprintf(file, "%s\n", header);
    for (size_t i = 0; i < peaks->count; i++) {
        const cake_peak *row = &peaks->rows[i];

        fprintf(file, "%s,%s,%s,%d,%.5g,%s\n", row->kind, row->isa, cake_level_name(row->level), row->threads,
                row->value, row->unit);
    }
}

/* FNV-1a (Fowler, Noll, Vo), 64 bits. */
static uint64_t hash_of(const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    while (*text)
        hash = (hash ^ (unsigned char)*text++) * UINT64_C(0x100000001b3);
    return hash;
}

/* The folder and the file; the name changes with whatever makes other peaks. */
static cake_status find_path(const cake_topology *topology, char *folder, char *path, size_t size, cake_error *error)
{
    const cake_machine *m = cake_topology_machine(topology);
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char key[1024];
    int length;

    snprintf(key, sizeof key, "1|%s|%s|%s|%s|%d|%d|%d|%.3f|%" PRId64 "|%" PRId64 "|%" PRId64 "|%" PRIx64, m->cpu,
             m->arch, m->host, m->cpus_allowed_list, m->cores, m->cpus, m->numa_nodes, m->cpu_quota, m->l1d_bytes,
             m->l2_bytes, m->l3_bytes, m->isa);
    if (cache && *cache == '/')
        length = snprintf(folder, size, "%s/layercake", cache);
    else if (home && *home == '/')
        length = snprintf(folder, size, "%s/.cache/layercake", home);
    else
        return cake_fail(error, CAKE_NOT_FOUND, "peaks: neither XDG_CACHE_HOME nor HOME names a folder to keep them");
    if (length >= (int)size || snprintf(path, size, "%s/peaks-%016" PRIx64 ".csv", folder, hash_of(key)) >= (int)size)
        return cake_fail(error, CAKE_NOT_FOUND, "peaks: the cache folder's name is too long");
    return CAKE_OK;
}

static bool parse_row(const char *line, cake_peak *row)
{
    char level[8];

    *row = (cake_peak){0};
    if (sscanf(line, "%15[^,],%15[^,],%7[^,],%d,%lf,%11[^,\n]", row->kind, row->isa, level, &row->threads,
               &row->value, row->unit) != 6 ||
        row->threads < 1 || !(row->value > 0))
        return false;
    for (int l = CAKE_LEVEL_L1; l <= CAKE_LEVEL_CORE; l++)
        if (!strcmp(level, cake_level_name((cake_level)l))) {
            row->level = (cake_level)l;
            return true;
        }
    return false;
}

/* The whole file, or nothing of it. */
static cake_status read_rows(FILE *file, const char *path, cake_peaks *peaks, cake_error *error)
{
    char line[256];
    size_t number = 1;

    if (!fgets(line, sizeof line, file) || strncmp(line, header, sizeof header - 1) != 0)
        return cake_fail(error, CAKE_NOT_FOUND, "%s:1: expected '%s'", path, header);
    while (fgets(line, sizeof line, file)) {
        cake_peak row, *rows;

        number++;
        if (!parse_row(line, &row))
            return cake_fail(error, CAKE_NOT_FOUND, "%s:%zu: expected a peak, found '%.*s'", path, number,
                             (int)strcspn(line, "\n"), line);
        rows = realloc(peaks->rows, (peaks->count + 1) * sizeof *rows);
        if (!rows)
            return cake_fail(error, CAKE_E_MEMORY, "peaks: out of memory");
        peaks->rows = rows;
        peaks->rows[peaks->count++] = row;
    }
    return peaks->count > 0 ? CAKE_OK : cake_fail(error, CAKE_NOT_FOUND, "%s: expected peaks, found none", path);
}

cake_status cake_peaks_load(const cake_topology *topology, cake_peaks *out, cake_error *error)
{
    const cake_machine *machine = cake_topology_machine(topology);
    cake_peaks peaks = {
        .cache_bytes = {machine->l1d_bytes, machine->l2_bytes, machine->l3_bytes},
        .cores_per_l3 = machine->cores_per_l3,
        .isa = machine->isa,
    };
    char folder[2048], path[2048];
    cake_status status = find_path(topology, folder, path, sizeof path, error);
    FILE *file;

    if (status != CAKE_OK)
        return status;
    file = fopen(path, "re");
    if (!file)
        return cake_fail(error, CAKE_NOT_FOUND, "%s: %s", path, strerror(errno));
    status = read_rows(file, path, &peaks, error);
    fclose(file);
    if (status != CAKE_OK) {
        cake_peaks_free(&peaks);
        return status;
    }
    *out = peaks;
    return CAKE_OK;
}

/* mkdir -p of the folder's last two parts; what is above a cache folder is not ours to make. */
static void make_folder(char *folder)
{
    char *slash = strrchr(folder, '/');

    *slash = '\0';
    mkdir(folder, 0700);
    *slash = '/';
    mkdir(folder, 0700);
}

cake_status cake_peaks_save(const cake_topology *topology, const cake_peaks *peaks, cake_error *error)
{
    char folder[2048], path[2048], temporary[2100];
    cake_status status = find_path(topology, folder, path, sizeof path, error);
    FILE *file;

    if (status != CAKE_OK)
        return status;
    make_folder(folder);
    snprintf(temporary, sizeof temporary, "%s.%d", path, (int)getpid());
    file = fopen(temporary, "wxe");
    if (!file)
        return cake_fail(error, CAKE_E_IO, "%s: %s", temporary, strerror(errno));
    cake_peaks_write_csv(peaks, file);
    /* Whole or not at all. */
    if (ferror(file) | fclose(file) || rename(temporary, path) != 0) {
        status = cake_fail(error, CAKE_E_IO, "%s: %s", path, strerror(errno));
        unlink(temporary);
    }
    return status;
}

cake_status cake_peaks_get(const cake_topology *topology, cake_peaks *out, bool *measured, cake_error *error)
{
    int threads[32];
    size_t count = cake_peaks_threads(topology, threads);
    cake_status status;
    bool ignored;

    if (!measured)
        measured = &ignored;
    *measured = false;
    if (cake_peaks_load(topology, out, NULL) == CAKE_OK)
        return CAKE_OK;
    status = cake_peaks_measure(topology, threads, count, out, error);
    if (status != CAKE_OK)
        return status;
    *measured = true;
    if (out->disturbed == 0)
        cake_peaks_save(topology, out, NULL);
    return CAKE_OK;
}
