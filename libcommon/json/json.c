/* JSON documents: text in, a tree that belongs to the caller's arena out.
 *
 * A document is accepted in three passes: the strict scanner (json_scan.c), cJSON for the tree,
 * then the member names, which can be compared only once their escapes are decoded.
 *
 * A struct json is a cJSON node by another name. The nodes are allocated by mem.h outside the
 * arena's budget; JSON_MAX_VALUES and the length of the text bound them. */
#include "common/json.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

#include "common/mem.h"
#include "json_scan.h"

#define MAX_EXACT 9007199254740992.0 /* 2^53 */
#define FEW_NAMES 16                 /* up to here comparing each with each is quicker */

struct json {
    cJSON node;
};

/* cJSON's hooks are process-global and may not change while a tree lives: so they are set before
 * main() and never again. */
__attribute__((constructor)) static void hooks_set(void)
{
    cJSON_InitHooks(&(cJSON_Hooks){.malloc_fn = mem_alloc, .free_fn = mem_free});
}

static void tree_free(void *tree)
{
    cJSON_Delete(tree);
}

static const struct json *from_node(const cJSON *node)
{
    return (const struct json *)node;
}

static int name_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* names has room for JSON_MAX_MEMBERS. Sorted, because whoever writes the names could make every
 * hash collide. */
static bool object_has_duplicates(const cJSON *object, const char **names)
{
    size_t n = 0;
    for (const cJSON *member = object->child; member; member = member->next)
        names[n++] = member->string;
    if (n <= FEW_NAMES) {
        for (size_t i = 1; i < n; i++)
            for (size_t j = 0; j < i; j++)
                if (strcmp(names[i], names[j]) == 0)
                    return true;
        return false;
    }
    qsort(names, n, sizeof(*names), name_compare);
    for (size_t i = 1; i < n; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            return true;
    return false;
}

static bool tree_has_duplicates(const cJSON *node, const char **names)
{
    if (cJSON_IsObject(node) && object_has_duplicates(node, names))
        return true;
    for (const cJSON *child = node->child; child; child = child->next)
        if (child->child && tree_has_duplicates(child, names))
            return true;
    return false;
}

static enum err malformed(const char **ret_why, const char *why)
{
    if (ret_why)
        *ret_why = why;
    return ERR_MALFORMED;
}

enum err json_parse(struct arena *a, struct str text, const struct json **ret_doc,
                    const char **ret_why)
{
    const char *why = json_scan(text);
    if (why)
        return malformed(ret_why, why);
    cJSON *tree = cJSON_ParseWithLengthOpts(text.p, text.n, NULL, /* require_nul= */ 0);
    if (!tree)
        return ERR_NO_MEMORY; /* the only reason left */
    enum err e = arena_defer(a, tree_free, tree);
    if (e != ERR_OK)
        return e;
    const char *names[JSON_MAX_MEMBERS];
    if (tree_has_duplicates(tree, names))
        return malformed(ret_why, "An object has two members of the same name");
    *ret_doc = from_node(tree);
    return ERR_OK;
}

enum json_type json_type(const struct json *j)
{
    switch (j->node.type & 0xFF) {
    case cJSON_False:
    case cJSON_True:
        return JSON_BOOL;
    case cJSON_Number:
        return JSON_NUMBER;
    case cJSON_String:
        return JSON_STRING;
    case cJSON_Array:
        return JSON_ARRAY;
    case cJSON_Object:
        return JSON_OBJECT;
    default:
        return JSON_NULL;
    }
}

const struct json *json_get(const struct json *object, const char *name)
{
    /* Not cJSON_GetObjectItem(), which ignores case. */
    return from_node(cJSON_GetObjectItemCaseSensitive(&object->node, name));
}

const struct json *json_first(const struct json *container)
{
    return from_node(container->node.child);
}

const struct json *json_next(const struct json *item)
{
    return from_node(item->node.next);
}

const char *json_name(const struct json *member)
{
    return member->node.string;
}

size_t json_count(const struct json *container)
{
    return (size_t)cJSON_GetArraySize(&container->node);
}

bool json_bool(const struct json *j)
{
    return cJSON_IsTrue(&j->node) != 0;
}

const char *json_string(const struct json *j)
{
    return j->node.valuestring;
}

double json_number(const struct json *j)
{
    return j->node.valuedouble;
}

enum err json_i64(const struct json *j, int64_t *ret_value)
{
    double value = j->node.valuedouble;
    if (!cJSON_IsNumber(&j->node) || !(value >= -MAX_EXACT && value <= MAX_EXACT))
        return ERR_INVALID;
    int64_t whole = (int64_t)value;
    if ((double)whole != value)
        return ERR_INVALID;
    *ret_value = whole;
    return ERR_OK;
}
