#include "run/vet.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__x86_64__)
enum { MACHINE = EM_X86_64 };
#elif defined(__aarch64__)
enum { MACHINE = EM_AARCH64 };
#else
enum { MACHINE = EM_NONE }; /* not checked */
#endif

/* No library has a larger one. */
static const uint64_t most_segment_bytes = UINT64_C(1) << 36;

/* Could someone other than the user or root write it? The group may, if it is the user's own (umask 002). */
static bool writable_by_others(const struct stat *st)
{
    if (st->st_mode & S_IWOTH)
        return true;
    return st->st_mode & S_IWGRP && st->st_gid != getegid();
}

static bool owned_well(const struct stat *st)
{
    return st->st_uid == 0 || st->st_uid == geteuid();
}

/* The folders above, up to the root: who can rename there can swap the file. A sticky folder (/tmp) is safe for
 * what is owned well. */
static bool vet_folders(const char *path, cake_finding *finding)
{
    char real[PATH_MAX];
    struct stat st;

    if (!realpath(path, real))
        return cake_find(finding, CAKE_V_HARNESS_ERROR, "%s: %s", path, strerror(errno));
    for (char *slash = strrchr(real, '/'); slash; slash = strrchr(real, '/')) {
        const char *folder = slash == real ? "/" : real;

        *slash = '\0';
        if (stat(folder, &st) != 0)
            return cake_find(finding, CAKE_V_HARNESS_ERROR, "%s: folder cannot be looked at: %s", folder,
                             strerror(errno));
        if (!owned_well(&st))
            return cake_find(finding, CAKE_V_UNSAFE_FILE,
                             "%s: expected a folder of root or of user %u, found one of user %u", folder, geteuid(),
                             st.st_uid);
        if (writable_by_others(&st) && !(st.st_mode & S_ISVTX))
            return cake_find(finding, CAKE_V_UNSAFE_FILE,
                             "%s: expected a folder that only its owner can write, found mode %04o", folder,
                             st.st_mode & 07777);
        if (slash == real)
            break;
    }
    return true;
}

static bool vet_file(const char *path, const struct stat *st, cake_finding *finding)
{
    if (!S_ISREG(st->st_mode))
        return cake_find(finding, CAKE_V_UNSAFE_FILE, "%s: expected a regular file, found %s", path,
                         S_ISDIR(st->st_mode)    ? "a folder"
                         : S_ISFIFO(st->st_mode) ? "a FIFO"
                         : S_ISSOCK(st->st_mode) ? "a socket"
                                                 : "a device");
    if (!owned_well(st))
        return cake_find(finding, CAKE_V_UNSAFE_FILE,
                         "%s: expected a file of root or of user %u, found one of user %u", path, geteuid(),
                         st->st_uid);
    if (writable_by_others(st))
        return cake_find(finding, CAKE_V_UNSAFE_FILE,
                         "%s: expected a file that only its owner can write, found mode %04o", path,
                         st->st_mode & 07777);
    return true;
}

/* The ELF header and program headers against the file's size: the dynamic loader would run off a shorter file. */
static bool vet_elf(const char *path, int descriptor, off_t size, cake_finding *finding)
{
    Elf64_Ehdr header;
    ssize_t got = pread(descriptor, &header, sizeof header, 0);

    if (got < 0)
        return cake_find(finding, CAKE_V_HARNESS_ERROR, "%s: cannot be read: %s", path, strerror(errno));
    if (got != (ssize_t)sizeof header || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
        return cake_find(finding, CAKE_V_LOAD_ERROR,
                         "%s: expected an ELF shared object, found %lld bytes of another kind", path,
                         (long long)size);
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || (MACHINE != EM_NONE && header.e_machine != MACHINE))
        return cake_find(finding, CAKE_V_LOAD_ERROR,
                         "%s: expected a 64-bit object for machine %d, found class %d, machine %d", path, MACHINE,
                         header.e_ident[EI_CLASS], header.e_machine);
    if (header.e_type != ET_DYN)
        return cake_find(finding, CAKE_V_LOAD_ERROR, "%s: expected a shared object, found ELF type %d", path,
                         header.e_type);
    if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum == 0 || header.e_phoff > (uint64_t)size ||
        header.e_phnum * sizeof(Elf64_Phdr) > (uint64_t)size - header.e_phoff)
        return cake_find(finding, CAKE_V_LOAD_ERROR, "%s: truncated: its program headers end after its %lld bytes",
                         path, (long long)size);
    for (int i = 0; i < header.e_phnum; i++) {
        Elf64_Phdr segment;

        if (pread(descriptor, &segment, sizeof segment, (off_t)(header.e_phoff + (uint64_t)i * sizeof segment)) !=
            (ssize_t)sizeof segment)
            return cake_find(finding, CAKE_V_HARNESS_ERROR, "%s: cannot be read: %s", path, strerror(errno));
        if (segment.p_type == PT_LOAD && segment.p_memsz > most_segment_bytes)
            return cake_find(finding, CAKE_V_LOAD_ERROR, "%s: damaged: a segment of %llu bytes", path,
                             (unsigned long long)segment.p_memsz);
        if (segment.p_type == PT_LOAD &&
            (segment.p_offset > (uint64_t)size || segment.p_filesz > (uint64_t)size - segment.p_offset))
            return cake_find(finding, CAKE_V_LOAD_ERROR, "%s: truncated: expected at least %llu bytes, found %lld",
                             path, (unsigned long long)segment.p_offset + segment.p_filesz, (long long)size);
    }
    return true;
}

bool cake_vet_hash(int descriptor, char hexadecimal[65])
{
    unsigned char buffer[1 << 16], digest[EVP_MAX_MD_SIZE];
    unsigned digest_bytes = 0;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    off_t at = 0;
    ssize_t got = -1;
    bool done = false;

    if (context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1) {
        while ((got = pread(descriptor, buffer, sizeof buffer, at)) > 0) {
            if (EVP_DigestUpdate(context, buffer, (size_t)got) != 1)
                break;
            at += got;
        }
        done = got == 0 && EVP_DigestFinal_ex(context, digest, &digest_bytes) == 1 && digest_bytes == 32;
    }
    EVP_MD_CTX_free(context);
    for (unsigned i = 0; done && i < digest_bytes; i++)
        snprintf(hexadecimal + 2 * i, 3, "%02x", digest[i]);
    return done;
}

/* A copy that nobody can change any more. */
static int sealed_copy(int descriptor, off_t size)
{
    char buffer[1 << 16];
    int copy = memfd_create("plugin", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    off_t at = 0;

    if (copy < 0)
        return -1;
    while (at < size) {
        ssize_t got = pread(descriptor, buffer, sizeof buffer, at);

        if (got <= 0 || pwrite(copy, buffer, (size_t)got, at) != got)
            break;
        at += got;
    }
    if (at == size && fcntl(copy, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0)
        return copy;
    close(copy);
    return -1;
}

bool cake_vet_open(const char *path, bool in_place, cake_plugin_file_image *image, cake_finding *finding)
{
    struct stat st;
    int descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), copy;

    *image = (cake_plugin_file_image){.descriptor = -1};
    if (descriptor < 0 && errno == ELOOP)
        return cake_find(finding, CAKE_V_UNSAFE_FILE, "%s: expected a regular file, found a symbolic link", path);
    if (descriptor < 0)
        return cake_find(finding,
                         errno == ENOENT || errno == ENOTDIR || errno == EACCES || errno == ENXIO
                             ? CAKE_V_LOAD_ERROR
                             : CAKE_V_HARNESS_ERROR,
                         "%s: %s", path, strerror(errno));
    if (fstat(descriptor, &st) != 0) {
        cake_find(finding, CAKE_V_HARNESS_ERROR, "%s: %s", path, strerror(errno));
        goto fail;
    }
    if (!vet_file(path, &st, finding) || !vet_folders(path, finding) ||
        !vet_elf(path, descriptor, st.st_size, finding))
        goto fail;
    if (!in_place) {
        copy = sealed_copy(descriptor, st.st_size);
        if (copy < 0) {
            cake_find(finding, CAKE_V_HARNESS_ERROR, "%s: no sealed copy: %s", path, strerror(errno));
            goto fail;
        }
        close(descriptor);
        descriptor = copy;
    }
    if (!cake_vet_hash(descriptor, image->sha256)) {
        cake_find(finding, CAKE_V_HARNESS_ERROR, "%s: cannot be hashed", path);
        goto fail;
    }
    image->descriptor = descriptor;
    return true;

fail:
    close(descriptor);
    return false;
}

void cake_vet_close(cake_plugin_file_image *image)
{
    if (image->descriptor >= 0)
        close(image->descriptor);
    image->descriptor = -1;
}
