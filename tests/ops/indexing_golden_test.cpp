// Reading and writing at indices against PyTorch.
#include "framework/ops/indexing.h"

#include "framework/ops/views.h"
#include "tests/support/op_cases.h"

namespace gradus {
namespace {

using golden::Calls;
using golden::Tensors;

template <class T>
std::optional<T> optional(const Json& attrs, const char* name) {
  if (!attrs.contains(name)) return {};
  return attrs[name].get<T>();
}

indexing::Slice::Bound bound(const Json& json) {
  if (json.is_null()) return indexing::None;
  return json.get<std::int64_t>();
}

// The entries between the brackets; "t" stands for the next of the inputs from `next` on.
TensorIndices decoded(const Json& list, const Tensors& in, std::size_t next) {
  TensorIndices result;
  for (const Json& each : list) {
    if (each == "...") {
      result.emplace_back(indexing::Ellipsis);
    } else if (each == "None") {
      result.emplace_back(indexing::None);
    } else if (each == "t") {
      result.emplace_back(in.at(next++));
    } else if (each.is_object()) {
      const Json& ends = each["slice"];
      result.emplace_back(indexing::Slice(bound(ends[0]), bound(ends[1]), bound(ends[2])));
    } else if (each.is_boolean()) {
      result.emplace_back(each.get<bool>());
    } else {
      result.emplace_back(each.get<std::int64_t>());
    }
  }
  return result;
}

Tensor added(const Tensors& in, const Json& attrs) {
  return index_add(in[0], attrs["dim"], in[2], in[1], attrs.value("alpha", 1.0));
}

Tensor embedded(const Tensors& in, const Json& attrs) {
  return embedding(in[0], in[1], optional<std::int64_t>(attrs, "padding_idx"));
}

Tensor put_slice(const Tensors& in, const Json& attrs) {
  return slice_scatter(in[0], in[1], attrs["dim"], attrs["start"], attrs["end"],
                       attrs.value("step", 1));
}

const Calls kCalls = {
    {"gather", [](auto& in, auto& a) { return gather(in[0], a["dim"], in[1]); }},
    {"scatter", [](auto& in, auto& a) { return scatter(in[0], a["dim"], in[2], in[1]); }},
    {"scatter_value",
     [](auto& in, auto& a) {
       return scatter(in[0], a["dim"], in[1], a["value"].template get<double>());
     }},
    {"scatter_add", [](auto& in, auto& a) { return scatter_add(in[0], a["dim"], in[2], in[1]); }},
    {"take_along_dim",
     [](auto& in, auto& a) { return take_along_dim(in[0], in[1], optional<int>(a, "dim")); }},
    {"index_select", [](auto& in, auto& a) { return index_select(in[0], a["dim"], in[1]); }},
    {"index_add", added},
    {"index_copy", [](auto& in, auto& a) { return index_copy(in[0], a["dim"], in[2], in[1]); }},
    {"index_fill",
     [](auto& in, auto& a) {
       return index_fill(in[0], a["dim"], in[1], a["value"].template get<double>());
     }},
    {"embedding", embedded},
    {"one_hot", [](auto& in, auto& a) { return one_hot(in[0], a["num_classes"]); }},
    {"nonzero", golden::unary<nonzero>},
    {"masked_select", [](auto& in, auto&) { return masked_select(in[0], in[1]); }},
    {"slice_scatter", put_slice},
    {"select_scatter",
     [](auto& in, auto& a) { return select_scatter(in[0], in[1], a["dim"], a["index"]); }},
    {"index", [](auto& in, auto& a) { return index(in[0], decoded(a["indices"], in, 1)); }},
    {"index_put",
     [](auto& in, auto& a) {
       return index_put(in[0], decoded(a["indices"], in, 2), in[1], a.value("accumulate", false));
     }},
};

const bool kRegistered = golden::register_cases("indexing", kCalls);

}  // namespace
}  // namespace gradus
