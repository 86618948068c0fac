/* Link tests: a question and an answer, each signed with its agency's receipt key over a text that
 * names its purpose, so that no test can be taken for a receipt ("cosignature/v1") or a checkpoint
 * (whose first line is an origin). The words are the agreed harmless ones, in both scripts.
 *
 *     directline/link-test/1            directline/link-test-reply/1
 *     <from>                            <from>
 *     <to>                              <to>
 *     <nonce, 32 hex digits>            <SHA-256 of the question's text, hex>
 *     <time, RFC 3339>                  <time>
 *     Link test 线路测试                Link test 线路测试
 *
 * Each line ends with LF.
 */
#include "protocol/session_internal.h"

#include "base/encoding.h"

#include <string.h>

static const char question_purpose[] = "directline/link-test/1";
static const char reply_purpose[] = "directline/link-test-reply/1";
static const char words[] = "Link test 线路测试";

struct test_text {
    const char *purpose, *from, *to;
    struct dl_view mark; /* nonce or digest, as octets */
};

static struct dl_view write_text(const struct test_text *text, int64_t unix_ms, struct dl_buf *out)
{
    char hex[2 * 32 + 1];
    char time[DL_TIME_TEXT];
    DL_ASSERT(text->mark.n <= 32, "a nonce or a digest");
    dl_hex_encode(text->mark, hex);
    dl_time_encode(unix_ms, time);
    dl_buf_reset(out);
    dl_buf_printf(out, "%s\n%s\n%s\n%s\n%s\n%s\n", text->purpose, text->from, text->to, hex, time,
                  words);
    DL_ASSERT(dl_buf_err(out) == DL_OK, "the parts are short");
    return dl_buf_view(out);
}

static bool take_line(struct dl_view *rest, struct dl_view *line)
{
    const uint8_t *end = rest->n == 0 ? NULL : memchr(rest->p, '\n', rest->n);
    if (end == NULL) {
        return false;
    }
    *line = dl_view_of(rest->p, (size_t)(end - rest->p));
    *rest = dl_view_of(end + 1, rest->n - line->n - 1);
    return true;
}

/* The text has exactly the form above; `mark` (n octets) is taken out of it. */
static bool read_text(struct dl_view text, const struct test_text *expected, uint8_t *mark,
                      size_t n)
{
    enum { PURPOSE, FROM, TO, MARK, TIME, WORDS, LINES };
    struct dl_view line[LINES];
    int64_t time = 0;
    for (int i = 0; i < LINES; i++) {
        if (!take_line(&text, &line[i])) {
            return false;
        }
    }
    return text.n == 0 && dl_view_is(line[PURPOSE], expected->purpose) &&
           dl_view_is(line[FROM], expected->from) && dl_view_is(line[TO], expected->to) &&
           dl_hex_decode(line[MARK], mark, n) == DL_OK &&
           dl_time_decode(line[TIME], &time) == DL_OK && dl_view_is(line[WORDS], words);
}

void dl__test_start(struct dl_session *s, struct dl_view nonce)
{
    struct dl__test *test = &s->test;
    DL_ASSERT(nonce.n == 16, "16 random octets");
    if (!dl__is_open(s) || test->running) {
        return;
    }
    struct test_text text = {question_purpose, s->us, s->peer, nonce};
    struct dl_msg_test msg = {.text = write_text(&text, s->unix_ms, &test->text)};
    test->running = true;
    test->unanswered++;
    test->began = s->now;
    msg.signature = dl_signer_sign(s->signer, msg.text);
    test->signature = msg.signature;
    dl_msg_test_encode(&s->out, DL_FRAME_TEST, &msg);
}

/* Signed by the peer's receipt key, in the expected form. */
static enum dl_err check_test(const struct dl_session *s, const struct dl_msg_test *msg,
                              const char *purpose, uint8_t *mark)
{
    struct test_text expected = {.purpose = purpose, .from = s->peer, .to = s->us};
    size_t n = purpose == question_purpose ? 16 : 32;
    if (!read_text(msg->text, &expected, mark, n)) {
        return DL_E_PROTOCOL;
    }
    return dl_verifier_check(s->peer_receipt_verifier, msg->text, &msg->signature);
}

static void tested(struct dl_session *s, const struct dl_update_test *result)
{
    s->update->flags |= DL_UPDATE_TESTED;
    s->update->test = *result;
}

void dl__test_heard(struct dl_session *s, struct dl_view body)
{
    struct dl_msg_test question;
    uint8_t nonce[32];
    enum dl_err err = dl_msg_test_decode(body, &question);
    if (err == DL_OK) {
        err = check_test(s, &question, question_purpose, nonce);
    }
    if (err != DL_OK) {
        dl__session_close(s, err, "a link test: %s", dl_err_text(err));
        return;
    }
    struct dl_hash digest = dl_sha256(question.text);
    struct test_text text = {reply_purpose, s->us, s->peer, dl_view_of(digest.b, 32)};
    struct dl_msg_test reply = {.text = write_text(&text, s->unix_ms, &s->test.reply)};
    reply.signature = dl_signer_sign(s->signer, reply.text);
    dl_msg_test_encode(&s->out, DL_FRAME_TEST_REPLY, &reply);
    struct dl_update_test result = {.incoming = true,
                                    .ok = true,
                                    .text = question.text,
                                    .reply = reply.text,
                                    .signature = {question.signature, reply.signature}};
    tested(s, &result);
}

void dl__test_reply_heard(struct dl_session *s, struct dl_view body)
{
    struct dl__test *test = &s->test;
    struct dl_msg_test reply;
    struct dl_hash answered;
    enum dl_err err = dl_msg_test_decode(body, &reply);
    if (err == DL_OK) {
        err = check_test(s, &reply, reply_purpose, answered.b);
    }
    if (err != DL_OK) {
        dl__session_close(s, err, "the reply to a link test: %s", dl_err_text(err));
        return;
    }
    test->unanswered--;
    struct dl_view text = dl_buf_view(&test->text);
    struct dl_hash digest = dl_sha256(text);
    if (!test->running || !dl_hash_equal(&digest, &answered)) {
        return; /* of a test that was given up */
    }
    test->running = false;
    struct dl_update_test result = {.ok = true,
                                    .ms = s->now - test->began,
                                    .text = text,
                                    .reply = reply.text,
                                    .signature = {test->signature, reply.signature}};
    tested(s, &result);
}

void dl__test_late(struct dl_session *s)
{
    struct dl__test *test = &s->test;
    test->running = false;
    struct dl_update_test result = {.ms = s->now - test->began,
                                    .text = dl_buf_view(&test->text),
                                    .signature = {test->signature}};
    tested(s, &result);
}
