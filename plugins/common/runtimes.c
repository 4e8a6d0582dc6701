#include "common/runtimes.h"

#include <link.h>
#include <stdio.h>
#include <string.h>

static const char *const families[] = {"libgomp", "libomp", "libiomp5"};

enum { FAMILIES = sizeof families / sizeof *families };

/* The file name of an object of that family, or NULL. Copies that packages bring along have a hash in their names
 * (libgomp-a34b3233.so.1). */
static const char *member(const char *path, const char *family)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t length = strlen(family);

    return strncmp(name, family, length) == 0 && (name[length] == '.' || name[length] == '-') ? name : NULL;
}

typedef struct search {
    char first[128];
    char text[512];
} search;

static int visit(struct dl_phdr_info *object, size_t size, void *data)
{
    search *s = data;

    (void)size;
    for (int i = 0; i < FAMILIES; i++) {
        const char *name = member(object->dlpi_name, families[i]);

        if (!name)
            continue;
        if (*s->first)
            snprintf(s->text, sizeof s->text, "two OpenMP runtimes in one process: %s and %s", s->first, name);
        else
            snprintf(s->first, sizeof s->first, "%s", name);
    }
    return *s->text != '\0';
}

const char *cake_mixed_runtimes(void)
{
    static search found;
    static int done;

    if (!done)
        dl_iterate_phdr(visit, &found);
    done = 1;
    return *found.text ? found.text : NULL;
}
