# Run at each build: writes OUTPUT, and touches it only if something changed.
#   cmake -DSOURCE=... -DOUTPUT=... -DVERSION=... -DCOMPILER=... -DFLAGS=... -P build_info.cmake
execute_process(COMMAND git -C ${SOURCE} describe --always --tags --dirty --abbrev=12
                OUTPUT_VARIABLE commit ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed)
if(failed)
  set(commit "")
endif()
set(text "#include \"report/build_info.h\"\n\n")
foreach(pair "version=${VERSION}" "commit=${commit}" "compiler=${COMPILER}" "flags=${FLAGS}")
  string(REGEX MATCH "^([a-z]+)=(.*)$" matched "${pair}")
  set(name ${CMAKE_MATCH_1})
  string(REPLACE "\\" "\\\\" value "${CMAKE_MATCH_2}")
  string(REPLACE "\"" "\\\"" value "${value}")
  string(STRIP "${value}" value)
  string(APPEND text "const char cake_build_${name}[] = \"${value}\";\n")
endforeach()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT "${text}" @ONLY)
