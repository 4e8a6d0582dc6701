# layercake_add_plugin(NAME SOURCES file... [LIBRARIES lib...])
# The target plugin_<NAME>, which builds <NAME>.so: a plugin that exports its entry function and nothing else.
function(layercake_add_plugin name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBRARIES")
  add_library(plugin_${name} MODULE ${arg_SOURCES})
  set_target_properties(plugin_${name} PROPERTIES
    PREFIX "" SUFFIX ".so" OUTPUT_NAME ${name}
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  target_link_libraries(plugin_${name} PRIVATE layercake::abi ${arg_LIBRARIES} m)
  target_link_options(plugin_${name} PRIVATE
    -Wl,--version-script=${CMAKE_CURRENT_FUNCTION_LIST_DIR}/exports.map -Wl,--no-undefined-version)
endfunction()
