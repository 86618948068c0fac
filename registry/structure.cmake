# The class rules stand beside the program, as the registry does.
file(GLOB DL_RULE_FILES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/registry/data/rules/*.json)
add_custom_command(
  OUTPUT ${CMAKE_BINARY_DIR}/rules/stamp
  COMMAND ${CMAKE_COMMAND} -E rm -rf ${CMAKE_BINARY_DIR}/rules
  COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/rules
  COMMAND ${CMAKE_COMMAND} -E copy ${DL_RULE_FILES} ${CMAKE_BINARY_DIR}/rules
  COMMAND ${CMAKE_COMMAND} -E touch ${CMAKE_BINARY_DIR}/rules/stamp
  DEPENDS ${DL_RULE_FILES}
  VERBATIM)
add_custom_target(class_rules ALL DEPENDS ${CMAKE_BINARY_DIR}/rules/stamp)

# directline-structure: the only part that needs C++ (RDKit); left out where RDKit or libinchi is
# not installed. The program itself links none of it.
if(NOT DL_STRUCTURE)
  return()
endif()
find_path(RDKIT_INCLUDE GraphMol/ROMol.h PATH_SUFFIXES rdkit)
find_library(RDKIT_GRAPHMOL RDKitGraphMol)
find_path(INCHI_INCLUDE inchi_api.h)
find_library(INCHI_LIBRARY inchi)
pkg_check_modules(SECCOMP IMPORTED_TARGET libseccomp)
if(NOT RDKIT_INCLUDE OR NOT RDKIT_GRAPHMOL OR NOT INCHI_INCLUDE OR NOT INCHI_LIBRARY
   OR NOT SECCOMP_FOUND)
  message(STATUS "directline-structure: not built (RDKit, libinchi or libseccomp is missing)")
  return()
endif()
enable_language(CXX)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g")
# What stands behind the worker's process and its fence; its fuzz target and a test link it too.
file(GLOB DL_STRUCTURE_SOURCES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/registry/structure_worker_*.c)
list(FILTER DL_STRUCTURE_SOURCES EXCLUDE REGEX "_(main|fence)\\.c$")
list(APPEND DL_STRUCTURE_SOURCES ${CMAKE_SOURCE_DIR}/registry/rule.c
     ${CMAKE_SOURCE_DIR}/registry/rule_field.c ${CMAKE_SOURCE_DIR}/registry/rule_file.c)
add_library(dl_structure STATIC ${DL_STRUCTURE_SOURCES}
            ${CMAKE_SOURCE_DIR}/registry/structure_worker_rdkit.cpp)
set_source_files_properties(${DL_STRUCTURE_SOURCES}
  TARGET_DIRECTORY dl_structure PROPERTIES COMPILE_OPTIONS "${DL_C_WARNINGS}")
target_include_directories(dl_structure SYSTEM PRIVATE ${RDKIT_INCLUDE} ${INCHI_INCLUDE})
target_link_libraries(dl_structure PUBLIC dl_base
  RDKitMolStandardize RDKitMolDraw2D RDKitDescriptors RDKitFingerprints RDKitFileParsers
  RDKitSmilesParse RDKitSubstructMatch RDKitDepictor RDKitGraphMol RDKitRDGeometryLib
  RDKitDataStructs RDKitRDGeneral ${INCHI_LIBRARY})
if(NOT DL_FUZZ)
  add_executable(directline-structure ${CMAKE_SOURCE_DIR}/registry/structure_worker_main.c
                 ${CMAKE_SOURCE_DIR}/registry/structure_worker_fence.c)
  target_compile_options(directline-structure PRIVATE ${DL_C_WARNINGS})
  target_link_libraries(directline-structure PRIVATE dl_structure PkgConfig::SECCOMP)
endif()
