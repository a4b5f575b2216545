/* A small catalogue, as the statement catalogue_load gives it. */
#ifndef FUZZ_SMALL_CATALOGUE_H
#define FUZZ_SMALL_CATALOGUE_H

#define BAY "0198a000-0000-7000-8000-0000000000a1"
#define SAC "0198a000-0000-7000-8000-0000000000a2"

/* clang-format off */
static const char catalogue_json[] = "{\"version\":7,\"stations\":["
    "{\"id\":\"" BAY "\",\"code\":\"bay\",\"name\":\"Bay\",\"time_zone\":\"America/Los_Angeles\","
     "\"lat_e5\":3735350,\"lon_e5\":-12188650,\"radius_miles\":100,\"travel_mph\":35,"
     "\"setup_minutes\":30,\"teardown_minutes\":30,\"lead_time_hours\":48,\"active\":true},"
    "{\"id\":\"" SAC "\",\"code\":\"sac\",\"name\":\"Sac\",\"time_zone\":\"America/Los_Angeles\","
     "\"lat_e5\":3858100,\"lon_e5\":-12149400,\"radius_miles\":80,\"travel_mph\":35,"
     "\"setup_minutes\":30,\"teardown_minutes\":30,\"lead_time_hours\":48,\"active\":true}],"
    "\"items\":["
    "{\"code\":\"sake_bar\",\"name\":\"Sake bar\",\"kind\":\"addon\",\"unit\":\"per_event\","
     "\"price_cents\":12000,\"max_quantity\":1},"
    "{\"code\":\"noodles\",\"name\":\"Noodles\",\"kind\":\"addon\",\"unit\":\"per_guest\","
     "\"price_cents\":501,\"max_quantity\":50},"
    "{\"code\":\"gyoza\",\"name\":\"Gyoza\",\"kind\":\"dish\",\"unit\":\"each\","
     "\"price_cents\":100000000,\"max_quantity\":1000000}],"
    "\"prices\":["
    "{\"code\":\"adult_price\",\"station\":null,\"from\":\"\",\"value\":5500},"
    "{\"code\":\"adult_price\",\"station\":\"" SAC "\",\"from\":\"2027-02-01\",\"value\":5000},"
    "{\"code\":\"adult_price\",\"station\":\"" SAC "\",\"from\":\"2027-03-01\",\"value\":null},"
    "{\"code\":\"child_price\",\"station\":null,\"from\":\"\",\"value\":3000},"
    "{\"code\":\"minimum_spend\",\"station\":null,\"from\":\"\",\"value\":55000},"
    "{\"code\":\"travel_free_miles\",\"station\":null,\"from\":\"\",\"value\":30},"
    "{\"code\":\"travel_per_mile\",\"station\":null,\"from\":\"\",\"value\":200},"
    "{\"code\":\"road_factor\",\"station\":null,\"from\":\"\",\"value\":12000},"
    "{\"code\":\"deposit\",\"station\":null,\"from\":\"\",\"value\":10000},"
    "{\"code\":\"deposit_share\",\"station\":null,\"from\":\"\",\"value\":2500}],"
    "\"peaks\":["
    "{\"label\":\"Saturday\",\"station\":null,\"weekdays\":[6],\"from\":\"\",\"until\":\"\","
     "\"surcharge_bp\":500},"
    "{\"label\":\"Sac fair\",\"station\":\"" SAC "\",\"weekdays\":[],\"from\":\"2027-07-04\","
     "\"until\":\"2027-07-04\",\"surcharge_bp\":5000}]}";
/* clang-format on */

static const char catalogue_zips[] = "94301 3744430 -12214970\n95112 3735350 -12188650\n"
                                     "95814 3858100 -12149400\n96001 4055400 -12241800";

#endif
