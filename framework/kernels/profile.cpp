#include "framework/kernels/profile.h"
#include "framework/kernels/dnnl_compat.h"

#include <chrono>
#include <list>
#include <mutex>
#include <numeric>

namespace gradus::kernels::profile {
namespace {

// Entries stay where they are for ever: a scope may outlast the recording.
struct Records {
  std::mutex mutex;
  std::list<Entry> entries;
  std::vector<Entry*> order;  // of first calls since start()
};

Records& records() {
  static Records& instance = *new Records;
  return instance;
}

std::int64_t now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::atomic<AllocationCounter> g_counter{nullptr};

std::int64_t allocations() {
  const AllocationCounter counter = g_counter.load(std::memory_order_relaxed);
  return counter == nullptr ? 0 : counter();
}

// With records().mutex held.
Entry* find(std::string_view name, Phase phase) {
  for (Entry& each : records().entries) {
    if (each.name == name && each.phase == phase) return &each;
  }
  Entry& made = records().entries.emplace_back();
  made.name = name;
  made.phase = phase;
  return &made;
}

}  // namespace

void start() {
  const std::scoped_lock lock(records().mutex);
  records().order.clear();
  for (Entry& each : records().entries) {
    Entry empty;
    empty.name = std::move(each.name);
    empty.phase = each.phase;
    each = std::move(empty);
  }
  detail::g_on = true;
}

std::vector<Entry> stop() {
  detail::g_on = false;
  const std::scoped_lock lock(records().mutex);
  std::vector<Entry> result;
  for (const Entry* each : records().order) result.push_back(*each);
  return result;
}

void set_allocation_counter(AllocationCounter counter) {
  g_counter = counter;
}

AllocationCounter allocation_counter() {
  return g_counter;
}

void Scope::open(std::string_view name, Phase phase) {
  if (detail::t_current != nullptr) return;
  {
    const std::scoped_lock lock(records().mutex);
    entry_ = find(name, phase);
    if (entry_->calls++ == 0) records().order.push_back(entry_);
  }
  detail::t_current = entry_;
  allocations_ = allocations();
  start_ = now();
}

void Scope::close() {
  const std::int64_t time = now() - start_;
  const std::int64_t allocated = allocations() - allocations_;
  detail::t_current = nullptr;
  const std::scoped_lock lock(records().mutex);
  entry_->seconds += static_cast<double>(time) * 1e-9;
  entry_->bytes += bytes_;
  entry_->allocations += allocated;
}

namespace {

// Adds one run of a kernel. What the profile allocates itself, since `before`, is not the op's.
void add(std::string_view implementation, std::int64_t multiply_adds, std::int64_t before) {
  Entry* entry = detail::t_current;
  if (entry == nullptr || !is_on()) return;
  const std::scoped_lock lock(records().mutex);
  entry->multiply_adds += multiply_adds;
  ++entry->kernels[std::string(implementation)];
  entry->allocations -= allocations() - before;
}

std::int64_t product(const dnnl::memory::dims& dims) {
  return std::accumulate(dims.begin(), dims.end(), std::int64_t{1}, std::multiplies<>());
}

std::int64_t multiply_adds_of(const dnnl::primitive_desc_base& desc) {
  const auto dims = [&](int arg) {
    return dnnl_dims_of(desc.query_md(dnnl::query::exec_arg_md, arg));
  };
  const auto kind = desc.get_kind();
  if (kind == dnnl::primitive::kind::matmul) {
    return product(dims(DNNL_ARG_DST)) * dims(DNNL_ARG_SRC).back();
  }
  if (kind != dnnl::primitive::kind::convolution) return 0;
  const auto first_of = [&](int arg, int other) {
    const dnnl::memory::dims found = dims(arg);
    return found.empty() ? dims(other) : found;
  };
  const dnnl::memory::dims result = first_of(DNNL_ARG_DST, DNNL_ARG_DIFF_DST);
  const dnnl::memory::dims weights = first_of(DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_WEIGHTS);
  return product(result) / result[1] * product(weights);
}

}  // namespace

void count_kernel(std::string_view implementation, std::int64_t multiply_adds) {
  add(implementation, multiply_adds, allocations());
}

void count_primitive(const dnnl::primitive_desc_base& desc) {
  const std::int64_t before = allocations();
  add(desc.impl_info_str(), multiply_adds_of(desc), before);
}

}  // namespace gradus::kernels::profile
