# SPDX-License-Identifier: Apache-2.0
#
# The flags of the project, as targets to link: latchkey_warnings, latchkey_hardening, latchkey_assertions,
# latchkey_sanitizers, latchkey_module_subset. The functions of LatchkeyTargets link what a target of each kind needs,
# so that no flag is global and a target shows which rules hold for it.

# --- latchkey_warnings: errors under gcc 12 and clang-16 alike.
add_library(latchkey_warnings INTERFACE)
target_compile_options(latchkey_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wdouble-promotion -Wformat=2 -Wundef -Wunused
  -Wcast-align -Wcast-qual -Wimplicit-fallthrough -Wvla
  # Designated initialisers of configuration structs name what differs from the default: that is the point of them.
  -Wno-missing-field-initializers
  $<$<COMPILE_LANGUAGE:CXX>:-Wold-style-cast -Wnon-virtual-dtor -Woverloaded-virtual -Wextra-semi
    -Wzero-as-null-pointer-constant>)
if(LATCHKEY_WARNINGS_AS_ERRORS)
  target_compile_options(latchkey_warnings INTERFACE -Werror)
endif()
if(LATCHKEY_GCC)
  target_compile_options(latchkey_warnings INTERFACE -Wduplicated-cond -Wlogical-op)
  # gcc 12 sees overlapping copies in `"literal" + std::string` that are none (its bug 105651), and unset storage behind
  # std::optional and tl::expected once the optimiser or a sanitizer has taken them apart.
  target_compile_options(latchkey_warnings INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict>)
  if(LATCHKEY_OPTIMISED OR LATCHKEY_SANITIZERS)
    target_compile_options(latchkey_warnings INTERFACE
      $<$<COMPILE_LANGUAGE:CXX>:-Wno-maybe-uninitialized -Wno-array-bounds -Wno-stringop-overflow
        -Wno-stringop-overread -Wno-free-nonheap-object -Wno-mismatched-new-delete>)
  endif()
else()
  target_compile_options(latchkey_warnings INTERFACE
    # GoogleTest's INSTANTIATE_TEST_SUITE_P without a name generator; C++20 allows it.
    $<$<COMPILE_LANGUAGE:CXX>:-Wno-gnu-zero-variadic-macro-arguments>)
endif()
if(LATCHKEY_UNITY)
  # What is right in a source of its own, and is warned of where it is included or where another follows it.
  target_compile_options(latchkey_warnings INTERFACE
    -Wno-shadow $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-subobject-linkage>)
endif()

# --- latchkey_hardening: what an attacker of a privileged process must get past. FORTIFY needs an optimiser, and hides
# from sanitizers what they are here to find.
add_library(latchkey_hardening INTERFACE)
target_compile_options(latchkey_hardening INTERFACE -fstack-protector-strong)
target_link_options(latchkey_hardening INTERFACE -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
if(NOT LATCHKEY_SANITIZERS)
  target_compile_options(latchkey_hardening INTERFACE -fstack-clash-protection)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
    target_compile_options(latchkey_hardening INTERFACE -fcf-protection=full)
  endif()
  if(LATCHKEY_OPTIMISED)
    target_compile_options(latchkey_hardening INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
  endif()
endif()

# --- latchkey_assertions: bounds checks of libstdc++. Not for common/wire and the module: a failed check calls into
# libstdc++.so, which they do not link.
add_library(latchkey_assertions INTERFACE)
target_compile_definitions(latchkey_assertions INTERFACE _GLIBCXX_ASSERTIONS)

# --- latchkey_sanitizers: empty unless LATCHKEY_SANITIZE names some.
add_library(latchkey_sanitizers INTERFACE)
if(LATCHKEY_SANITIZERS)
  string(REPLACE ";" "," latchkey_sanitize_flag "${LATCHKEY_SANITIZERS}")
  # -Og: above it gcc 12 reports mismatched new and delete on coroutine frames that are none. -g1: a report names lines.
  target_compile_options(latchkey_sanitizers INTERFACE
    -fsanitize=${latchkey_sanitize_flag} -fno-sanitize-recover=all -fno-omit-frame-pointer -Og -g1)
  target_link_options(latchkey_sanitizers INTERFACE -fsanitize=${latchkey_sanitize_flag})
  if("thread" IN_LIST LATCHKEY_SANITIZERS AND LATCHKEY_GCC)
    message(FATAL_ERROR "the thread sanitizer is used with clang (preset tsan)")
  endif()
endif()
if(LATCHKEY_BUILD_FUZZ)
  target_compile_options(latchkey_sanitizers INTERFACE -fsanitize=fuzzer-no-link)
endif()

# --- latchkey_module_subset: the C++ that may run inside sshd. A stray std::string fails at link time.
add_library(latchkey_module_subset INTERFACE)
target_compile_options(latchkey_module_subset INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions -fno-rtti -fno-threadsafe-statics>
  -fvisibility=hidden $<$<COMPILE_LANGUAGE:CXX>:-fvisibility-inlines-hidden>)
if("undefined" IN_LIST LATCHKEY_SANITIZERS)
  target_compile_options(latchkey_module_subset INTERFACE -fno-sanitize=vptr)  # it needs RTTI
endif()
