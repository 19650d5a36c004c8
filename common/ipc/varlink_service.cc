// SPDX-License-Identifier: Apache-2.0
//
// org.varlink.service and the table of methods.
#include "ipc/varlink_service.h"

#include <utility>

#include "ipc/json_fields.h"

namespace latchkey::ipc::varlink {
namespace {

constexpr std::string_view kServiceInterface = "org.varlink.service";
constexpr std::string_view kServiceDescription =
    R"(# What every Varlink service answers.
interface org.varlink.service

# Who serves here, and what.
method GetInfo() -> (
  vendor: string,
  product: string,
  version: string,
  url: string,
  interfaces: []string
)

# The text of an interface.
method GetInterfaceDescription(interface: string) -> (description: string)

error InterfaceNotFound (interface: string)

error MethodNotFound (method: string)

error MethodNotImplemented (method: string)

error InvalidParameter (parameter: string)
)";

struct Info {
  ServiceInfo service;
  std::vector<std::string> interfaces;
};

template <typename Walk>
void fields(Walk& walk, Info& value) {
  walk("vendor", value.service.vendor);
  walk("product", value.service.product);
  walk("version", value.service.version);
  walk("url", value.service.url);
  walk("interfaces", value.interfaces);
}

// The one-member objects of this interface.
struct Named {
  std::string_view member;
  std::string value;
};

template <typename Walk>
void fields(Walk& walk, Named& value) {
  walk(value.member, value.value);
}

Reply named(std::string_view error, std::string_view member, std::string value) {
  return {json::text_of(json::Writer::object(Named{member, std::move(value)})), std::string(error),
          false};
}

// The one string parameter `interface`, or what is wrong.
Result<std::string> interface_of(std::string_view parameters) {
  jose::JsonReader reader({.bytes = kCallMost});
  const auto value = reader.read(parameters);
  if (!value) return fault(FaultKind::malformed, {});
  Named request{"interface", {}};
  if (auto read = json::Reader::object(*value, request, json::Unknown::refused); !read) {
    return tl::unexpected(read.error());
  }
  return std::move(request.value);
}

}  // namespace

void Service::add_interface(std::string name, std::string description) {
  interfaces_.insert_or_assign(std::move(name), std::move(description));
}

void Service::add_method(std::string method, Handler handler) {
  methods_.insert_or_assign(std::move(method), std::move(handler));
}

Reply Service::get_info() const {
  Info info{info_, {std::string(kServiceInterface)}};
  for (const auto& [name, description] : interfaces_) info.interfaces.push_back(name);
  return {json::text_of(json::Writer::object(info)), {}, false};
}

Reply Service::get_description(std::string_view parameters) const {
  auto name = interface_of(parameters);
  if (!name) return named(kInvalidParameter, "parameter", std::move(name.error().detail));
  if (*name == kServiceInterface) return named({}, "description", std::string(kServiceDescription));
  const auto found = interfaces_.find(*name);
  if (found == interfaces_.end()) return named(kInterfaceNotFound, "interface", *std::move(name));
  return named({}, "description", found->second);
}

Result<void> Service::handle(std::string_view message, const Peer& peer,
                             std::function<void(std::string)> send) const {
  auto call = decode_call(message);
  if (!call) return tl::unexpected(call.error());
  auto done = [oneway = call->oneway, send = std::move(send)](const Reply& reply) {
    send(oneway ? std::string() : encode(reply));
  };
  if (call->method == "org.varlink.service.GetInfo") {
    done(get_info());
  } else if (call->method == "org.varlink.service.GetInterfaceDescription") {
    done(get_description(call->parameters));
  } else if (const auto method = methods_.find(call->method); method != methods_.end()) {
    method->second(peer, std::move(call->parameters), std::move(done));
  } else {
    done(named(kMethodNotFound, "method", std::move(call->method)));
  }
  return {};
}

}  // namespace latchkey::ipc::varlink
