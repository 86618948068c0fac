/* The worked trace of PROTOCOL.md is what the code says, octet by octet: two agencies meet for the
 * first time, cn sends one message, us receipts it. The keys are Ed25519 seeds of one repeated
 * octet, as PROTOCOL.md says. What differs is written to session_trace.txt in the build directory.
 */
#include "tests/unit/protocol/session_pair.h"

static struct dl_buf trace;

static void put_line(const uint8_t *p, size_t n, size_t at)
{
    dl_buf_printf(&trace, "    %04zx ", at);
    for (size_t i = 0; i < 16; i++) {
        if (i < n) {
            dl_buf_printf(&trace, " %02x", p[i]);
        } else {
            dl_buf_put_str(&trace, "   ");
        }
    }
    dl_buf_put_str(&trace, "  ");
    for (size_t i = 0; i < n; i++) {
        dl_buf_u8(&trace, p[i] >= 0x20 && p[i] < 0x7f ? p[i] : '.');
    }
    dl_buf_u8(&trace, '\n');
}

/* Every frame that waits for this side, written down. */
static void write_down(const struct side *to)
{
    struct dl_view rest = dl_buf_view(&to->inbox);
    while (rest.n > 0) {
        struct dl_frame frame;
        size_t used = 0;
        assert_int_equal(dl_frame_read(rest, DL_LIMIT_FRAME, &frame, &used), DL_OK);
        assert_true(used > 0);
        dl_buf_printf(&trace, "    %s to %s: %s, %zu octets\n", to->other->name, to->name,
                      dl_frame_name(frame.type), used);
        for (size_t i = 0; i < used; i += 16) {
            put_line(rest.p + i, used - i < 16 ? used - i : 16, i);
        }
        rest = dl_view_of(rest.p + used, rest.n - used);
    }
}

static void turn(struct side *side)
{
    write_down(side);
    deliver(side);
    commit(side);
}

static void make_trace(void)
{
    open_side(&world.cn);
    open_side(&world.us);
    turn(&world.us);
    turn(&world.cn);
    turn(&world.us);
    submit(&world.cn, 1);
    turn(&world.us);
    turn(&world.cn);
    assert_non_null(strstr(world.log, "cn receipt 1\n"));
}

static char *read_whole(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = calloc(1, 256 * 1024);
    assert_non_null(file);
    assert_non_null(text);
    assert_true(fread(text, 1, 256 * 1024 - 1, file) > 0);
    fclose(file);
    return text;
}

static void the_worked_trace_is_what_the_code_says(void **state)
{
    (void)state;
    dl_buf_init(&trace, 64 * 1024);
    make_trace();
    dl_buf_u8(&trace, 0);
    char *document = read_whole(DL_TESTS_DIR "/../protocol/PROTOCOL.md");
    bool same = strstr(document, (const char *)trace.p) != NULL;
    if (!same) {
        FILE *file = fopen(DL_BUILD_DIR "/session_trace.txt", "wb");
        assert_non_null(file);
        fwrite(trace.p, 1, trace.n - 1, file);
        fclose(file);
    }
    free(document);
    dl_buf_fini(&trace);
    assert_true(same);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_worked_trace_is_what_the_code_says, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
