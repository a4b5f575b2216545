/* The checks of single values. Values and reasons belong to the caller's arena.
 *
 * The surprise: the upper bound of a text counts the characters as they were sent, the lower bound
 * what is left after cleaning. Both can be told by a schema (maxLength; a pattern), so that what
 * the printed schema accepts and what is accepted here are the same set. For the same reason
 * strings of a machine-made form (dates, UUIDs, codes) are taken exactly; only what people type is
 * trimmed. */
#include "field_check.h"

#include <assert.h>

#include "field_text.h"

#define MAX_EXACT 9007199254740992 /* 2^53 */

/* --- bounds --------------------------------------------------------------------------------- */

struct bounds field_bounds(const struct field *f)
{
    struct bounds b = {f->min, f->max};
    if (f->type == FIELD_STR) {
        b.min = b.min == 0 && (f->flags & FIELD_REQUIRED) ? 1 : b.min;
        b.max = b.max == 0 ? FIELD_STR_MAX : b.max;
    } else if (f->type == FIELD_LIST) {
        b.max = b.max == 0 ? JSON_MAX_MEMBERS : b.max;
    } else if (f->type == FIELD_INT) {
        b.min = b.min == 0 && b.max == 0 ? -MAX_EXACT : b.min;
        b.max = b.max == 0 && f->min >= 0 ? MAX_EXACT : b.max;
    }
    assert(b.min <= b.max);
    return b;
}

struct field field_item(const struct field *list)
{
    return (struct field){
        .type = list->sub ? FIELD_OBJECT : list->item,
        .sub = list->sub,
        .flags = (list->flags & (FIELD_RAW | FIELD_SECRET)) | FIELD_REQUIRED,
        .choices = list->choices,
        .pattern = list->pattern,
        .offset = FIELD_NOWHERE,
    };
}

static const char *length_reason(struct arena *a, struct bounds b)
{
    if (b.min == b.max)
        return arena_printf(a, "Must have %lld characters", (long long)b.min);
    if (b.min <= 1)
        return arena_printf(a, "Must have at most %lld characters", (long long)b.max);
    return arena_printf(a, "Must have %lld to %lld characters", (long long)b.min, (long long)b.max);
}

const char *field_range_reason(struct arena *a, const struct field *f)
{
    struct bounds b = field_bounds(f);
    if (f->type == FIELD_LIST)
        return arena_printf(a, "Must have %lld to %lld items", (long long)b.min, (long long)b.max);
    return arena_printf(a, "Must be a whole number from %lld to %lld", (long long)b.min,
                        (long long)b.max);
}

/* --- strings -------------------------------------------------------------------------------- */

static enum err refuse(const char **ret_reason, const char *reason)
{
    if (!reason)
        return ERR_TOO_LARGE;
    *ret_reason = reason;
    return ERR_INVALID;
}

static enum err take_str(struct arena *a, const struct field *f, const char *text,
                         const char **ret_value, const char **ret_reason)
{
    struct bounds bounds = field_bounds(f);
    const struct form *form = form_of_row(f);
    struct str s = str_of(text);
    if ((int64_t)str_utf8_len(s) > bounds.max)
        return refuse(ret_reason, length_reason(a, bounds));
    bool exact = form || (f->flags & FIELD_RAW);
    if (!exact && text_has_control(s))
        return refuse(ret_reason, "Must not contain control characters");
    char *value = exact ? arena_strdup(a, text) : text_clean(a, s);
    if (!value)
        return ERR_TOO_LARGE;
    if (!value[0] && bounds.min > 0)
        return refuse(ret_reason, "Must not be empty");
    if ((int64_t)str_utf8_len(str_of(value)) < bounds.min)
        return refuse(ret_reason, length_reason(a, bounds));
    if (form && !form->fn(s))
        return refuse(ret_reason, form->reason);
    if (!(f->flags & FIELD_SECRET) && text_has_card(value)) {
        *ret_reason = "Must not contain a card number";
        return ERR_CARD_NUMBER;
    }
    *ret_value = value;
    return ERR_OK;
}

static bool is_choice(const char *choices, struct str s)
{
    struct str rest = str_of(choices);
    while (rest.n)
        if (str_eq(str_cut(&rest, '|'), s))
            return true;
    return false;
}

static const char *choices_reason(struct arena *a, const char *choices)
{
    static const char start[] = "Must be one of: ";
    char *reason = arena_alloc(a, sizeof(start) + 2 * strlen(choices));
    if (!reason)
        return NULL;
    memcpy(reason, start, sizeof(start));
    char *end = reason + sizeof(start) - 1;
    for (const char *p = choices; *p; p++) {
        *end++ = *p == '|' ? ',' : *p;
        if (*p == '|')
            *end++ = ' ';
    }
    return reason;
}

enum err field_take_text(struct arena *a, const struct field *f, const char *text,
                         const char **ret_value, const char **ret_reason)
{
    struct str s = str_of(text);
    const struct form *form = form_of_type(f->type);
    if (f->type == FIELD_STR)
        return take_str(a, f, text, ret_value, ret_reason);
    if (f->type == FIELD_ENUM && !is_choice(f->choices, s))
        return refuse(ret_reason, choices_reason(a, f->choices));
    if (form && ((form->max && str_utf8_len(s) > (size_t)form->max) || !form->fn(s)))
        return refuse(ret_reason, form->reason);
    const char *value = form_normalised(a, f->type, s);
    if (!value)
        return ERR_TOO_LARGE;
    *ret_value = value;
    return ERR_OK;
}
