#include "worker/load.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "measure/isa.h"
#include "worker/fault.h"
#include "worker/host.h"

typedef const cake_plugin *entry_function(const cake_host *host);

/* Does it export the entry of another major version? */
static int other_major(void *library)
{
    for (int major = 2; major <= 9; major++) {
        char name[32];

        snprintf(name, sizeof name, "cake_plugin_v%d", major);
        if (dlsym(library, name))
            return major;
    }
    return 0;
}

static bool copy_text(char *to, size_t size, const char *from)
{
    if (!from || !*from || strnlen(from, size) >= size)
        return false;
    memcpy(to, from, strlen(from) + 1);
    return true;
}

static bool is_name(const char *text)
{
    return text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-.")] == '\0';
}

static bool describe_kernel(const cake_kernel *kernel, cake_wire_kernel *wire, char *text, uint32_t index)
{
    if (!kernel || kernel->struct_size < CAKE_SIZE_THROUGH(cake_kernel, close)) {
        snprintf(text, CAKE_WIRE_TEXT, "kernel %u: expected a table of at least %u bytes, found %u", index,
                 CAKE_SIZE_THROUGH(cake_kernel, close), kernel ? kernel->struct_size : 0);
        return false;
    }
    if (!copy_text(wire->op, sizeof wire->op, kernel->op) ||
        !copy_text(wire->name, sizeof wire->name, kernel->name) || !is_name(wire->op) || !is_name(wire->name)) {
        snprintf(text, CAKE_WIRE_TEXT, "kernel %u: expected an op and a name of 1 to 63 characters a-z 0-9 _ - .",
                 index);
        return false;
    }
    if (!kernel->can_run || !kernel->open || !kernel->run || !kernel->close) {
        snprintf(text, CAKE_WIRE_TEXT, "kernel %s/%s: expected can_run, open, run and close, found a NULL", wire->op,
                 wire->name);
        return false;
    }
    if (kernel->n_layouts > CAKE_WIRE_LAYOUTS || (kernel->n_layouts && !kernel->layouts) || kernel->accuracy < 0 ||
        kernel->accuracy > CAKE_FAST || (kernel->min_align & (kernel->min_align - 1)) || kernel->min_align > 64) {
        snprintf(text, CAKE_WIRE_TEXT,
                 "kernel %s/%s: expected at most %d layouts, an accuracy of 0 to 2 and an alignment that is a power "
                 "of two up to 64, found %u, %d, %u",
                 wire->op, wire->name, CAKE_WIRE_LAYOUTS, kernel->n_layouts, kernel->accuracy, kernel->min_align);
        return false;
    }
    if (kernel->overread > 64) {
        snprintf(text, CAKE_WIRE_TEXT, "kernel %s/%s: expected an overread of at most 64 bytes, found %u", wire->op,
                 wire->name, kernel->overread);
        return false;
    }
    wire->accuracy = kernel->accuracy;
    wire->n_layouts = kernel->n_layouts;
    for (uint32_t i = 0; i < kernel->n_layouts; i++)
        wire->layouts[i] = kernel->layouts[i];
    wire->min_align = kernel->min_align ? kernel->min_align : 64;
    wire->max_threads = kernel->max_threads;
    wire->overread = kernel->overread;
    wire->reduction = kernel->reduction > 1 ? kernel->reduction : 1;
    return true;
}

static bool describe(const cake_plugin *plugin, cake_wire_plugin *wire, char *text)
{
    if (!copy_text(wire->name, sizeof wire->name, plugin->name) || !is_name(wire->name) ||
        !copy_text(wire->version, sizeof wire->version, plugin->version) ||
        !copy_text(wire->description, sizeof wire->description, plugin->description) ||
        !copy_text(wire->license, sizeof wire->license, plugin->license)) {
        snprintf(text, CAKE_WIRE_TEXT,
                 "expected a name (a-z 0-9 _ - .), a version, a description and a licence of at most %zu, %zu, %zu "
                 "and %zu bytes",
                 sizeof wire->name - 1, sizeof wire->version - 1, sizeof wire->description - 1,
                 sizeof wire->license - 1);
        return false;
    }
    if (plugin->n_kernels > CAKE_WIRE_KERNELS || (plugin->n_kernels && !plugin->kernels)) {
        snprintf(text, CAKE_WIRE_TEXT, "expected at most %d kernels, found %u", CAKE_WIRE_KERNELS, plugin->n_kernels);
        return false;
    }
    wire->isa = plugin->isa;
    wire->abi_major = plugin->abi_major;
    wire->abi_minor = plugin->abi_minor;
    for (uint32_t i = 0; i < plugin->n_kernels; i++)
        if (!describe_kernel(plugin->kernels[i], &wire->kernels[i], text, i))
            return false;
    wire->n_kernels = plugin->n_kernels;
    return true;
}

static cake_outcome check_table(const cake_request_load *request, const cake_plugin *plugin, char *text)
{
    if (!plugin) {
        const char *why = cake_host_explanation();

        snprintf(text, CAKE_WIRE_TEXT, "the plugin refused: %s", *why ? why : "it gave no reason");
        return CAKE_OUTCOME_LOAD_ERROR;
    }
    if (plugin->struct_size < CAKE_SIZE_THROUGH(cake_plugin, kernels)) {
        snprintf(text, CAKE_WIRE_TEXT, "expected a plugin table of at least %u bytes, found %u",
                 CAKE_SIZE_THROUGH(cake_plugin, kernels), plugin->struct_size);
        return CAKE_OUTCOME_ABI_MISMATCH;
    }
    if (plugin->abi_major != CAKE_ABI_MAJOR) {
        snprintf(text, CAKE_WIRE_TEXT, "expected ABI major %d, found %u", CAKE_ABI_MAJOR, plugin->abi_major);
        return CAKE_OUTCOME_ABI_MISMATCH;
    }
    if (plugin->isa & ~request->isa) {
        char lacking[128];

        snprintf(text, CAKE_WIRE_TEXT, "this CPU lacks %s, which the plugin needs",
                 cake_isa_text(plugin->isa & ~request->isa, lacking, sizeof lacking));
        return CAKE_OUTCOME_NO_ISA;
    }
    return CAKE_OUTCOME_DONE;
}

/* Did loading fail for want of something that the system should have given? Then it says nothing of the plugin. */
static bool is_systems_fault(const char *why)
{
    static const int errors[] = {ENOMEM, EMFILE, ENFILE, EIO, EINTR, EAGAIN};
    size_t length = strlen(why);

    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        const char *text = strerrordesc_np(errors[i]);

        if (length >= strlen(text) && strcmp(why + length - strlen(text), text) == 0)
            return true;
    }
    return false;
}

cake_outcome cake_load(const cake_request_load *request, int plugin_file, const cake_host *host, cake_shared *shared,
                       const cake_plugin **plugin, char *text)
{
    char path[64];
    void *library;
    entry_function *entry;
    cake_outcome outcome;
    const char *why;

    snprintf(path, sizeof path, "/proc/self/fd/%d", plugin_file);
    library = dlopen(request->load_in_place ? request->path : path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        why = dlerror();
        if (why && strncmp(why, path, strlen(path)) == 0)
            why += strlen(path);
        snprintf(text, CAKE_WIRE_TEXT, "cannot be loaded: %.400s", why ? why : "no reason given");
        return why && is_systems_fault(why) ? CAKE_OUTCOME_WORKER : CAKE_OUTCOME_LOAD_ERROR;
    }
    *(void **)&entry = dlsym(library, "cake_plugin_v1");
    if (!entry) {
        int other = other_major(library);

        if (other) {
            snprintf(text, CAKE_WIRE_TEXT, "expected the entry cake_plugin_v1, found cake_plugin_v%d", other);
            return CAKE_OUTCOME_ABI_MISMATCH;
        }
        snprintf(text, CAKE_WIRE_TEXT, "expected an exported function cake_plugin_v1, found none");
        return CAKE_OUTCOME_LOAD_ERROR;
    }
    cake_fault_plugin(&shared->fault, *(void **)&entry);
    cake_host_forget();
    *plugin = entry(host);
    outcome = check_table(request, *plugin, text);
    if (outcome == CAKE_OUTCOME_DONE || outcome == CAKE_OUTCOME_NO_ISA)
        if (!describe(*plugin, &shared->plugin, text))
            return CAKE_OUTCOME_LOAD_ERROR;
    return outcome;
}
