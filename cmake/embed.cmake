# dl_embed(TARGET SYMBOL FILE): links the octets of FILE into TARGET as `const char SYMBOL[]`, NUL-terminated, with
# `const size_t SYMBOL_size` without the NUL. Made anew when FILE changes.
function(dl_embed target symbol file)
  set(out ${CMAKE_BINARY_DIR}/generated/embed_${symbol}.c)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," octets "${hex}")
  string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)"
         "\\1\n" octets "${octets}")
  file(CONFIGURE OUTPUT ${out} @ONLY CONTENT
"#include <stddef.h>\nextern const char ${symbol}[];\nextern const size_t ${symbol}_size;\nconst char ${symbol}[] = {${octets}0x00};\nconst size_t ${symbol}_size = sizeof ${symbol} - 1;\n")
  target_sources(${target} PRIVATE ${out})
endfunction()
