// What moves elements: views, joins, borders, selections.
#include "framework/onnx/translation.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace gradus::onnx {
namespace {

constexpr std::int64_t kFirst = std::numeric_limits<std::int64_t>::min();

std::string reshape(Translation& t) {
  return t.sizes(0) == t.result_sizes() ? t.in(0) : t.reshape(t.in(0), t.result_sizes());
}

std::string permute(Translation& t) {
  std::vector<std::int64_t> order;
  for (const std::int64_t dim : t.ints("dims")) {
    order.push_back(normalize_dim(static_cast<int>(dim), t.rank(0)));
  }
  return std::is_sorted(order.begin(), order.end()) ? t.in(0) : t.transpose(t.in(0), order);
}

std::string expand(Translation& t) {
  if (t.sizes(0) == t.result_sizes()) return t.in(0);
  return t.node("Expand", {t.in(0), t.writer().sizes(t.result_sizes())});
}

std::string slice(Translation& t) {
  if (t.sizes(0) == t.result_sizes()) return t.in(0);
  Writer& w = t.writer();
  return t.node("Slice", {t.in(0), w.sizes({t.size("start")}), w.sizes({t.size("end")}),
                          w.ints({t.dim("dim")}), w.ints({t.integer("step")})});
}

// Numbers before and behind each dim.
std::string pad(Translation& t, std::vector<std::int64_t> before,
                const std::vector<std::int64_t>& behind, const std::string& value) {
  before.insert(before.end(), behind.begin(), behind.end());
  return t.node("Pad", {t.in(0), t.writer().ints(before), value}, {{"mode", "constant"}});
}

// Zeros about a slice: that of a step of 1.
std::string slice_backward(Translation& t) {
  const auto dims = static_cast<std::size_t>(t.rank(0));
  const auto dim = static_cast<std::size_t>(t.dim("dim"));
  const std::int64_t size = t.fixed(t.result_sizes()[dim], "the size that it fills");
  const std::int64_t count = t.fixed(t.sizes(0)[dim], "the size that it puts there");
  if (t.integer("step") != 1 && count > 1) t.refuse("zeros between elements");
  const std::int64_t start = t.integer("start");
  const std::int64_t first = std::clamp<std::int64_t>(start < 0 ? start + size : start, 0, size);
  std::vector<std::int64_t> before(dims, 0);
  std::vector<std::int64_t> behind(dims, 0);
  before[dim] = first;
  behind[dim] = size - first - count;
  return pad(t, before, behind, t.number(0));
}

// The op lists (before, behind) of the last dim first.
std::string constant_pad(Translation& t) {
  if (t.rank(0) == 0) return t.in(0);
  const std::vector<std::int64_t> padding = t.ints("padding");
  const auto dims = static_cast<std::size_t>(t.rank(0));
  std::vector<std::int64_t> before(dims, 0);
  std::vector<std::int64_t> behind(dims, 0);
  for (std::size_t i = 0; i + 1 < padding.size(); i += 2) {
    before[dims - 1 - i / 2] = padding[i];
    behind[dims - 1 - i / 2] = padding[i + 1];
  }
  return pad(t, before, behind, t.number(t.scalar("value").to_double()));
}

std::string flip(Translation& t) {
  std::vector<std::int64_t> dims;
  for (const std::int64_t dim : t.ints("dims")) {
    if (t.rank(0) > 0) dims.push_back(normalize_dim(static_cast<int>(dim), t.rank(0)));
  }
  if (dims.empty()) return t.in(0);
  Writer& w = t.writer();
  const auto all = [&](std::int64_t value) {
    return w.ints(std::vector<std::int64_t>(dims.size(), value));
  };
  return t.node("Slice", {t.in(0), all(-1), all(kFirst), w.ints(dims), all(-1)});
}

std::string cat(Translation& t) {
  const Sizes skipped = {{0, 0}};  // joins with anything
  std::vector<std::string> inputs;
  for (std::size_t i = 0; i < t.inputs(); ++i) {
    if (t.sizes(i) != skipped) inputs.push_back(t.in(i));
  }
  if (inputs.empty()) return t.in(0);
  const auto dims = static_cast<int>(t.result_sizes().size());
  const std::int64_t dim = normalize_dim(static_cast<int>(t.integer("dim")), dims);
  return inputs.size() == 1 ? inputs[0] : t.node("Concat", inputs, {{"axis", dim}});
}

Rule triangle(bool upper) {
  return [upper](Translation& t) {
    const std::string diagonal = t.writer().constant(full({}, t.integer("diagonal"), kInt64));
    return t.node("Trilu", {t.in(0), diagonal}, {{"upper", upper ? 1 : 0}});
  };
}

// All windows along a dim, which Gather puts in that dim's place, with their elements moved last.
std::string unfold(Translation& t) {
  if (t.rank(0) == 0) return t.reshape(t.in(0), t.result_sizes());
  const std::int64_t dim = t.dim("dim");
  const std::int64_t windows = t.fixed(t.result_sizes()[static_cast<std::size_t>(dim)], "the dim");
  const std::int64_t size = t.integer("size");
  std::vector<std::int64_t> places;
  for (std::int64_t w = 0; w < windows; ++w) {
    for (std::int64_t i = 0; i < size; ++i) places.push_back(w * t.integer("step") + i);
  }
  const Tensor index = gradus::tensor(places).reshape({windows, size});
  const std::string parts =
      t.node("Gather", {t.in(0), t.writer().constant(index)}, {{"axis", dim}});
  std::vector<std::int64_t> order(t.result_sizes().size());
  std::iota(order.begin(), order.end(), 0);
  std::rotate(order.begin() + dim + 1, order.begin() + dim + 2, order.end());
  return t.transpose(parts, order);
}

std::string index_select(Translation& t) {
  std::string index = t.tensor("index");
  if (t.tensor_value("index").sizes.empty()) index = t.reshape(index, {{1, 0}});
  return t.node("Gather", {t.in(0), index}, {{"axis", t.dim("dim")}});
}

const bool kAdded = add_rules({
    {"reshape", reshape},
    {"view", reshape},
    {"permute", permute},
    {"expand", expand},
    {"slice", slice},
    {"slice_backward", slice_backward},
    {"constant_pad", constant_pad},
    {"flip", flip},
    {"cat", cat},
    {"tril", triangle(false)},
    {"triu", triangle(true)},
    {"unfold", unfold},
    {"index_select", index_select},
    {"gather",
     [](Translation& t) {
       if (t.rank(0) == 0) return t.in(0);
       return t.node("GatherElements", {t.in(0), t.tensor("index")}, {{"axis", t.dim("dim")}});
     }},
    {"embedding",
     [](Translation& t) {
       return t.node("Gather", {t.in(0), t.tensor("index")}, {{"axis", 0}});
     }},
});

}  // namespace
}  // namespace gradus::onnx
