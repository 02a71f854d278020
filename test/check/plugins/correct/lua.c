/* lua - runs a script for each input in a Lua state of the instance.
 *
 * INPUT   any bytes, as the argument of the script.
 * RESULT  the string that the script returns: the words in reverse order. */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "tenon.h"

static const char SCRIPT[] =
    "local words = {}\n"
    "for word in (...):gmatch('%S+') do table.insert(words, 1, word) end\n"
    "return table.concat(words, ' ')\n";

static tenon_status script_new(const tenon_host *host, const uint8_t *config, size_t config_len, void **state,
                               tenon_out *error) {
  (void)host, (void)config, (void)config_len;
  lua_State *lua = luaL_newstate();
  if (lua == NULL) return tenon_fail(error, TENON_NO_MEMORY, "no memory for Lua");
  luaL_openlibs(lua);
  if (luaL_loadstring(lua, SCRIPT) != LUA_OK) {
    lua_close(lua);
    return tenon_fail(error, TENON_FAILED, "the script is damaged");
  }
  *state = lua; /* the script is the only value on the stack */
  return TENON_OK;
}

static void script_drop(void *state) {
  lua_close(state);
}

static int push_and_run(lua_State *lua) {
  lua_call(lua, 1, 1);
  return 1;
}

static tenon_status script_run(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  lua_State *lua = state;
  if (in_len > 1000000) return tenon_fail(out, TENON_INVALID, "the input is larger than a million bytes");
  lua_pushcfunction(lua, push_and_run);
  lua_pushvalue(lua, 1);
  lua_pushlstring(lua, in_len == 0 ? "" : (const char *)in, in_len);
  int code = lua_pcall(lua, 2, 1, 0);
  size_t size = 0;
  const char *result = lua_tolstring(lua, -1, &size);
  tenon_status status = code == LUA_OK && result != NULL ? tenon_write(out, result, size)
                                                         : tenon_fail(out, TENON_FAILED, "the script failed");
  lua_settop(lua, 1);
  return status;
}

TENON_PLUGIN_WITH("corpus-lua", "1.0.0", "", TENON_DETERMINISTIC, script_new, script_drop, script_run, NULL);
