// SPDX-License-Identifier: Apache-2.0
#include "ipc/varlink_service.h"

#include <optional>
#include <string>

#include <gtest/gtest.h>

namespace latchkey::ipc::varlink {
namespace {

class VarlinkService : public testing::Test {
 protected:
  VarlinkService() {
    service_.add_interface("a", "interface a\n");
    service_.add_method("a.Echo", [](const Peer&, std::string parameters, Service::Done done) {
      done(Reply{std::move(parameters), {}, false});
    });
    service_.add_method("a.Later", [this](const Peer& peer, std::string, Service::Done done) {
      seen_ = peer;
      later_ = std::move(done);
    });
  }

  // The reply without its NUL; nullopt where none was sent.
  std::optional<std::string> ask(const std::string& message) {
    sent_.reset();
    EXPECT_TRUE(service_.handle(message, Peer{7, 1000, 1000}, [this](std::string reply) {
      EXPECT_FALSE(sent_) << "replied twice";
      sent_ = std::move(reply);
    }));
    return sent_ && !sent_->empty() ? std::optional(sent_->substr(0, sent_->size() - 1)) : sent_;
  }

  Service service_{ServiceInfo{"Latchkey", "latchkeyd", "1", "https://example.com"}};
  std::optional<std::string> sent_;
  Peer seen_;
  Service::Done later_;
};

TEST_F(VarlinkService, answers_who_it_is) {
  EXPECT_EQ(
      ask(R"({"method":"org.varlink.service.GetInfo"})"),
      R"({"parameters":{"vendor":"Latchkey","product":"latchkeyd","version":"1","url":"https://example.com",)"
      R"("interfaces":["org.varlink.service","a"]}})");
}

TEST_F(VarlinkService, describes_its_interfaces) {
  EXPECT_EQ(
      ask(R"({"method":"org.varlink.service.GetInterfaceDescription","parameters":{"interface":"a"}})"),
      R"({"parameters":{"description":"interface a\n"}})");
  EXPECT_NE(ask(R"({"method":"org.varlink.service.GetInterfaceDescription",)"
                R"("parameters":{"interface":"org.varlink.service"}})")
                ->find("method GetInfo()"),
            std::string::npos);
}

TEST_F(VarlinkService, names_an_interface_it_does_not_have) {
  EXPECT_EQ(
      ask(R"({"method":"org.varlink.service.GetInterfaceDescription","parameters":{"interface":"b"}})"),
      R"({"error":"org.varlink.service.InterfaceNotFound","parameters":{"interface":"b"}})");
}

TEST_F(VarlinkService, names_a_parameter_that_is_wrong) {
  EXPECT_EQ(
      ask(R"({"method":"org.varlink.service.GetInterfaceDescription","parameters":{"interface":1}})"),
      R"({"error":"org.varlink.service.InvalidParameter","parameters":{"parameter":"interface"}})");
  EXPECT_EQ(
      ask(R"({"method":"org.varlink.service.GetInterfaceDescription","parameters":{"interface":"a","x":1}})"),
      R"({"error":"org.varlink.service.InvalidParameter","parameters":{"parameter":"x"}})");
}

TEST_F(VarlinkService, names_a_method_it_does_not_have) {
  EXPECT_EQ(
      ask(R"({"method":"a.Missing"})"),
      R"({"error":"org.varlink.service.MethodNotFound","parameters":{"method":"a.Missing"}})");
}

TEST_F(VarlinkService, hands_parameters_to_the_handler) {
  EXPECT_EQ(ask(R"({"method":"a.Echo","parameters":{"x":1}})"), R"({"parameters":{"x":1}})");
}

TEST_F(VarlinkService, lets_a_handler_answer_later_and_tells_it_who_asks) {
  EXPECT_EQ(ask(R"({"method":"a.Later"})"), std::nullopt);
  EXPECT_EQ(seen_.uid, 1000U);
  ASSERT_TRUE(later_);
  later_(Reply{R"({"ok":true})", {}, false});
  EXPECT_EQ(sent_, std::string(R"({"parameters":{"ok":true}})") + '\0');
}

TEST_F(VarlinkService, sends_nothing_for_a_oneway_call_but_says_that_it_is_done) {
  EXPECT_EQ(ask(R"({"method":"a.Echo","oneway":true})"), "");
}

TEST_F(VarlinkService, refuses_what_is_no_call_without_a_reply) {
  const auto handled =
      service_.handle("{", Peer{}, [](std::string) { FAIL() << "nothing to send"; });
  ASSERT_FALSE(handled);
  EXPECT_EQ(handled.error().kind, FaultKind::malformed);
}

}  // namespace
}  // namespace latchkey::ipc::varlink
