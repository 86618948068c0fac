/* Any octets as requests to the structure worker: the first octets say what is wanted, the rest is
 * the structure. Behind the decoder stand the real library and one rule, so that what it lets
 * through is read, matched, cut and drawn. Answers must be such as the other side can decode.
 *
 * The watchdog and the limits of the worker's process (structure_worker_fence.c) are not here: what
 * outlasts them is libFuzzer's to find. */
#include "registry/structure_worker.h"
#include "registry/worker.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* RDKit's MOL reader leaks what it had made when it throws; what the worker makes itself is still
 * looked after. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libRDKit\n";
}

enum { TEXT_MAX = 600, ANSWER_MAX = 4 * 1024 * 1024 };

static const char CLASSES[] =
    "{\"classes\":{\"alkyl\":{\"root\":\"[CX4;!R]\",\"only\":\"[CX4]\",\"chain\":[1,8]},"
    "\"halogen\":{\"root\":\"[F,Cl,Br,I]\",\"heavy\":[1,1]},"
    "\"any\":{\"any\":[\"alkyl\",\"halogen\"],\"lacks\":\"[#7]\"}}}";
static const char RULE[] =
    "{\"id\":\"R\",\"jurisdiction\":\"XX\",\"from\":\"2020-01-01\",\"title\":\"T\","
    "\"version\":\"1\",\"wording\":{\"en\":\"w\",\"level\":\"l\"},\"tests\":{},"
    "\"instrument\":\"I\",\"listings\":[[\"X\",\"1\"]],\"scaffolds\":[{\"name\":\"s\","
    "\"smarts\":[\"[#6:1]~[#6:2]\",\"[c:1]1[c:2]cccc1\"],\"lacks\":\"[$(C=O)]\","
    "\"free\":\"open\",\"open\":\"why\",\"positions\":[{\"name\":\"p\",\"on\":[1],"
    "\"original\":[\"halogen\"],\"allow\":[{\"clause\":\"1\",\"classes\":[\"alkyl<=4\"]},"
    "{\"clause\":\"2\",\"open\":\"why\",\"classes\":[\"any\"]}]}]}]}";

/* Instead of structure_worker_fence.c. */
bool dl__fence_limits(void)
{
    return true;
}

bool dl__fence_calls(void)
{
    return true;
}

void dl__fence_watch(bool on)
{
    (void)on;
}

static void answer(struct dl__desk *desk, struct dl_view request, struct dl_buf *out)
{
    dl_buf_reset(out);
    dl__desk_answer(desk, request, out);
    DL_ASSERT(dl_buf_err(out) == DL_OK, "an answer within its limit");
}

static struct dl__desk *desk_with_rules(struct dl_buf *out)
{
    static struct dl__desk desk;
    if (desk.engine == NULL) {
        struct dl_buf request;
        const char *const blocks[] = {"classes.json", CLASSES, "rule.json", RULE};
        bool started = chem_start();
        DL_ASSERT(started, "the library starts");
        dl_buf_init(&request, 64 * 1024);
        dl_buf_u8(&request, DL_WIRE_RULES);
        for (size_t i = 0; i < 4; i++) {
            size_t block = dl_buf_block_open(&request);
            dl_buf_put_str(&request, blocks[i]);
            dl_buf_block_close(&request, block);
        }
        answer(&desk, dl_buf_view(&request), out);
        DL_ASSERT(out->p[0] == DL_WIRE_OK, "our own rules are valid");
        dl_buf_fini(&request);
    }
    return &desk;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct dl_buf out;
    static struct dl_worker_answer decoded; /* large */
    struct dl_buf request;
    if (out.max == 0) {
        dl_buf_init(&out, ANSWER_MAX);
    }
    struct dl__desk *desk = desk_with_rules(&out);
    if (size == 0 || size > TEXT_MAX) {
        return 0;
    }
    if (data[0] & 0x80) { /* as it stands: the frame may be wrong; rules are not taken from here */
        if (size > 1 && data[1] != DL_WIRE_RULES) {
            answer(desk, dl_view_of(data + 1, size - 1), &out);
        }
        return 0;
    }
    dl_buf_init(&request, 2 * TEXT_MAX);
    dl_buf_u8(&request, DL_WIRE_ASK);
    dl_buf_u8(&request, data[0]);
    dl_buf_u16(&request, DL_WIRE_NO_RULE);
    size_t block = dl_buf_block_open(&request);
    dl_buf_put(&request, data + 1, size - 1);
    dl_buf_block_close(&request, block);
    answer(desk, dl_buf_view(&request), &out);
    enum dl_err err = dl_worker_decode(dl_buf_view(&out), desk->rules, &decoded);
    DL_ASSERT(err == DL_OK, "an answer that the other side can decode");
    dl_buf_fini(&request);
    return 0;
}
