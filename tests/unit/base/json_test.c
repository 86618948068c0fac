#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static void assert_literal(const char *text, size_t n, const char *literal)
{
    struct dl_buf out;
    dl_buf_init(&out, 4096);
    dl_json_put_string(&out, dl_view_of(text, n));
    assert_int_equal(dl_buf_err(&out), DL_OK);
    assert_int_equal(out.n, strlen(literal));
    assert_memory_equal(out.p, literal, out.n);
    dl_buf_fini(&out);
}

static void plain_text_of_every_length_stands_as_it_is(void **state)
{
    (void)state;
    static const char text[] = "abcdefghijklmnopqrstuvwxyz !#[]~";
    char literal[64];
    for (size_t n = 0; n < sizeof text; n++) {
        literal[0] = '"';
        memcpy(literal + 1, text, n);
        memcpy(literal + 1 + n, "\"", 2);
        assert_literal(text, n, literal);
    }
}

static void what_needs_an_escape_is_escaped_wherever_it_stands(void **state)
{
    (void)state;
    static const struct {
        const char *octets, *literal;
    } pieces[] = {{"\"", "\\\""},
                  {"\\", "\\\\"},
                  {"\n", "\\n"},
                  {"\x1F", "\\u001f"},
                  {"\x7F", "\x7F"},
                  {"\xC3\xA9", "\xC3\xA9"},
                  {"\xFF", "\xEF\xBF\xBD"},
                  {"\xE8\x8A\xAC", "\xE8\x8A\xAC"}};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        for (size_t at = 0; at < 20; at++) {
            char text[64];
            char literal[64] = "\"";
            memset(text, 'x', sizeof text);
            memset(literal + 1, 'x', at);
            memcpy(text + at, pieces[i].octets, strlen(pieces[i].octets));
            strcpy(literal + 1 + at, pieces[i].literal);
            strcat(literal, "xx\"");
            assert_literal(text, at + strlen(pieces[i].octets) + 2, literal);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_text_of_every_length_stands_as_it_is),
        cmocka_unit_test(what_needs_an_escape_is_escaped_wherever_it_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
