# Trips of the group `file`. Most of these faults are made by the linker.

# tenon_linked_trip(name OPTION...): adds a plugin that is sound except for options of the linker.
function(tenon_linked_trip name)
  tenon_trip(${name} file.c TRIP=TRIP_LINKED)
  target_link_options(trip-${name} PRIVATE ${ARGN})
endfunction()

# tenon_lender(target name folder): adds a library that other libraries need.
function(tenon_lender target name folder)
  add_library(${target} SHARED EXCLUDE_FROM_ALL lent.c)
  set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name})
  tenon_module(${target} "${folder}")
  set_target_properties(${target} PROPERTIES PREFIX lib)
endfunction()

add_custom_target(trip-file-format COMMAND ${CMAKE_COMMAND} -E copy_if_different
  "${CMAKE_CURRENT_SOURCE_DIR}/format.txt" "${TENON_TRIPS_DIR}/file-format${CMAKE_SHARED_LIBRARY_SUFFIX}" VERBATIM)
add_dependencies(trips trip-file-format)

tenon_trip(file-exports file.c TRIP=TRIP_EXPORTS)
tenon_trip(file-constructors file.c TRIP=TRIP_CONSTRUCTOR)
tenon_trip(file-descriptor file.c TRIP=TRIP_DESCRIPTOR)

tenon_trip(file-permissions file.c TRIP=TRIP_LINKED)
add_custom_command(TARGET trip-file-permissions POST_BUILD COMMAND chmod o+w "$<TARGET_FILE:trip-file-permissions>" VERBATIM)

# The rest applies to ELF and its linkers only.
if(NOT CMAKE_SYSTEM_NAME STREQUAL "Linux")
  return()
endif()

# The header contains the number of another processor, as if the file had been built for that.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set(other_processor "\\267") # AArch64
else()
  set(other_processor "\\076") # x86-64
endif()
tenon_trip(file-platform file.c TRIP=TRIP_LINKED)
add_custom_command(TARGET trip-file-platform POST_BUILD COMMAND sh -c
  "printf '${other_processor}' | dd of=\"$1\" bs=1 seek=18 conv=notrunc status=none" sh "$<TARGET_FILE:trip-file-platform>" VERBATIM)

foreach(hidden get_name tenon_descriptor)
  file(WRITE "${CMAKE_CURRENT_BINARY_DIR}/hide-${hidden}.map" "{ local: ${hidden}; };\n")
endforeach()
tenon_linked_trip(file-entry-points "-Wl,--version-script=${CMAKE_CURRENT_BINARY_DIR}/hide-get_name.map")
tenon_linked_trip(file-described "-Wl,--version-script=${CMAKE_CURRENT_BINARY_DIR}/hide-tenon_descriptor.map")

# A library of glibc that the plugin does not use.
tenon_linked_trip(file-needed -Wl,--no-as-needed -lBrokenLocale)

# Linked against a library that stays in the build folder, where the loader does not search.
tenon_lender(trip-lender-gone tenon-trip-gone "${CMAKE_CURRENT_BINARY_DIR}/gone")
tenon_trip(file-libraries file.c TRIP=TRIP_BORROWS)
target_link_libraries(trip-file-libraries PRIVATE trip-lender-gone)
set_target_properties(trip-file-libraries PROPERTIES BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH "")

# Linked against a newer library than the one that is shipped with it.
file(WRITE "${CMAKE_CURRENT_BINARY_DIR}/old.map" "TRIP_1 { global: trip_lent; };\n")
file(WRITE "${CMAKE_CURRENT_BINARY_DIR}/new.map" "TRIP_2 { global: trip_lent; };\n")
tenon_lender(trip-lender-old tenon-trip-lender "${TENON_TRIPS_DIR}/lib")
target_link_options(trip-lender-old PRIVATE "-Wl,--version-script=${CMAKE_CURRENT_BINARY_DIR}/old.map")
tenon_lender(trip-lender-new tenon-trip-lender "${CMAKE_CURRENT_BINARY_DIR}/new")
target_link_options(trip-lender-new PRIVATE "-Wl,--version-script=${CMAKE_CURRENT_BINARY_DIR}/new.map")
tenon_trip(file-versions file.c TRIP=TRIP_BORROWS)
target_link_libraries(trip-file-versions PRIVATE trip-lender-new)
add_dependencies(trip-file-versions trip-lender-old)
set_target_properties(trip-file-versions PROPERTIES BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH "$ORIGIN/lib")

# Brings a library with a name that Node.js has loaded, and one that another plugin of the folder brings too.
tenon_lender(trip-lender-cpp stdc++ "${TENON_TRIPS_DIR}/lib-names")
set_target_properties(trip-lender-cpp PROPERTIES SUFFIX .so.6 NO_SONAME ON)
target_link_options(trip-lender-cpp PRIVATE -Wl,-soname,libstdc++.so.6)
tenon_trip(file-library-names file.c TRIP=TRIP_BORROWS)
target_link_libraries(trip-file-library-names PRIVATE trip-lender-cpp)
set_target_properties(trip-file-library-names PROPERTIES BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH "$ORIGIN/lib-names")

tenon_trip(file-host-symbols file.c TRIP=TRIP_HOST_SYMBOLS)
tenon_trip(file-shared-statics shared.cc)

tenon_trip(file-glibc file.c TRIP=TRIP_GLIBC)
tenon_linked_trip(file-stack -Wl,-z,execstack)
tenon_trip(file-segments file.c TRIP=TRIP_WRITABLE_CODE)
tenon_trip(file-text-relocations file.c TRIP=TRIP_TEXT)
target_link_options(trip-file-text-relocations PRIVATE -Wl,-z,notext)
tenon_linked_trip(file-relro -Wl,-z,lazy)
tenon_trip(file-thread-locals file.c TRIP=TRIP_THREAD_LOCAL)
target_compile_options(trip-file-thread-locals PRIVATE -ftls-model=initial-exec)
tenon_linked_trip(file-nodelete -Wl,-z,nodelete)
tenon_linked_trip(file-symbols -Wl,--strip-all)
tenon_linked_trip(file-runpath -Wl,-rpath,/opt/tenon-trip/lib)
