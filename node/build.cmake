# The shipped scenarios, beside the program.
file(GLOB DL_SCENARIOS CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/node/scenarios/*)
foreach(scenario ${DL_SCENARIOS})
  get_filename_component(name ${scenario} NAME)
  configure_file(${scenario} ${CMAKE_BINARY_DIR}/scenarios/${name} COPYONLY)
endforeach()
target_link_libraries(dl_node PUBLIC m) # reaction times are drawn from distributions
dl_embed(dl_node dl_report_css ${CMAKE_SOURCE_DIR}/node/report.css)
