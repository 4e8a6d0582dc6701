#include "report/context.h"

#include <errno.h>
#include <gnu/libc-version.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "report/build_info.h"
#include "report/files.h"
#include "report/identity.h"
#include "report/schema.h"

struct cake_context {
    json_t *root;
    bool failed;
};

/* A text as JSON can hold it: bytes that are no UTF-8 become U+FFFD. */
static json_t *make_text(const char *text)
{
    cake_text clean = {0};
    size_t size = text ? strlen(text) : 0;
    json_t *made = NULL;

    cake_text_put(&clean, "");
    for (size_t i = 0, length; i < size; i += length ? length : 1) {
        length = cake_utf8_length(text + i, size - i);
        cake_text_add(&clean, length ? text + i : "\xef\xbf\xbd", length ? length : 3);
    }
    if (!clean.failed)
        made = json_stringn(clean.data, clean.length);
    cake_text_free(&clean);
    return made;
}

/* The member of that name, made by `make` where there is none of its type; borrowed. */
static json_t *member(cake_context *context, json_t *object, const char *key, json_t *(*make)(void), json_type type)
{
    json_t *found = json_object_get(object, key);

    if (json_is_object(object) && (!found || json_typeof(found) != type)) {
        if (json_object_set_new(object, key, make()) != 0)
            context->failed = true;
        found = json_object_get(object, key);
    }
    return found;
}

/* Takes the value. */
static void set(cake_context *context, const char *section, const char *key, json_t *value)
{
    json_t *object = member(context, context->root, section, json_object, JSON_OBJECT);

    if (json_object_set_new(object, key, value) != 0)
        context->failed = true;
}

cake_context *cake_context_new(void)
{
    cake_context *context = calloc(1, sizeof *context);

    if (!context)
        return NULL;
    context->root = json_object();
    if (!context->root) {
        free(context);
        return NULL;
    }
    cake_context_integer(context, "layercake", "schema", CAKE_SCHEMA_VERSION);
    cake_context_text(context, "layercake", "version", cake_build_version);
    if (cake_build_commit[0])
        cake_context_text(context, "layercake", "commit", cake_build_commit);
    cake_context_text(context, "layercake", "compiler", cake_build_compiler);
    cake_context_text(context, "layercake", "flags", cake_build_flags);
    return context;
}

void cake_context_free(cake_context *context)
{
    if (!context)
        return;
    json_decref(context->root);
    free(context);
}

void cake_context_text(cake_context *context, const char *section, const char *key, const char *text)
{
    set(context, section, key, make_text(text));
}

void cake_context_integer(cake_context *context, const char *section, const char *key, int64_t value)
{
    set(context, section, key, json_integer(value));
}

void cake_context_real(cake_context *context, const char *section, const char *key, double value)
{
    /* JSON has no infinities; unknown is null. */
    set(context, section, key, isfinite(value) ? json_real(value) : json_null());
}

void cake_context_append(cake_context *context, const char *section, const char *key, const char *text)
{
    json_t *object = member(context, context->root, section, json_object, JSON_OBJECT);
    json_t *list = member(context, object, key, json_array, JSON_ARRAY), *value = make_text(text), *other;
    size_t i;

    json_array_foreach(list, i, other)
    {
        if (value && json_equal(other, value)) {
            json_decref(value);
            return;
        }
    }
    if (json_array_append_new(list, value) != 0)
        context->failed = true;
}

void cake_context_note(cake_context *context, const char *about, const char *text)
{
    cake_context_append(context, "notes", about, text);
}

void cake_context_command(cake_context *context, int argc, char *const *argv)
{
    json_t *list = json_array();

    for (int i = 0; i < argc; i++)
        if (json_array_append_new(list, make_text(argv[i])) != 0)
            context->failed = true;
    set(context, "run", "command", list);
}

/* The first line of a small text file that begins with `key`, from behind it and the blanks, ':' or '=' there. */
static bool read_line(const char *path, const char *key, char *line, size_t size)
{
    FILE *file = fopen(path, "re");
    bool found = false;

    if (!file)
        return false;
    while (!found && fgets(line, (int)size, file)) {
        size_t skip = strlen(key);

        if (strncmp(line, key, skip) != 0)
            continue;
        skip += strspn(line + skip, " \t:=\"");
        memmove(line, line + skip, strlen(line + skip) + 1);
        line[strcspn(line, "\"\n")] = '\0';
        found = true;
    }
    fclose(file);
    return found;
}

static void add_governors(cake_context *context)
{
    long cpus = sysconf(_SC_NPROCESSORS_CONF);
    char path[96], governor[64];

    for (long cpu = 0; cpu < cpus; cpu++) {
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%ld/cpufreq/scaling_governor", cpu);
        if (read_line(path, "", governor, sizeof governor))
            cake_context_append(context, "system", "governor", governor);
    }
}

void cake_context_add_system(cake_context *context)
{
    struct utsname names;
    char line[256];

    if (uname(&names) == 0) {
        cake_context_text(context, "machine", "host", names.nodename);
        cake_context_text(context, "machine", "architecture", names.machine);
        snprintf(line, sizeof line, "%.60s %.60s %.120s", names.sysname, names.release, names.version);
        cake_context_text(context, "system", "kernel", line);
    }
    if (read_line("/proc/cpuinfo", "model name", line, sizeof line))
        cake_context_text(context, "machine", "cpu", line);
    cake_context_integer(context, "machine", "cpus", sysconf(_SC_NPROCESSORS_ONLN));
    cake_context_integer(context, "machine", "memory_bytes",
                         (int64_t)sysconf(_SC_PHYS_PAGES) * (int64_t)sysconf(_SC_PAGESIZE));
    if (read_line("/etc/os-release", "PRETTY_NAME", line, sizeof line))
        cake_context_text(context, "system", "distribution", line);
    add_governors(context);
    cake_context_text(context, "versions", "libc", gnu_get_libc_version());
    cake_context_text(context, "versions", "libcrypto", OpenSSL_version(OPENSSL_VERSION));
    cake_context_text(context, "versions", "jansson", JANSSON_VERSION);
}

/* The library's entry, borrowed; NULL: out of memory. */
static json_t *find_library(json_t *libraries, const char *path, bool *fresh)
{
    json_t *library, *value = make_text(path);
    size_t i;

    *fresh = false;
    json_array_foreach(libraries, i, library)
    {
        if (value && json_equal(json_object_get(library, "path"), value)) {
            json_decref(value);
            return library;
        }
    }
    *fresh = true;
    library = json_object();
    if (json_object_set_new(library, "path", value) != 0 || json_array_append_new(libraries, library) != 0)
        return NULL;
    return library;
}

void cake_context_library(cake_context *context, const char *path, const char *plugin)
{
    json_t *libraries = member(context, context->root, "libraries", json_array, JSON_ARRAY), *plugins, *value, *other;
    cake_identity identity = {0};
    cake_error error = {0};
    bool fresh;
    json_t *library = find_library(libraries, path, &fresh);
    size_t i;

    if (!library) {
        context->failed = true;
        return;
    }
    if (fresh && cake_identity_of(path, &identity, &error) != CAKE_OK)
        json_object_set_new(library, "unknown", make_text(error.text));
    if (fresh && identity.build_id[0])
        json_object_set_new(library, "build_id", json_string(identity.build_id));
    if (fresh && identity.sha256[0])
        json_object_set_new(library, "sha256", json_string(identity.sha256));
    plugins = member(context, library, "plugins", json_array, JSON_ARRAY);
    value = make_text(plugin);
    json_array_foreach(plugins, i, other)
    {
        if (value && json_equal(other, value)) {
            json_decref(value);
            return;
        }
    }
    if (json_array_append_new(plugins, value) != 0)
        context->failed = true;
}

cake_status cake_context_write(const cake_context *context, const char *folder, cake_error *error)
{
    char *text = context->failed ? NULL : json_dumps(context->root, JSON_INDENT(2) | JSON_ENSURE_ASCII);
    cake_text file = {0};
    cake_status status = CAKE_E_MEMORY;

    if (text) {
        cake_text_put(&file, text);
        cake_text_put(&file, "\n");
    }
    if (!text || file.failed)
        cake_fail(error, status, "%s/" CAKE_CONTEXT_FILE ": out of memory", folder);
    else
        status = cake_file_replace(folder, CAKE_CONTEXT_FILE, file.data, file.length, error);
    cake_text_free(&file);
    free(text);
    return status;
}

cake_status cake_context_read(cake_context **context_out, const char *folder, cake_error *error)
{
    enum { LIMIT = 1 << 24 };
    cake_context *context = NULL;
    json_error_t where;
    char *path = NULL, *data = NULL;
    size_t size = 0;
    cake_status status = CAKE_E_MEMORY;

    if (asprintf(&path, "%s/" CAKE_CONTEXT_FILE, folder) < 0)
        return cake_fail(error, status, "out of memory");
    status = cake_file_read(path, LIMIT, &data, &size, error);
    if (status != CAKE_OK)
        goto out;
    context = calloc(1, sizeof *context);
    if (!context) {
        status = cake_fail(error, CAKE_E_MEMORY, "out of memory");
        goto out;
    }
    context->root = json_loadb(data, size, JSON_REJECT_DUPLICATES, &where);
    if (!context->root)
        status = cake_fail(error, CAKE_E_USAGE, "%s:%d:%d: %s", path, where.line, where.column, where.text);
    else if (!json_is_object(context->root))
        status = cake_fail(error, CAKE_E_USAGE, "%s:1:1: expected an object", path);
    if (status == CAKE_OK) {
        *context_out = context;
        context = NULL;
    }
out:
    cake_context_free(context);
    free(data);
    free(path);
    return status;
}

const char *cake_context_get_text(const cake_context *context, const char *section, const char *key)
{
    return json_string_value(json_object_get(json_object_get(context->root, section), key));
}

double cake_context_get_number(const cake_context *context, const char *section, const char *key)
{
    const json_t *value = json_object_get(json_object_get(context->root, section), key);

    return json_is_number(value) ? json_number_value(value) : NAN;
}

const char *cake_context_get_item(const cake_context *context, const char *section, const char *key, size_t i)
{
    return json_string_value(json_array_get(json_object_get(json_object_get(context->root, section), key), i));
}

static void visit_value(const json_t *value, const char *section, const char *key, cake_context_visit *visit,
                        void *user)
{
    char *text;

    if (json_is_string(value)) {
        visit(user, section, key, json_string_value(value));
        return;
    }
    if (json_is_null(value))
        return;
    text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(12));
    if (text)
        visit(user, section, key, text);
    free(text);
}

void cake_context_walk(const cake_context *context, cake_context_visit *visit, void *user)
{
    const char *section, *key;
    json_t *values, *value, *item;
    size_t i;

    json_object_foreach(context->root, section, values)
    {
        json_object_foreach(values, key, value)
        {
            if (!json_is_array(value))
                visit_value(value, section, key, visit, user);
            json_array_foreach(value, i, item)
            {
                visit_value(item, section, key, visit, user);
            }
        }
    }
}
