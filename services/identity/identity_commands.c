/* Commands of the program: the first accounts, and the keys that tokens are signed with. */
#include <stdio.h>

#include "common/clock.h"
#include "identity.h"
#include "password_policy.h"

#define JWKS_BYTES 65536
#define EXIT_USAGE 64 /* EX_USAGE of sysexits.h */

/* --- create-user
 * ---------------------------------------------------------------------------------- */

struct new_user {
    const char *email, *role, *station, *id, *name;
    char made_id[UUID_SIZE];
    char password[4 * PASSWORD_MAX + 2];
    char hash[PASSWORD_HASH_SIZE];
};

static int complain(const char *what)
{
    fprintf(stderr, "create-user: %s\n", what);
    return EXIT_USAGE;
}

static int options_read(struct new_user *u, int argc, char **argv)
{
    const struct {
        const char *name;
        const char **value;
    } options[] = {{"--email", &u->email},
                   {"--role", &u->role},
                   {"--station", &u->station},
                   {"--id", &u->id},
                   {"--name", &u->name}};
    for (int i = 1; i < argc; i += 2) {
        size_t o = 0;
        while (o < ARRAY_LEN(options) && strcmp(argv[i], options[o].name) != 0)
            o++;
        if (o == ARRAY_LEN(options) || i + 1 == argc)
            return complain("--email ADDRESS --role ROLE [--station ID] [--id ID] [--name NAME]; "
                            "the password comes on standard input");
        *options[o].value = argv[i + 1];
    }
    if (!u->email || !str_is_email(str_of(u->email)))
        return complain("--email is no e-mail address");
    if (!u->role)
        return complain("--role is missing");
    if ((u->id && !str_is_uuid(str_of(u->id))) || (u->station && !str_is_uuid(str_of(u->station))))
        return complain("--id and --station are UUIDs");
    if (!u->name)
        u->name = u->role;
    if (!u->id) {
        uuid_v7(clock_wall_us() / USEC_PER_MSEC, u->made_id);
        u->id = u->made_id;
    }
    return 0;
}

static int password_read(struct new_user *u)
{
    if (!fgets(u->password, sizeof(u->password), stdin))
        return complain("the password comes on standard input");
    u->password[strcspn(u->password, "\r\n")] = '\0';
    struct str password = str_of(u->password);
    size_t n = str_is_utf8(password) ? str_utf8_len(password) : 0;
    if (n < PASSWORD_MIN || n > PASSWORD_MAX)
        return complain("the password has to be 12 to 128 characters long");
    const char *problem = password_problem(password, u->email, u->name);
    if (problem) {
        fprintf(stderr, "create-user: the password %s\n", problem);
        return EXIT_USAGE;
    }
    return password_hash(password, u->hash) == ERR_OK ? 0 : complain("out of memory");
}

static int ensured_print(const struct pg_result *result, const char *email)
{
    enum err e = pg_result_err(result);
    if (e != ERR_OK) {
        const char *detail = pg_result_detail(result);
        fprintf(stderr, "create-user: %s: %s %s\n", email, err_title(e), detail ? detail : "");
        return 1;
    }
    const char *id = pg_first(result, "id"), *created = pg_first(result, "created");
    fprintf(stdout, "%s %s\n", id, created && created[0] == 't' ? "created" : "kept");
    return 0;
}

static int create_user(struct svc *svc, int argc, char **argv)
{
    struct new_user u = {0};
    int status = options_read(&u, argc, argv);
    if (status == 0)
        status = password_read(&u);
    if (status != 0)
        return status;
    char ctx[COMMAND_CTX_SIZE];
    struct pg_args args =
        PG_ARGS(command_ctx("create-user", ctx), u.id, u.email, u.name, u.role, u.station, u.hash);
    struct pg_result *result = command_pg(svc, &sql_account_ensure, args);
    if (!result)
        return complain("the database is not there");
    status = ensured_print(result, u.email);
    pg_result_free(result);
    return status;
}

/* --- keys
 * ------------------------------------------------------------------------------------------ */

static int print_and_free(struct buf *b)
{
    bool ok = buf_err(b) == ERR_OK && fputs(b->data, stdout) >= 0 && fputc('\n', stdout) == '\n' &&
              fflush(stdout) == 0;
    buf_free(b);
    return ok ? 0 : 1;
}

static int keygen(struct svc *svc UNUSED, int argc UNUSED, char **argv UNUSED)
{
    struct buf jwks = BUF_INIT(JWKS_BYTES);
    if (token_key_generate(&jwks) != ERR_OK) {
        buf_free(&jwks);
        fputs("keygen: no key could be made\n", stderr);
        return 1;
    }
    return print_and_free(&jwks);
}

static int public_jwks(struct svc *svc UNUSED, int argc UNUSED, char **argv UNUSED)
{
    struct buf in = BUF_INIT(JWKS_BYTES), out = BUF_INIT(JWKS_BYTES);
    char chunk[4096];
    for (size_t n = fread(chunk, 1, sizeof(chunk), stdin); n;
         n = fread(chunk, 1, sizeof(chunk), stdin))
        buf_add(&in, chunk, n);
    struct token_keys *keys = NULL;
    const char *why = "it is too long";
    enum err e = buf_err(&in);
    if (e == ERR_OK)
        e = token_keys_parse(in.data ? in.data : "", &keys, &why);
    buf_free(&in);
    if (e != ERR_OK) {
        fprintf(stderr, "public-jwks: standard input is no JWK set of ours: %s\n", why);
        return 1;
    }
    token_keys_public(keys, &out);
    token_keys_free(keys);
    return print_and_free(&out);
}

/* clang-format off */
const struct command identity_commands[] = {
    {.name = "create-user",
     .prose = "--email A --role R [--station ID] [--id ID] [--name N]: makes an account, or adds "
              "the role to the one that is there; the password on standard input",
     .run = create_user},
    {.name = "keygen", .prose = "prints a new private JWK set", .offline = true, .run = keygen},
    {.name = "public-jwks", .prose = "prints the public part of the JWK set on standard input",
     .offline = true, .run = public_jwks},
    {.name = "reseal",
     .prose = "queues the job that seals MFA secrets with the newest key of KEYRING, and prints "
              "how many have an older one",
     .run = reseal_command},
};
/* clang-format on */

const size_t identity_n_commands = ARRAY_LEN(identity_commands);
