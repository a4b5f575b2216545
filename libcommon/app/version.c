/* Which version this is, compiled anew whenever that changes, and nothing else with it. */
#include "app.h"

const char app_version[] = VERSION;
const char app_user_agent[] = "myhibachi/" VERSION;
const int app_schema = SCHEMA;
