// SPDX-License-Identifier: Apache-2.0
//
// Holds nothing: a library needs one source, and the precompiled headers of the tests hang on a
// library.
