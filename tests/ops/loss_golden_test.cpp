// Losses against PyTorch.
#include "framework/nn/loss.h"

#include "tests/support/op_cases.h"

namespace gradus {
namespace {

using golden::Calls;
using golden::Tensors;

template <Tensor (*kOp)(const Tensor&, const Tensor&, Reduction, Location)>
Tensor loss(const Tensors& in, const Json& attrs) {
  static const std::map<std::string, Reduction> kReductions = {
      {"mean", Reduction::Mean}, {"sum", Reduction::Sum}, {"none", Reduction::None}};
  return kOp(in[0], in[1], kReductions.at(attrs["reduction"]), Location::current());
}

const Calls kCalls = {
    {"mse_loss", loss<mse_loss>},
    {"cross_entropy", loss<cross_entropy>},
};

const bool kRegistered = golden::register_cases("loss", kCalls);

}  // namespace
}  // namespace gradus
