#include "run/backtrace.h"

#include <elfutils/libdwfl.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FRAMES = 6, WAIT_MS = 5000 };

/* No debug information from elsewhere: what is not in the file is not there. */
static int find_no_debuginfo(Dwfl_Module *module, void **user, const char *name, Dwarf_Addr base, const char *file,
                             const char *link, GElf_Word crc, char **found)
{
    (void)module, (void)user, (void)name, (void)base, (void)file, (void)link, (void)crc, (void)found;
    return -1;
}

/* One frame; false if it lies outside of the plugin. */
static bool name_frame(Dwfl *dwfl, uint64_t address, bool first, char *text, size_t size)
{
    Dwfl_Module *module = dwfl_addrmodule(dwfl, address);
    /* A return address is behind its call. */
    uint64_t at = first ? address : address - 1;
    Dwfl_Line *line = module ? dwfl_module_getsrc(module, at) : NULL;
    const char *name = module ? dwfl_module_addrname(module, at) : NULL, *file = NULL;
    size_t used = strlen(text);
    int number = 0;

    if (!module)
        return false;
    if (line)
        file = dwfl_lineinfo(line, NULL, &number, NULL, NULL, NULL);
    if (file && strrchr(file, '/'))
        file = strrchr(file, '/') + 1;
    if (file)
        snprintf(text + used, size - used, "%s%s (%s:%d)", used ? " < " : "", name ? name : "?", file, number);
    else if (name)
        snprintf(text + used, size - used, "%s%s", used ? " < " : "", name);
    return true;
}

static void name_frames(const cake_fault *fault, int plugin, char *text, size_t size)
{
    static const Dwfl_Callbacks callbacks = {.find_elf = dwfl_build_id_find_elf,
                                             .find_debuginfo = find_no_debuginfo,
                                             .section_address = dwfl_offline_section_address};
    Dwfl *dwfl = dwfl_begin(&callbacks);
    uint32_t first = 0, count = fault->n_frames < CAKE_BACKTRACE ? fault->n_frames : CAKE_BACKTRACE;
    int named = 0;

    if (!dwfl || !dwfl_report_elf(dwfl, "plugin", "plugin", plugin, fault->plugin_base, false))
        return;
    dwfl_report_end(dwfl, NULL, NULL);
    /* The handler's own frames come before the one that faulted. */
    while (first < count && fault->frames[first] != fault->instruction)
        first++;
    if (name_frame(dwfl, fault->instruction, true, text, size))
        named++;
    for (uint32_t i = first + 1; i < count && named < FRAMES; i++)
        if (name_frame(dwfl, fault->frames[i], false, text, size))
            named++;
        else if (named)
            break;
}

static void read_text(int from, char *text, size_t size)
{
    struct pollfd ready = {from, POLLIN, 0};
    size_t used = 0;
    ssize_t got = 1;

    while (used + 1 < size && poll(&ready, 1, WAIT_MS) > 0 && (got = read(from, text + used, size - 1 - used)) > 0)
        used += (size_t)got;
    text[used] = '\0';
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < ' ' || (unsigned char)*c >= 127)
            *c = '?';
}

void cake_backtrace(const cake_fault *fault, int plugin, char *text, size_t size)
{
    int ends[2];
    pid_t child;

    *text = '\0';
    if (!fault->plugin_base || pipe2(ends, O_CLOEXEC) != 0)
        return;
    child = fork();
    if (child == 0) {
        static const struct rlimit seconds = {WAIT_MS / 1000, WAIT_MS / 1000}, none = {0, 0};
        char named[512] = "";

        signal(SIGINT, SIG_DFL);
        signal(SIGTERM, SIG_DFL);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        setrlimit(RLIMIT_CPU, &seconds);
        setrlimit(RLIMIT_CORE, &none);
        setrlimit(RLIMIT_FSIZE, &none);
        name_frames(fault, plugin, named, sizeof named);
        _exit(write(ends[1], named, strlen(named)) < 0);
    }
    close(ends[1]);
    if (child > 0) {
        read_text(ends[0], text, size);
        kill(child, SIGKILL);
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    close(ends[0]);
}
