// SPDX-License-Identifier: Apache-2.0
#include "daemon/endd/census.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace latchkey::endd {
namespace {

using Order = std::vector<std::uint32_t>;

template <typename Number>
Order order_by(const std::vector<Process>& all, Number Process::*member) {
  Order order(all.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return all[a].*member < all[b].*member;
  });
  return order;
}

template <typename Number>
void each_equal(const std::vector<Process>& all, const Order& order, Number Process::*member,
                Number value, const Census::Visit& visit) {
  auto at = std::lower_bound(order.begin(), order.end(), value,
                             [&](std::uint32_t a, Number b) { return all[a].*member < b; });
  for (; at != order.end() && all[*at].*member == value; ++at) visit(all[*at]);
}

std::vector<Process> sorted(std::vector<Process> all) {
  std::sort(all.begin(), all.end(),
            [](const Process& a, const Process& b) { return a.pid < b.pid; });
  return all;
}

}  // namespace

Census::Census(std::vector<Process> all)
    : all_(sorted(std::move(all))),
      by_parent_(order_by(all_, &Process::parent)),
      by_session_(order_by(all_, &Process::session)),
      by_audit_session_(order_by(all_, &Process::audit_session)) {}

const Process* Census::find(pid_t pid) const {
  const auto at = std::lower_bound(all_.begin(), all_.end(), pid,
                                   [](const Process& a, pid_t b) { return a.pid < b; });
  return at != all_.end() && at->pid == pid ? &*at : nullptr;
}

bool Census::has(pid_t pid, unsigned long long start) const {
  const Process* process = find(pid);
  return process != nullptr && process->start == start;
}

void Census::each_child(pid_t parent, const Visit& visit) const {
  each_equal(all_, by_parent_, &Process::parent, parent, visit);
}

void Census::each_of_session(pid_t session, const Visit& visit) const {
  each_equal(all_, by_session_, &Process::session, session, visit);
}

void Census::each_of_audit_session(std::uint32_t session, const Visit& visit) const {
  each_equal(all_, by_audit_session_, &Process::audit_session, session, visit);
}

}  // namespace latchkey::endd
