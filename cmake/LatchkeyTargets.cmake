# SPDX-License-Identifier: Apache-2.0
#
# The kinds of target that the house knows. Each links the flags of its kind, so that a CMakeLists.txt of a box holds
# nothing but names: its headers, its sources, its arrows.

function(_latchkey_check_arguments function)
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "${function}: unknown arguments: ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT ARG_NAME)
    message(FATAL_ERROR "${function}: NAME is missing")
  endif()
endfunction()

# The include root of the calling folder: common/ for what lies under it, else the top of the tree.
function(_latchkey_include_root result)
  string(FIND "${CMAKE_CURRENT_SOURCE_DIR}/" "${PROJECT_SOURCE_DIR}/common/" position)
  if(position EQUAL 0)
    set(${result} ${PROJECT_SOURCE_DIR}/common PARENT_SCOPE)
  else()
    set(${result} ${PROJECT_SOURCE_DIR} PARENT_SCOPE)
  endif()
endfunction()

# gcc keeps a precompiled header in ccache's sight only with this.
function(_latchkey_precompiled target)
  if(LATCHKEY_GCC)
    target_compile_options(${target} PRIVATE -fpch-preprocess)
  endif()
endfunction()

# latchkey_library(NAME box [FREESTANDING] HEADERS a.h… [SOURCES a.cc…] [LINKS target…] [PRIVATE_LINKS target…]
#                  [PRECOMPILE <header>…])
#
# Makes the static library latchkey_<box>. LINKS are what its headers include, PRIVATE_LINKS what only its sources do.
# FREESTANDING is the module's subset: no exceptions, no RTTI, no libstdc++ assertions.
function(latchkey_library)
  cmake_parse_arguments(PARSE_ARGV 0 ARG "FREESTANDING" "NAME" "HEADERS;SOURCES;LINKS;PRIVATE_LINKS;PRECOMPILE")
  _latchkey_check_arguments(latchkey_library)
  set(target latchkey_${ARG_NAME})
  _latchkey_include_root(root)
  if(ARG_SOURCES)
    set(scope PUBLIC)
    add_library(${target} STATIC ${ARG_SOURCES})
    _latchkey_unity(${target} ${ARG_SOURCES})
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    target_link_libraries(${target} PRIVATE latchkey_warnings latchkey_hardening latchkey_sanitizers)
    if(ARG_FREESTANDING)
      target_link_libraries(${target} PRIVATE latchkey_module_subset)
    else()
      target_link_libraries(${target} PRIVATE latchkey_assertions)
    endif()
    target_link_libraries(${target} PRIVATE ${ARG_PRIVATE_LINKS})
    if(ARG_PRECOMPILE)
      target_precompile_headers(${target} PRIVATE ${ARG_PRECOMPILE})
      _latchkey_precompiled(${target})
    endif()
  else()
    set(scope INTERFACE)
    add_library(${target} INTERFACE)
  endif()
  target_link_libraries(${target} ${scope} ${ARG_LINKS})
  target_include_directories(${target} ${scope} ${root})
  if(ARG_HEADERS)
    target_sources(${target} ${scope} FILE_SET HEADERS BASE_DIRS ${root} FILES ${ARG_HEADERS})
  endif()
endfunction()

# latchkey_program(NAME latchkeyd SOURCES main.cc… [LINKS target…] [INSTALL libexec|bin] [PRECOMPILE <header>…])
#
# Makes a program. Without INSTALL it is never installed.
function(latchkey_program)
  cmake_parse_arguments(PARSE_ARGV 0 ARG "" "NAME;INSTALL" "SOURCES;LINKS;PRECOMPILE")
  _latchkey_check_arguments(latchkey_program)
  add_executable(${ARG_NAME} ${ARG_SOURCES})
  _latchkey_unity(${ARG_NAME} ${ARG_SOURCES})
  target_include_directories(${ARG_NAME} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/common)
  target_link_libraries(${ARG_NAME} PRIVATE
    latchkey_warnings latchkey_hardening latchkey_assertions latchkey_sanitizers ${ARG_LINKS})
  if(NOT LATCHKEY_SANITIZERS)
    set_target_properties(${ARG_NAME} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    target_link_options(${ARG_NAME} PRIVATE -pie)
  endif()
  target_compile_definitions(${ARG_NAME} PRIVATE LATCHKEY_VERSION="${PROJECT_VERSION}")
  if(ARG_PRECOMPILE)
    target_precompile_headers(${ARG_NAME} PRIVATE ${ARG_PRECOMPILE})
    _latchkey_precompiled(${ARG_NAME})
  endif()
  if(ARG_INSTALL STREQUAL "libexec")
    install(TARGETS ${ARG_NAME} RUNTIME DESTINATION ${LATCHKEY_INSTALL_LIBEXEC_DIR})
  elseif(ARG_INSTALL STREQUAL "bin")
    install(TARGETS ${ARG_NAME} RUNTIME DESTINATION ${LATCHKEY_INSTALL_BIN_DIR})
  elseif(ARG_INSTALL)
    message(FATAL_ERROR "latchkey_program: INSTALL is libexec or bin, not ${ARG_INSTALL}")
  endif()
endfunction()

# latchkey_pam_module(NAME pam_latchkey EXPORTS pam_latchkey.map SOURCES a.cc… [LINKS target…])
#
# Makes NAME.so, linked by the C driver with every symbol resolved and without libstdc++, so that what does not belong
# into sshd fails here. EXPORTS is the version script.
macro(latchkey_pam_module)
  # CMake would add libstdc++ for the C++ sources; it reads this in the folder of the target.
  set(CMAKE_CXX_IMPLICIT_LINK_LIBRARIES "")
  set(CMAKE_CXX_IMPLICIT_LINK_DIRECTORIES "")
  _latchkey_pam_module(${ARGN})
endmacro()

function(_latchkey_pam_module)
  cmake_parse_arguments(PARSE_ARGV 0 ARG "" "NAME;EXPORTS" "SOURCES;LINKS")
  _latchkey_check_arguments(latchkey_pam_module)
  add_library(${ARG_NAME} MODULE ${ARG_SOURCES})
  cmake_path(ABSOLUTE_PATH ARG_EXPORTS OUTPUT_VARIABLE exports)
  set_target_properties(${ARG_NAME} PROPERTIES
    PREFIX "" LINKER_LANGUAGE C POSITION_INDEPENDENT_CODE ON LINK_DEPENDS ${exports})
  target_include_directories(${ARG_NAME} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/common)
  target_link_libraries(${ARG_NAME} PRIVATE
    latchkey_warnings latchkey_hardening latchkey_sanitizers latchkey_module_subset ${ARG_LINKS})
  target_link_options(${ARG_NAME} PRIVATE -Wl,--version-script=${exports} -Wl,--as-needed -Wl,--gc-sections)
  target_compile_options(${ARG_NAME} PRIVATE -ffunction-sections -fdata-sections)
  if(NOT (LATCHKEY_CLANG AND LATCHKEY_SANITIZERS))  # clang leaves the sanitizer's symbols to the program
    target_link_options(${ARG_NAME} PRIVATE -Wl,-z,defs)
  endif()
  install(TARGETS ${ARG_NAME} LIBRARY DESTINATION ${LATCHKEY_INSTALL_MODULE_DIR})
endfunction()

# latchkey_unit_test(NAME jose_jwk_test SOURCES jwk_test.cc… [LINKS target…] [LABEL unit] [ASIO] [NO_MAIN] [TIMEOUT s])
#
# Makes a GoogleTest program and one CTest test of its name (its cases are counted from GoogleTest's own report).
# LABEL is unit unless told; every unit test hangs on the target unit_tests. ASIO takes the precompiled header that holds
# Asio as well. NO_MAIN leaves main() to the sources. Tests find their data under LATCHKEY_SOURCE_DIR.
function(latchkey_unit_test)
  cmake_parse_arguments(PARSE_ARGV 0 ARG "ASIO;NO_MAIN" "NAME;LABEL;TIMEOUT" "SOURCES;LINKS")
  _latchkey_check_arguments(latchkey_unit_test)
  if(NOT ARG_LABEL)
    set(ARG_LABEL unit)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 600)
  endif()
  add_executable(${ARG_NAME} ${ARG_SOURCES})
  _latchkey_unity(${ARG_NAME} ${ARG_SOURCES})
  target_include_directories(${ARG_NAME} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/common)
  target_link_libraries(${ARG_NAME} PRIVATE latchkey_test_interface ${ARG_LINKS})
  if(NOT ARG_NO_MAIN)
    target_link_libraries(${ARG_NAME} PRIVATE latchkey_gtest_main)
  endif()
  if(ARG_ASIO)
    target_link_libraries(${ARG_NAME} PRIVATE latchkey_dep_asio)
    target_precompile_headers(${ARG_NAME} REUSE_FROM latchkey_test_pch_asio)
  else()
    target_precompile_headers(${ARG_NAME} REUSE_FROM latchkey_test_pch)
  endif()
  add_test(NAME ${ARG_NAME} COMMAND ${ARG_NAME})
  set_tests_properties(${ARG_NAME} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT})
  if(ARG_LABEL STREQUAL "unit")
    add_dependencies(unit_tests ${ARG_NAME})
  endif()
endfunction()

# latchkey_fuzzer(NAME jws SOURCES fuzz_jws.cc SEEDS seeds/jws [LINKS target…] [DICTIONARY jws.dict])
#
# SOURCES hold LLVMFuzzerTestOneInput. With LATCHKEY_BUILD_FUZZ it becomes the libFuzzer program fuzz_NAME; with
# LATCHKEY_BUILD_TESTS the program replay_NAME, which any compiler builds and which runs each seed once (CTest label
# replay). SEEDS is a folder; a mended bug leaves its input there, named after it.
function(latchkey_fuzzer)
  cmake_parse_arguments(PARSE_ARGV 0 ARG "" "NAME;SEEDS;DICTIONARY" "SOURCES;LINKS")
  _latchkey_check_arguments(latchkey_fuzzer)
  cmake_path(ABSOLUTE_PATH ARG_SEEDS OUTPUT_VARIABLE seeds)
  set(kinds "")
  if(LATCHKEY_BUILD_FUZZ)
    list(APPEND kinds fuzz)
  endif()
  if(LATCHKEY_BUILD_TESTS)
    list(APPEND kinds replay)
  endif()
  foreach(kind IN LISTS kinds)
    set(target ${kind}_${ARG_NAME})
    add_executable(${target} ${ARG_SOURCES})
    target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/common)
    target_link_libraries(${target} PRIVATE
      latchkey_warnings latchkey_assertions latchkey_sanitizers ${ARG_LINKS})
    if(kind STREQUAL "fuzz")
      target_sources(${target} PRIVATE ${PROJECT_SOURCE_DIR}/fuzz/input_limits.cc)
      target_link_options(${target} PRIVATE -fsanitize=fuzzer -Wl,--wrap=LLVMFuzzerTestOneInput)
      add_dependencies(fuzzers ${target})
      set(dictionary "-")
      if(ARG_DICTIONARY)
        cmake_path(ABSOLUTE_PATH ARG_DICTIONARY OUTPUT_VARIABLE dictionary)
      endif()
      # One line a fuzzer, for ./test fuzz: program, seeds, dictionary.
      set_property(GLOBAL APPEND PROPERTY latchkey_fuzzers "$<TARGET_FILE:${target}>\t${seeds}\t${dictionary}")
    else()
      target_sources(${target} PRIVATE ${PROJECT_SOURCE_DIR}/fuzz/replay_main.cc)
      add_test(NAME ${target} COMMAND ${target} ${seeds})
      set_tests_properties(${target} PROPERTIES LABELS replay TIMEOUT 600)
    endif()
  endforeach()
endfunction()
