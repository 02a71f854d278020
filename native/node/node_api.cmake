# The target `tenon-node-api`: Node-API for an addon. The headers are those of npm's packages node-api-headers and
# node-addon-api: an installed package contains them in dist/headers, and in a checkout the Node.js that
# -DTENON_NODE=PROGRAM names looks them up. No headers of Node.js itself are needed.
find_program(TENON_NODE NAMES node DOC "The Node.js that looks up the packages with Node-API's headers")
set(tenon_repository "${CMAKE_CURRENT_LIST_DIR}/../..")

# Sets VARIABLE to a path that a JavaScript expression gives, with forward slashes.
function(tenon_ask_node variable expression)
  execute_process(COMMAND "${TENON_NODE}" -p "${expression}" WORKING_DIRECTORY "${tenon_repository}"
    RESULT_VARIABLE result OUTPUT_VARIABLE answer ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "The addon needs the npm packages node-api-headers and node-addon-api, and '${TENON_NODE}' does not "
      "find them. Install them with npm, name another Node.js with -DTENON_NODE=PROGRAM, or build without the addon with "
      "-DTENON_ADDON=OFF.")
  endif()
  file(TO_CMAKE_PATH "${answer}" answer)
  set(${variable} "${answer}" PARENT_SCOPE)
endfunction()

set(tenon_c_headers "${tenon_repository}/dist/headers")
if(EXISTS "${tenon_c_headers}/napi.h" AND NOT EXISTS "${tenon_repository}/scripts/build.mjs")
  set(tenon_cpp_headers "${tenon_c_headers}")
else()
  tenon_ask_node(tenon_c_headers "require('node-api-headers').include_dir")
  tenon_ask_node(tenon_cpp_headers "require('path').dirname(require.resolve('node-addon-api/napi.h'))")
endif()

add_library(tenon-node-api INTERFACE)
target_include_directories(tenon-node-api SYSTEM INTERFACE "${tenon_c_headers}" "${tenon_cpp_headers}")
target_compile_definitions(tenon-node-api INTERFACE NAPI_VERSION=8 BUILDING_NODE_EXTENSION)

# The functions are in the program that loads the addon.
if(APPLE)
  target_link_options(tenon-node-api INTERFACE -undefined dynamic_lookup)
elseif(WIN32)
  # native/node/windows_imports.cc looks them up. On other systems the loader does.
  if(NOT EXISTS "${tenon_c_headers}/node_functions.inc")
    tenon_ask_node(tenon_functions "Object.values(require('node-api-headers').symbols.v8).flat().map((name) => 'TENON_FUNCTION(' + name + ')').join(' ')")
    string(REPLACE " " "\n" tenon_functions "${tenon_functions}")
    file(WRITE "${CMAKE_BINARY_DIR}/node_functions.inc" "${tenon_functions}\n")
    target_include_directories(tenon-node-api INTERFACE "${CMAKE_BINARY_DIR}")
  endif()
endif()
