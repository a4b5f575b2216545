/* For code that hands out parts of memory of its own: with AddressSanitizer, what is not handed out
 * is poisoned, so that a stray access is seen as it would be with malloc. Private to base/. */
#ifndef BASE_POISON_H
#define BASE_POISON_H

#if defined(__SANITIZE_ADDRESS__)
#define ASAN_POISONS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ASAN_POISONS 1
#endif
#endif

#ifdef ASAN_POISONS
#include <sanitizer/asan_interface.h>
#define POISON(p, n) ASAN_POISON_MEMORY_REGION((p), (n))
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION((p), (n))
#else
#define POISON(p, n) ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#endif

#endif
