# SPDX-License-Identifier: Apache-2.0
#
# Where things go. Everything but /etc is relative to the prefix; CMAKE_INSTALL_FULL_SYSCONFDIR is /etc for /usr.
include(GNUInstallDirs)

set(LATCHKEY_INSTALL_MODULE_DIR ${CMAKE_INSTALL_LIBDIR}/security)          # /usr/lib/<multiarch>/security
set(LATCHKEY_INSTALL_LIBEXEC_DIR ${CMAKE_INSTALL_LIBEXECDIR}/latchkey)     # daemons
set(LATCHKEY_INSTALL_BIN_DIR ${CMAKE_INSTALL_BINDIR})                      # latchkey, latchkeyctl
set(LATCHKEY_INSTALL_UNIT_DIR lib/systemd/system)
set(LATCHKEY_INSTALL_SYSUSERS_DIR lib/sysusers.d)
set(LATCHKEY_INSTALL_TMPFILES_DIR lib/tmpfiles.d)
set(LATCHKEY_INSTALL_CONFIG_DIR ${CMAKE_INSTALL_FULL_SYSCONFDIR}/latchkey)
set(LATCHKEY_INSTALL_EXAMPLES_DIR ${CMAKE_INSTALL_DATAROOTDIR}/doc/latchkey/examples)
