# The simulation: whole nodes in the virtual world, by seed.
add_executable(world_sim ${CMAKE_SOURCE_DIR}/tests/world/world_sim.c)
target_compile_options(world_sim PRIVATE ${DL_C_WARNINGS})
target_link_libraries(world_sim PRIVATE dl_node)
add_test(NAME world/faults COMMAND world_sim 1 60)
set_tests_properties(world/faults PROPERTIES TIMEOUT 600)

# The walk: every order of steps and faults, for few entries.
add_executable(walk ${CMAKE_SOURCE_DIR}/tests/world/walk.c ${CMAKE_SOURCE_DIR}/tests/world/walk_pair.c
    ${CMAKE_SOURCE_DIR}/tests/world/walk_check.c)
target_compile_options(walk PRIVATE ${DL_C_WARNINGS})
target_link_libraries(walk PRIVATE dl_node)
# entries of each side, faults on one path, states below which it did not walk
if(DL_SANITIZE)
    add_test(NAME world/walk COMMAND walk 1 0 1 500)
else()
    add_test(NAME world/walk-two-entries COMMAND walk 2 0 1 2000)
    add_test(NAME world/walk-both-sides COMMAND walk 1 1 1 4000)
    add_test(NAME world/walk-two-faults COMMAND walk 1 0 2 4000)
    set_tests_properties(world/walk-two-entries world/walk-both-sides world/walk-two-faults
        PROPERTIES TIMEOUT 600)
endif()
