# SPDX-License-Identifier: Apache-2.0
#
# Every library that is not ours, once, as latchkey_dep_NAME. All are imported targets, so their headers are system
# headers to the compiler and our warnings do not apply to them.
#
#   pam openssl zlib simdjson json expected fmt yaml asio curl sqlite systemd cli11 httplib threads
#   gtest cmocka pamtest (tests)   benchmark (bench)

# _latchkey_dependency(NAME PACKAGE target...): PACKAGE is Debian's name, for the sentence where it is missing.
function(_latchkey_dependency name package)
  foreach(target IN LISTS ARGN)
    if(NOT TARGET ${target})
      message(FATAL_ERROR "${name} is missing: apt-get install ${package}")
    endif()
  endforeach()
  add_library(latchkey_dep_${name} INTERFACE)
  target_link_libraries(latchkey_dep_${name} INTERFACE ${ARGN})
endfunction()

find_package(PkgConfig REQUIRED)
function(_latchkey_pkg_config name package module)
  pkg_check_modules(latchkey_pc_${name} QUIET IMPORTED_TARGET ${module})
  _latchkey_dependency(${name} ${package} PkgConfig::latchkey_pc_${name})
endfunction()

_latchkey_pkg_config(pam libpam0g-dev pam)
if(LATCHKEY_MODULE_ONLY)
  return()
endif()

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
_latchkey_dependency(threads libc6-dev Threads::Threads)
find_package(OpenSSL 3.0 QUIET)
_latchkey_dependency(openssl libssl-dev OpenSSL::Crypto)
_latchkey_dependency(openssl_tls libssl-dev OpenSSL::SSL OpenSSL::Crypto)
find_package(ZLIB QUIET)
_latchkey_dependency(zlib zlib1g-dev ZLIB::ZLIB)
find_package(simdjson QUIET)
_latchkey_dependency(simdjson libsimdjson-dev simdjson::simdjson)
find_package(nlohmann_json QUIET)
_latchkey_dependency(json nlohmann-json3-dev nlohmann_json::nlohmann_json)
find_package(tl-expected QUIET)
_latchkey_dependency(expected libexpected-dev tl::expected)
find_package(fmt QUIET)
_latchkey_dependency(fmt libfmt-dev fmt::fmt)
find_package(yaml-cpp QUIET)
_latchkey_dependency(yaml libyaml-cpp-dev yaml-cpp)
find_package(CURL QUIET)
_latchkey_dependency(curl libcurl4-openssl-dev CURL::libcurl)
find_package(CLI11 QUIET)
_latchkey_dependency(cli11 libcli11-dev CLI11::CLI11)
_latchkey_pkg_config(sqlite libsqlite3-dev sqlite3)
_latchkey_pkg_config(systemd libsystemd-dev libsystemd)
_latchkey_pkg_config(httplib libcpp-httplib-dev cpp-httplib)

# Asio is headers only. clang does not say __cpp_impl_coroutine in the way that Asio 1.22 asks for.
find_path(LATCHKEY_ASIO_INCLUDE asio.hpp)
if(NOT LATCHKEY_ASIO_INCLUDE)
  message(FATAL_ERROR "asio is missing: apt-get install libasio-dev")
endif()
add_library(latchkey_dep_asio INTERFACE)
target_include_directories(latchkey_dep_asio SYSTEM INTERFACE ${LATCHKEY_ASIO_INCLUDE})
# Asio 1.22 takes aligned_alloc() or operator new for coroutine frames by whether a header of libstdc++ came before it, so
# two sources can disagree about one function (the address sanitizer sees the mismatch): say it once for all.
target_compile_definitions(latchkey_dep_asio INTERFACE
  ASIO_STANDALONE ASIO_NO_DEPRECATED ASIO_DISABLE_STD_ALIGNED_ALLOC)
target_link_libraries(latchkey_dep_asio INTERFACE Threads::Threads)
if(LATCHKEY_CLANG)
  target_compile_definitions(latchkey_dep_asio INTERFACE ASIO_HAS_CO_AWAIT ASIO_HAS_STD_COROUTINE)
else()
  # gcc 12 warns at the end of each coroutine about a null pointer that it wrote itself.
  target_compile_options(latchkey_dep_asio INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wno-zero-as-null-pointer-constant>)
endif()

if(LATCHKEY_BUILD_TESTS)
  find_package(GTest QUIET)
  _latchkey_dependency(gtest "libgtest-dev libgmock-dev" GTest::gtest GTest::gmock)
  _latchkey_pkg_config(cmocka libcmocka-dev cmocka)
  _latchkey_pkg_config(pamtest libpamtest0-dev libpamtest)
endif()
if(LATCHKEY_BUILD_BENCH)
  find_package(benchmark QUIET)
  _latchkey_dependency(benchmark libbenchmark-dev benchmark::benchmark)
endif()
