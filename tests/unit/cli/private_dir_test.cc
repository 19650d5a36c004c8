// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkey/private_dir.h"

#include <filesystem>
#include <optional>
#include <string>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "tests/support/temporary_folder.h"

namespace latchkey::cli {
namespace {

std::string folder_of(std::size_t length, const std::string& below) {
  std::string path = below + "/";
  path.append(length - path.size(), 'r');
  std::filesystem::create_directories(path);
  ::chmod(path.c_str(), 0700);
  return path;
}

TEST(PrivateDir, lies_in_the_runtime_folder_where_a_sockets_address_has_room_for_it) {
  const test::TemporaryFolder scratch;
  const std::string path = folder_of(80, scratch.path());
  const auto made = PrivateDir::make(path);
  if (!made) FAIL();
  EXPECT_TRUE(made->path().starts_with(path + "/latchkey."));
  EXPECT_LT(made->socket().size(), sizeof(sockaddr_un::sun_path));
}

TEST(PrivateDir, lies_in_tmp_where_the_runtime_folders_name_is_too_long_open_or_missing) {
  const test::TemporaryFolder scratch;
  const std::string open = folder_of(70, scratch.path());
  ::chmod(open.c_str(), 0750);
  for (const auto& runtime :
       {std::optional(folder_of(81, scratch.path())), std::optional(open),
        std::optional(scratch.path() + "/none"), std::optional(std::string("relative")),
        std::optional<std::string>()}) {
    const auto made = PrivateDir::make(runtime);
    if (!made) FAIL() << runtime.value_or("-");
    EXPECT_TRUE(made->path().starts_with("/tmp/latchkey.")) << made->path();
  }
}

TEST(PrivateDir, is_closed_to_others_and_goes_with_its_owner) {
  std::string path;
  {
    const auto made = PrivateDir::make(std::nullopt);
    if (!made) FAIL();
    path = made->path();
    struct stat status {};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0700U);
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace latchkey::cli
