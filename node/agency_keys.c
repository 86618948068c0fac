#include "node/agency_keys.h"
#include "base/encoding.h"
#include "certs/identity.h"
#include "node/file.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { KEY_FILE = 128, DAY_MS = 86400000 };

static enum dl_err check_mode(const char *path, bool folder, struct dl_error *error)
{
    struct stat st;
    if (lstat(path, &st) != 0) {
        dl_error_set(error, DL_E_KEY, NULL, "%s is not there", path);
        return dl_error_hint(error,
                             "restore it from a backup; without its keys the agency must be made "
                             "and paired anew");
    }
    if ((st.st_mode & 077) != 0 || S_ISLNK(st.st_mode) || S_ISDIR(st.st_mode) != folder) {
        dl_error_set(error, DL_E_KEY_MODE, NULL, "others can read %s (mode %04o), or it is a link",
                     path, (unsigned)(st.st_mode & 07777));
        return dl_error_hint(error, "chmod %s %s", folder ? "0700" : "0600", path);
    }
    return DL_OK;
}

static enum dl_err read_key(const char *dir, const char *name, struct dl_secret_key *out,
                            struct dl_error *error)
{
    char path[DL_FILE_PATH];
    struct dl_buf text;
    dl_file_join(path, dir, name);
    DL_TRY(check_mode(path, false, error));
    dl_buf_init(&text, KEY_FILE);
    enum dl_err err = dl_file_read(path, KEY_FILE, &text, error);
    bool large = err == DL_E_TOO_LARGE;
    struct dl_view digits = dl_buf_view(&text);
    if (digits.n > 0 && digits.p[digits.n - 1] == '\n') {
        digits.n--;
    }
    if (large || (err == DL_OK && dl_hex_decode(digits, out->b, sizeof out->b) != DL_OK)) {
        err = dl_error_set(error, DL_E_KEY, NULL, "%s is not a key: 64 hex digits are expected",
                           path);
    }
    dl_buf_fini(&text);
    return err;
}

static enum dl_err write_key(const char *dir, const char *name, const struct dl_secret_key *key,
                             struct dl_error *error)
{
    char path[DL_FILE_PATH];
    char text[66];
    dl_file_join(path, dir, name);
    dl_hex_encode(dl_view_of(key->b, sizeof key->b), text);
    text[64] = '\n';
    enum dl_err err = dl_file_write(path, 0600, dl_view_of(text, 65), error);
    dl_wipe(text, sizeof text);
    return err;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void fill_random(void *p, size_t n)
{
    ssize_t got = getrandom(p, n, 0);
    DL_ASSERT(got == (ssize_t)n, "the system gives randomness");
}

static enum dl_err make_certificate(const char *dir, struct dl_certificate_request *request,
                                    const char *name, struct dl_buf *der, struct dl_error *error)
{
    char path[DL_FILE_PATH];
    dl_file_join(path, dir, name);
    fill_random(request->serial, sizeof request->serial);
    dl_buf_reset(der);
    enum dl_err err = dl_certificate_make(request, der);
    if (err != DL_OK) {
        return dl_error_set(error, err, NULL, "a certificate cannot be made from the keys in %s",
                            dir);
    }
    return dl_file_write(path, 0600, dl_buf_view(der), error);
}

enum dl_err dl__agency_make_keys(const char *dir, const char *agency, struct dl_error *error)
{
    static const char *const names[] = {"ca.key", "tls.key", "journal.key", "receipt.key"};
    struct dl_secret_key keys[4];
    struct dl_buf ca;
    struct dl_buf certificate;
    fill_random(keys, sizeof keys);
    dl_buf_init(&ca, 8192);
    dl_buf_init(&certificate, 8192);
    enum dl_err err = DL_OK;
    for (size_t i = 0; i < 4 && err == DL_OK; i++) {
        err = write_key(dir, names[i], &keys[i], error);
    }
    struct dl_certificate_request request = {
        .agency = agency, .ca_key = &keys[0], .from_ms = now_ms(), .days = DL_CA_DAYS};
    err = err == DL_OK ? make_certificate(dir, &request, "ca.der", &ca, error) : err;
    struct dl_certificate_request node = {.agency = agency,
                                          .ca_key = &keys[0],
                                          .tls_key = &keys[1],
                                          .ca = dl_buf_view(&ca),
                                          .from_ms = now_ms(),
                                          .days = DL_CERTIFICATE_DAYS};
    err = err == DL_OK ? make_certificate(dir, &node, "tls.der", &certificate, error) : err;
    dl_wipe(keys, sizeof keys);
    dl_buf_fini(&ca);
    dl_buf_fini(&certificate);
    return err;
}

enum dl_err dl_agency_keys_renew(const struct dl_renewal *renewal, bool *renewed,
                                 struct dl_buf *der, struct dl_error *error)
{
    char keys[DL_FILE_PATH];
    char path[DL_FILE_PATH + 16];
    struct dl_certificate_facts facts;
    struct dl_secret_key ca_key;
    struct dl_secret_key tls_key;
    struct dl_buf ca;
    *renewed = false;
    dl_buf_init(&ca, 8192);
    dl_file_join(keys, renewal->dir, "keys");
    snprintf(path, sizeof path, "%s/tls.der", keys);
    enum dl_err err = dl_file_read(path, 8192, der, error);
    err = err == DL_OK ? dl_certificate_facts(dl_buf_view(der), &facts) : err;
    // also one that is made in the future: the clock was wrong then
    bool due =
        err == DL_OK && (facts.until_ms - renewal->now_ms < (int64_t)renewal->days * DAY_MS ||
                         facts.from_ms > renewal->now_ms);
    if (due) {
        snprintf(path, sizeof path, "%s/ca.der", keys);
        err = read_key(keys, "ca.key", &ca_key, error);
        err = err == DL_OK ? read_key(keys, "tls.key", &tls_key, error) : err;
        err = err == DL_OK ? dl_file_read(path, 8192, &ca, error) : err;
        struct dl_certificate_request request = {.agency = facts.agency,
                                                 .ca_key = &ca_key,
                                                 .tls_key = &tls_key,
                                                 .ca = dl_buf_view(&ca),
                                                 .from_ms = renewal->now_ms,
                                                 .days = DL_CERTIFICATE_DAYS};
        err = err == DL_OK ? make_certificate(keys, &request, "tls.der", der, error) : err;
        *renewed = err == DL_OK;
        dl_wipe(&ca_key, sizeof ca_key);
        dl_wipe(&tls_key, sizeof tls_key);
    }
    dl_buf_fini(&ca);
    return err;
}

static enum dl_err read_der(const char *dir, const char *name, struct dl_buf *out,
                            struct dl_error *error)
{
    char path[DL_FILE_PATH];
    dl_file_join(path, dir, name);
    DL_TRY(check_mode(path, false, error));
    return dl_file_read(path, DL_LIMIT_CERTIFICATE, out, error);
}

enum dl_err dl__agency_read_keys(const char *dir, struct dl_agency_config *config,
                                 struct dl_buf *ca, struct dl_buf *certificate,
                                 struct dl_error *error)
{
    char keys[DL_FILE_PATH];
    char ca_key[DL_FILE_PATH];
    dl_file_join(keys, dir, "keys");
    DL_TRY(check_mode(keys, true, error));
    dl_file_join(ca_key, keys, "ca.key");
    if (access(ca_key, F_OK) == 0) { // it may be kept elsewhere: only renewing needs it
        DL_TRY(check_mode(ca_key, false, error));
    }
    DL_TRY(read_key(keys, "journal.key", &config->journal_key, error));
    DL_TRY(read_key(keys, "receipt.key", &config->receipt_key, error));
    DL_TRY(read_key(keys, "tls.key", &config->tls_key, error));
    DL_TRY(read_der(keys, "ca.der", ca, error));
    DL_TRY(read_der(keys, "tls.der", certificate, error));
    config->ca = dl_buf_view(ca);
    config->certificate = dl_buf_view(certificate);
    return DL_OK;
}
