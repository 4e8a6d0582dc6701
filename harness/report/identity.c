#include "report/identity.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void put_hex(char *out, const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static cake_status hash(int fd, const char *path, char sha256[65], cake_error *error)
{
    unsigned char block[1 << 16], digest[EVP_MAX_MD_SIZE];
    unsigned digest_size = 0;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;
    ssize_t n = 1;
    int failed = 0;

    for (off_t at = 0; good && n > 0; at += n) {
        n = pread(fd, block, sizeof block, at);
        failed = n < 0 ? errno : 0;
        good = n >= 0 && EVP_DigestUpdate(context, block, (size_t)n) == 1;
    }
    good = good && EVP_DigestFinal_ex(context, digest, &digest_size) == 1 && digest_size == 32;
    EVP_MD_CTX_free(context);
    if (!good)
        return cake_fail(error, CAKE_E_IO, "%s: cannot be hashed: %s", path, failed ? strerror(failed) : "libcrypto");
    put_hex(sha256, digest, digest_size);
    return CAKE_OK;
}

/* Exactly these bytes of the file. */
static bool read_at(int fd, void *to, size_t size, uint64_t at)
{
    return at <= INT64_MAX - size && pread(fd, to, size, (off_t)at) == (ssize_t)size;
}

/* The build-id among a segment's notes. Each: header, name, description, both padded to four bytes. */
static bool find_build_id(const unsigned char *notes, size_t size, char build_id[81])
{
    ElfW(Nhdr) note;

    for (size_t at = 0; size - at >= sizeof note;) {
        size_t name, description;

        memcpy(&note, notes + at, sizeof note);
        at += sizeof note;
        name = ((size_t)note.n_namesz + 3) & ~(size_t)3;
        description = ((size_t)note.n_descsz + 3) & ~(size_t)3;
        if (name > size - at || description > size - at - name)
            return false;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && memcmp(notes + at, "GNU", 4) == 0 &&
            note.n_descsz <= 40) {
            put_hex(build_id, notes + at + name, note.n_descsz);
            return true;
        }
        at += name + description;
    }
    return false;
}

static void read_build_id(int fd, char build_id[81])
{
    static const unsigned char magic[EI_CLASS] = ELFMAG;
    unsigned char notes[4096];
    ElfW(Ehdr) head;
    ElfW(Phdr) segment;

    if (!read_at(fd, &head, sizeof head, 0) || memcmp(head.e_ident, magic, sizeof magic) != 0 ||
        head.e_ident[EI_CLASS] != (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32) ||
        head.e_ident[EI_DATA] != (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB) ||
        head.e_phentsize != sizeof segment)
        return;
    for (unsigned i = 0; i < head.e_phnum; i++) {
        if (!read_at(fd, &segment, sizeof segment, head.e_phoff + (uint64_t)i * sizeof segment))
            return;
        if (segment.p_type == PT_NOTE && segment.p_filesz <= sizeof notes &&
            read_at(fd, notes, segment.p_filesz, segment.p_offset) &&
            find_build_id(notes, segment.p_filesz, build_id))
            return;
    }
}

cake_status cake_identity_of(const char *path, cake_identity *identity, cake_error *error)
{
    /* Without O_NONBLOCK a FIFO would be waited for. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    cake_identity found = {0};
    cake_status status;
    struct stat info;

    if (fd < 0)
        return cake_fail(error, errno == ENOENT || errno == ENOTDIR ? CAKE_NOT_FOUND : CAKE_E_IO, "%s: %s", path,
                         strerror(errno));
    if (fstat(fd, &info) != 0)
        status = cake_fail(error, CAKE_E_IO, "%s: %s", path, strerror(errno));
    else if (!S_ISREG(info.st_mode))
        status = cake_fail(error, CAKE_E_USAGE, "%s: expected a regular file", path);
    else
        status = hash(fd, path, found.sha256, error);
    if (status == CAKE_OK) {
        read_build_id(fd, found.build_id);
        *identity = found;
    }
    close(fd);
    return status;
}
