# Benchmarks: tests/bench/bench_NAME.c, run by scripts/bench NAME.
file(GLOB benches CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/bench/bench_*.c)
foreach(bench ${benches})
  get_filename_component(name ${bench} NAME_WE)
  add_executable(${name} ${bench})
  target_compile_options(${name} PRIVATE ${DL_C_WARNINGS})
  target_link_libraries(${name} PRIVATE dl_node)
  target_compile_definitions(${name} PRIVATE DL_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
endforeach()
