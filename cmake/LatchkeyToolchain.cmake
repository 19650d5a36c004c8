# SPDX-License-Identifier: Apache-2.0
#
# What holds for every target without being a flag: the language, the compiler cache, the database for tools.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_LINK_DEPENDS_NO_SHARED ON)
# Each header must compile alone: target all_verify_interface_header_sets.
set(CMAKE_VERIFY_INTERFACE_HEADER_SETS ON)

# ccache is taken where it is found. The sloppiness is what it needs to keep objects that use a precompiled header; the
# base folder lets clones and worktrees of the project share what they have compiled.
find_program(LATCHKEY_CCACHE ccache)
if(LATCHKEY_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
    CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${LATCHKEY_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_CXX_COMPILER_LAUNCHER})
endif()

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  set(LATCHKEY_GCC ON)
elseif(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  set(LATCHKEY_CLANG ON)
else()
  message(FATAL_ERROR "Latchkey is built with gcc or clang, not with ${CMAKE_CXX_COMPILER_ID}")
endif()

string(REPLACE "," ";" LATCHKEY_SANITIZERS "${LATCHKEY_SANITIZE}")
if(CMAKE_BUILD_TYPE STREQUAL "Debug" OR CMAKE_BUILD_TYPE STREQUAL "")
  set(LATCHKEY_OPTIMISED OFF)
else()
  set(LATCHKEY_OPTIMISED ON)
endif()
if(LATCHKEY_BUILD_FUZZ AND NOT LATCHKEY_CLANG)
  message(FATAL_ERROR "the fuzzers need clang (preset fuzz)")
endif()
