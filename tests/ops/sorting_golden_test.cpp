// Order along a dim, order statistics, search and counts against PyTorch.
#include "framework/ops/histogram.h"
#include "framework/ops/sorting.h"

#include "tests/support/op_cases.h"

namespace gradus {
namespace {

using golden::Calls;
using golden::Tensors;

int dim_of(const Json& attrs) {
  return attrs.value("dim", -1);
}

std::pair<Tensor, Tensor> sorted(const Tensors& in, const Json& attrs) {
  return sort(in[0], dim_of(attrs), attrs.value("descending", false));
}

std::pair<Tensor, Tensor> top(const Tensors& in, const Json& attrs) {
  return topk(in[0], attrs["k"], dim_of(attrs), attrs.value("largest", true));
}

std::pair<Tensor, Tensor> kth(const Tensors& in, const Json& attrs) {
  return kthvalue(in[0], attrs["k"], dim_of(attrs), attrs.value("keepdim", false));
}

std::pair<Tensor, Tensor> middle(const Tensors& in, const Json& attrs) {
  if (attrs.empty()) return {median(in[0]), Tensor()};
  return median(in[0], dim_of(attrs), attrs.value("keepdim", false));
}

using Both = std::pair<Tensor, Tensor>(const Tensors&, const Json&);

template <Both* kOp>
Tensor values(const Tensors& in, const Json& attrs) {
  return kOp(in, attrs).first;
}
template <Both* kOp>
Tensor indices(const Tensors& in, const Json& attrs) {
  return kOp(in, attrs).second;
}

Tensor share(const Tensors& in, const Json& attrs) {
  std::optional<int> dim;
  if (attrs.contains("dim")) dim = attrs["dim"].get<int>();
  const bool keepdim = attrs.value("keepdim", false);
  const std::string interpolation = attrs.value("interpolation", "linear");
  const Json& q = attrs["q"];
  if (q.is_object()) return quantile(in[0], golden::tensor_of(q), dim, keepdim, interpolation);
  return quantile(in[0], q.get<double>(), dim, keepdim, interpolation);
}

Tensor count(const Tensors& in, const Json& attrs) {
  const Tensor weights = attrs.contains("weights") ? golden::tensor_of(attrs["weights"]) : Tensor();
  return bincount(in[0], weights, attrs.value("minlength", 0));
}

const Calls kCalls = {
    {"sort", values<sorted>},
    {"argsort",
     [](const Tensors& in, const Json& attrs) {
       return argsort(in[0], dim_of(attrs), attrs.value("descending", false));
     }},
    {"topk", values<top>},
    {"topk_indices", indices<top>},
    {"kthvalue", values<kth>},
    {"kthvalue_indices", indices<kth>},
    {"median", values<middle>},
    {"median_indices", indices<middle>},
    {"quantile", share},
    {"searchsorted",
     [](const Tensors& in, const Json& attrs) {
       return searchsorted(in[0], in[1], attrs["right"].get<bool>());
     }},
    {"bucketize",
     [](const Tensors& in, const Json& attrs) {
       return bucketize(in[0], in[1], attrs["right"].get<bool>());
     }},
    {"bincount", count},
    {"histc",
     [](const Tensors& in, const Json& attrs) {
       return histc(in[0], attrs["bins"], attrs.value("min", 0), attrs.value("max", 0));
     }},
};

const bool kRegistered = golden::register_cases("sorting", kCalls);

}  // namespace
}  // namespace gradus
