# The shipped registry, made from registry/data beside the program.
add_executable(build_registry registry/build_registry.c)
target_compile_options(build_registry PRIVATE ${DL_C_WARNINGS})
target_link_libraries(build_registry PRIVATE dl_registry)

include(${CMAKE_SOURCE_DIR}/registry/structure.cmake)
if(TARGET directline-structure) # it reads the structures
  set(DL_STRUCTURE_WORKER $<TARGET_FILE:directline-structure>)
endif()
file(GLOB_RECURSE DL_REGISTRY_TEXT CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/registry/data/*.csv ${CMAKE_SOURCE_DIR}/registry/data/rules/*.json)
add_custom_command(
  OUTPUT ${CMAKE_BINARY_DIR}/registry.db
  COMMAND build_registry ${CMAKE_BINARY_DIR}/registry.db
          ${CMAKE_SOURCE_DIR}/registry/schema/registry.sql ${CMAKE_SOURCE_DIR}/registry/data
          ${DL_STRUCTURE_WORKER}
  DEPENDS build_registry ${CMAKE_SOURCE_DIR}/registry/schema/registry.sql ${DL_REGISTRY_TEXT}
          $<TARGET_NAME_IF_EXISTS:directline-structure>
  COMMENT "Making registry.db from registry/data"
  VERBATIM)
add_custom_target(registry_db ALL DEPENDS ${CMAKE_BINARY_DIR}/registry.db)
