# Unit tests: tests/unit/<floor>/<source>_test.c, one program each, linked to its floor's library.
if(NOT DL_FUZZ) # a fuzz build makes the fuzz targets alone
pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)

foreach(floor base protocol certs registry node)
  file(GLOB tests CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/unit/${floor}/*_test.c)
  foreach(test ${tests})
    get_filename_component(name ${test} NAME_WE)
    if(name MATCHES "^structure_" AND NOT TARGET dl_structure)
      continue()
    endif()
    add_executable(${floor}_${name} ${test})
    if(name MATCHES "^structure_") # what is behind the worker's door
      target_link_libraries(${floor}_${name} PRIVATE dl_structure)
    endif()
    target_compile_options(${floor}_${name} PRIVATE ${DL_C_WARNINGS})
    target_link_libraries(${floor}_${name} PRIVATE dl_${floor} PkgConfig::CMOCKA)
    target_compile_definitions(${floor}_${name} PRIVATE DL_TESTS_DIR="${CMAKE_SOURCE_DIR}/tests"
                               DL_BUILD_DIR="${CMAKE_BINARY_DIR}")
    if(floor STREQUAL registry) # the disk in memory stands under the stores
      target_link_libraries(${floor}_${name} PRIVATE dl_node)
    endif()
    add_test(NAME unit/${floor}/${name} COMMAND ${floor}_${name})
    set_tests_properties(unit/${floor}/${name} PROPERTIES TIMEOUT 300 SKIP_RETURN_CODE 77)
  endforeach()
endforeach()
endif()

# Fuzz targets: tests/fuzz/<decoder>_fuzz.c, corpus in tests/fuzz/corpus/<decoder>/. The floor is the
# name's first word.
if(DL_FUZZ)
  file(GLOB targets CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/fuzz/*_fuzz.c)
  if(NOT TARGET dl_structure)
    list(FILTER targets EXCLUDE REGEX "registry_structure_")
  endif()
  foreach(target ${targets})
    get_filename_component(name ${target} NAME_WE)
    string(REGEX MATCH "^[a-z]+" floor ${name})
    add_executable(${name} ${target})
    if(name MATCHES "^registry_structure_") # what is behind the worker's door
      target_link_libraries(${name} PRIVATE dl_structure)
    endif()
    target_link_libraries(${name} PRIVATE dl_${floor})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  endforeach()
endif()

# Further families keep their build beside their files.
if(NOT DL_FUZZ)
  foreach(family world system tidy bench)
    include(${CMAKE_SOURCE_DIR}/tests/${family}/build.cmake OPTIONAL)
  endforeach()
endif()
