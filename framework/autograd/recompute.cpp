#include "framework/autograd/recompute.h"
#include "framework/autograd/node.h"
#include "framework/kernels/checksum.h"

namespace gradus::autograd {
namespace {

thread_local Recompute* t_current = nullptr;

std::uint64_t checksum_of(const Tensor& value) {
  const Tensor dense =
      is_dense(value.sizes(), value.strides()) ? value : Tensor(value.sizes(), value.dtype());
  if (!dense.is_same(value)) dense.copy_(value.detach());
  return kernels::checksum(dense.raw().data, dense.nbytes());
}

}  // namespace

Recompute* Recompute::current() {
  return t_current;
}

Recompute::Scope::Scope(Recompute* call) : before_(t_current) {
  t_current = call;
}

Recompute::Scope::~Scope() {
  t_current = before_;
}

Recompute::Recompute(Function function, std::span<const Tensor> inputs)
    : function_(std::move(function)),
      random_(default_generator().state()),
      autocast_(Autocast::is_enabled()) {
  const Scope outside(nullptr);
  for (const Tensor& input : inputs) {
    inputs_.push_back(input.defined() ? SavedTensor(input) : SavedTensor());
    requires_grad_.push_back(input.requires_grad());
    given_.push_back(input.impl().get());
  }
}

std::int32_t Recompute::drop(const Tensor& value) {
  // Inputs and leaves are alive anyway, and their versions count.
  if (std::find(given_.begin(), given_.end(), value.impl().get()) != given_.end()) return -1;
  if (value.requires_grad() && value.is_leaf()) return -1;
  if (again_) {
    bring_back(value);
    return -1;
  }
  places_.push_back({checksum_of(value), {}});
  return static_cast<std::int32_t>(places_.size()) - 1;
}

void Recompute::bring_back(const Tensor& value) {
  if (next_ >= places_.size() || places_[next_].checksum != checksum_of(value)) {
    throw StateError(
        "checkpoint: the function computed other values when it ran again; something that it "
        "reads was changed since, or it draws from a generator of its own");
  }
  places_[next_++].value = value.detach();
}

Tensor Recompute::take(std::int32_t place) {
  // Held while the function runs: another reader must wait for the values anyway.
  const std::scoped_lock lock(mutex_);
  Place& wanted = places_[static_cast<std::size_t>(place)];
  if (!wanted.value.defined()) run_again();
  return std::exchange(wanted.value, {});
}

void Recompute::run_again() {
  std::vector<Tensor> inputs;
  given_.clear();
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    const SavedTensor& saved = inputs_[i];  // an input may be undefined, as an optional mask is
    inputs.push_back(saved.defined() ? saved.unpack({}, "checkpoint").detach() : Tensor());
    if (requires_grad_[i]) inputs.back().requires_grad_();
    given_.push_back(inputs.back().impl().get());
  }
  Generator random;
  random.set_state(random_);
  const DefaultGeneratorGuard same_numbers(random);
  const GradModeGuard recorded(true);
  const AutocastScope same_precision(autocast_);
  const Scope scope(this);
  again_ = true;
  next_ = 0;
  try {
    function_(inputs);
  } catch (...) {
    again_ = false;
    for (Place& each : places_) each.value = {};
    throw;
  }
  again_ = false;
  if (next_ != places_.size()) {
    throw StateError("checkpoint: the function ended early when it ran again");
  }
}

}  // namespace gradus::autograd
