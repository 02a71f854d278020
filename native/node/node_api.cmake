# The target `tenon-node-api`: Node-API for an addon. Its headers come from npm's packages node-api-headers and
# node-addon-api, which the Node.js that -DTENON_NODE=PROGRAM names looks up. No headers of Node.js itself are needed.
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

tenon_ask_node(tenon_c_headers "require('node-api-headers').include_dir")
tenon_ask_node(tenon_cpp_headers "require('path').dirname(require.resolve('node-addon-api/napi.h'))")

add_library(tenon-node-api INTERFACE)
target_include_directories(tenon-node-api SYSTEM INTERFACE "${tenon_c_headers}" "${tenon_cpp_headers}")
target_compile_definitions(tenon-node-api INTERFACE NAPI_VERSION=8 BUILDING_NODE_EXTENSION)

# The functions are in the program that loads the addon.
if(APPLE)
  target_link_options(tenon-node-api INTERFACE -undefined dynamic_lookup)
elseif(MSVC)
  tenon_ask_node(tenon_node_def "require('node-api-headers').def_paths.node_api_def")
  set(tenon_node_library "${CMAKE_BINARY_DIR}/node.lib")
  execute_process(COMMAND "${CMAKE_AR}" "/def:${tenon_node_def}" "/out:${tenon_node_library}")
  target_link_libraries(tenon-node-api INTERFACE "${tenon_node_library}" delayimp)
  # node.exe may have another name; native/node/delay_load.cc answers for it.
  target_link_options(tenon-node-api INTERFACE /DELAYLOAD:NODE.EXE)
  target_sources(tenon-node-api INTERFACE "${CMAKE_CURRENT_LIST_DIR}/delay_load.cc")
endif()
