// SPDX-License-Identifier: Apache-2.0
#include "core/accounts/new_account.h"

#include <algorithm>
#include <array>

#include "core/accounts/local_accounts.h"
#include "core/base/mutation.h"
#include "core/base/text.h"

namespace latchkey::accounts {
namespace {

// The groups of Debian, Fedora, Arch and SUSE that open devices, secrets, or the way to root; the
// users and groups that their packages and images make without a mark in the name, whose leavings
// (a line of sudoers, a unit's DynamicUser=) would be a person's of that name. No list has all of
// them: 'accounts.reserved' adds to it.
constexpr std::array<std::string_view, 157> kReserved{"adm",
                                                      "admin",
                                                      "administrator",
                                                      "administrators",
                                                      "almalinux",
                                                      "ansible",
                                                      "apache",
                                                      "arch",
                                                      "audio",
                                                      "avahi",
                                                      "backup",
                                                      "bin",
                                                      "bind",
                                                      "bluetooth",
                                                      "cdrom",
                                                      "centos",
                                                      "ceph",
                                                      "chrony",
                                                      "cloud-user",
                                                      "colord",
                                                      "consul",
                                                      "core",
                                                      "crontab",
                                                      "daemon",
                                                      "dba",
                                                      "dbus",
                                                      "debian",
                                                      "dialout",
                                                      "dip",
                                                      "disk",
                                                      "dnsmasq",
                                                      "docker",
                                                      "domain-admins",
                                                      "ec2-user",
                                                      "elasticsearch",
                                                      "etcd",
                                                      "fedora",
                                                      "floppy",
                                                      "fuse",
                                                      "games",
                                                      "gdm",
                                                      "geoclue",
                                                      "git",
                                                      "gitlab",
                                                      "gluster",
                                                      "google-sudoers",
                                                      "grafana",
                                                      "halt",
                                                      "haproxy",
                                                      "http",
                                                      "incus",
                                                      "incus-admin",
                                                      "input",
                                                      "irc",
                                                      "jenkins",
                                                      "kernoops",
                                                      "kmem",
                                                      "kubelet",
                                                      "kvm",
                                                      "landscape",
                                                      "libvirt",
                                                      "libvirt-qemu",
                                                      "libvirtd",
                                                      "lightdm",
                                                      "list",
                                                      "lock",
                                                      "lp",
                                                      "lpadmin",
                                                      "lxc",
                                                      "lxd",
                                                      "mail",
                                                      "man",
                                                      "memcached",
                                                      "messagebus",
                                                      "microk8s",
                                                      "mock",
                                                      "mongodb",
                                                      "mysql",
                                                      "nagios",
                                                      "named",
                                                      "netdev",
                                                      "news",
                                                      "nginx",
                                                      "nixbld",
                                                      "nm-openvpn",
                                                      "nobody",
                                                      "nogroup",
                                                      "nomad",
                                                      "nopasswdlogin",
                                                      "ntp",
                                                      "oidc",
                                                      "opc",
                                                      "openvpn",
                                                      "operator",
                                                      "oracle",
                                                      "pi",
                                                      "pipewire",
                                                      "plugdev",
                                                      "podman",
                                                      "polkitd",
                                                      "pollinate",
                                                      "postgres",
                                                      "power",
                                                      "prometheus",
                                                      "proxy",
                                                      "pulse",
                                                      "puppet",
                                                      "rabbitmq",
                                                      "redis",
                                                      "render",
                                                      "rocky",
                                                      "root",
                                                      "rpc",
                                                      "rtkit",
                                                      "salt",
                                                      "saned",
                                                      "sasl",
                                                      "scanner",
                                                      "sddm",
                                                      "sgx",
                                                      "shadow",
                                                      "shutdown",
                                                      "src",
                                                      "ssh",
                                                      "sshd",
                                                      "sssd",
                                                      "staff",
                                                      "storage",
                                                      "sudo",
                                                      "sudoers",
                                                      "superuser",
                                                      "sync",
                                                      "sys",
                                                      "systemd",
                                                      "tape",
                                                      "tcpdump",
                                                      "teleport",
                                                      "tss",
                                                      "tty",
                                                      "ubuntu",
                                                      "unbound",
                                                      "usbmux",
                                                      "users",
                                                      "utmp",
                                                      "uucp",
                                                      "uuidd",
                                                      "vagrant",
                                                      "vault",
                                                      "vboxsf",
                                                      "vboxusers",
                                                      "video",
                                                      "vpn",
                                                      "wheel",
                                                      "whoopsie",
                                                      "wireshark",
                                                      "www-data",
                                                      "zabbix"};

}  // namespace

bool may_be_made(std::string_view name) {
  if (!usable_name(name)) return false;
  const bool reserved = std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end() ||
                        name.starts_with("systemd-") || name.starts_with("latchkey") ||
                        name.starts_with('_');
  return !LATCHKEY_FAILS(name_reserved, reserved);
}

tl::expected<NamesUser, std::string> new_account(std::string_view name, const ServedNames& names) {
  const auto id = id_of(name, names.names().content().settings.ids);
  const auto free = names.free_id(name);
  if (free) {
    const auto& settings = names.names().content().settings;
    return NamesUser{.name = std::string(name),
                     .uid = *free,
                     .gid = *free,
                     .home = home_of(settings.home, name),
                     .shell = settings.shell};
  }
  const auto failed = [](std::string what) { return tl::unexpected(std::move(what)); };
  if (!may_be_made(name)) return failed("no account is made for such a name");
  if (!id) return failed("its id could not be computed");
  const Names& file = names.names();
  const NamesUser* known = file.find_user(name);
  if (known != nullptr && known->state == AccountState::removed)
    return failed("its account was removed");
  if (known != nullptr)
    return failed("its account has an id, " + std::to_string(known->uid) + " or " +
                  std::to_string(known->gid) + ", that the local files have given away");
  if (names.taken().has_user(name)) return failed("a line of the local files has that name");
  if (file.find_group(name) || names.taken().has_group(name))
    return failed("there is a group of that name");
  const std::string number = "its id would be " + std::to_string(*id) + ", which ";
  if (const NamesUser* other = file.find_uid(*id))
    return failed(number + "is that of " + quoted(other->name));
  if (const auto other = file.find_gid(*id))
    return failed(number + "is that of the group " + quoted(other->name));
  if (names.taken().has_subordinate(name, *id))
    return failed("/etc/subuid or /etc/subgid has a line for one of that name or id");
  if (names.taken().is_subordinate(*id))
    return failed(number + "/etc/subuid or /etc/subgid has given away");
  return failed(number + "the local files have given away");
}

}  // namespace latchkey::accounts
