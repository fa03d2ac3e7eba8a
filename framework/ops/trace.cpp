#include "framework/ops/trace.h"

namespace gradus::ops {

constinit thread_local Trace* Trace::current_ = nullptr;

namespace {

Trace::Seen seen_now(const Tensor& tensor) {
  return {tensor, tensor.defined() ? tensor.impl()->storage->version() : 0};
}

std::vector<Trace::NamedSeen> seen_now(
    const std::vector<std::pair<std::string_view, Tensor>>& tensors) {
  std::vector<Trace::NamedSeen> result;
  for (const auto& [name, tensor] : tensors) result.push_back({name, seen_now(tensor)});
  return result;
}

}  // namespace

void Trace::add(std::string_view op, Attributes attributes, std::span<const Tensor> inputs,
                const Tensor& output, const Location& at) {
  Call& call = calls_.emplace_back();
  call.op = op;
  call.attributes = std::move(attributes.values);
  call.is_described = attributes.is_complete;
  for (const Tensor& each : inputs) call.inputs.push_back(seen_now(each));
  call.tensors = seen_now(attributes.tensors);
  call.output = seen_now(output);
  call.results = seen_now(attributes.results);
  call.label = label_;
  call.at = CallSite::outside(at);
}

void Trace::add_write(const Tensor& x, const Tensor& result) {
  add(kWritten, {}, {&result, 1}, x, Location());
}

}  // namespace gradus::ops
