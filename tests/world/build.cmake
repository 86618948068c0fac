# The simulation: whole nodes in the virtual world, by seed.
add_executable(world_sim ${CMAKE_SOURCE_DIR}/tests/world/world_sim.c)
target_compile_options(world_sim PRIVATE ${DL_C_WARNINGS})
target_link_libraries(world_sim PRIVATE dl_node)
add_test(NAME world/faults COMMAND world_sim 1 60)
set_tests_properties(world/faults PROPERTIES TIMEOUT 600)
