// Reductions over dims.
#include "framework/onnx/translation.h"

#include <cmath>
#include <numeric>

namespace gradus::onnx {
namespace {

// The dims that an op reduces; none listed means all.
std::vector<std::int64_t> axes_of(Translation& t) {
  std::vector<std::int64_t> axes;
  for (const std::int64_t dim : t.ints("dims")) {
    if (t.rank(0) > 0) axes.push_back(normalize_dim(static_cast<int>(dim), t.rank(0)));
  }
  if (axes.empty()) {
    axes.resize(static_cast<std::size_t>(t.rank(0)));
    std::iota(axes.begin(), axes.end(), 0);
  }
  return axes;
}

// The reduction of x, of t's rank. That over no dims is x.
std::string reduce(Translation& t, const std::string& type, const std::string& x, bool keepdim) {
  if (t.rank(0) == 0) return x;
  const std::int64_t keep = keepdim ? 1 : 0;
  if (type == "ReduceSum") {
    return t.node(type, {x, t.writer().ints(axes_of(t))}, {{"keepdims", keep}});
  }
  return t.node(type, {x}, {{"axes", axes_of(t)}, {"keepdims", keep}});
}

// Integers and bool are summed as int64.
std::string summand(Translation& t) {
  const bool is_small = t.dtype() == kBool || t.dtype() == kUInt8;
  return is_small ? t.writer().cast(t.in(0), kInt64) : t.in(0);
}

Rule reduction(const char* type) {
  return [type](Translation& t) { return reduce(t, type, summand(t), t.flag("keepdim")); };
}

Rule extreme(const char* type) {
  return [type](Translation& t) { return reduce(t, type, t.in(0), t.flag("keepdim")); };
}

// How many elements become one.
Size count_of(Translation& t) {
  Size count = {1, 0};
  for (const std::int64_t axis : axes_of(t)) {
    const Size& size = t.sizes(0)[static_cast<std::size_t>(axis)];
    if (!size.is_fixed() && !count.is_fixed()) t.refuse("a mean over two dims of the batch");
    count = size.is_fixed() ? Size{count.fixed * size.fixed, count.per_example * size.fixed}
                            : Size{count.fixed * size.fixed, count.fixed * size.per_example};
  }
  return count;
}

std::string variance(Translation& t) {
  const std::string x = t.in(0);
  const std::string centred = t.node("Sub", {x, reduce(t, "ReduceMean", x, true)});
  const std::string squares = t.node("Mul", {centred, centred});
  const std::string total = reduce(t, "ReduceSum", squares, t.flag("keepdim"));
  const Size count = count_of(t);
  const double correction = t.real("correction");
  if (count.is_fixed()) {
    const double divisor = std::max(static_cast<double>(count.fixed) - correction, 0.0);
    return t.node("Div", {total, t.number(divisor)});
  }
  const std::string rest = t.node("Sub", {t.writer().size(count, t.dtype()), t.number(correction)});
  return t.node("Div", {total, t.node("Max", {rest, t.number(0)})});
}

std::string norm(Translation& t) {
  const double p = t.real("p");
  const bool keep = t.flag("keepdim");
  const std::string size = t.node("Abs", {t.in(0)});
  if (p == 1) return reduce(t, "ReduceSum", size, keep);
  if (p == INFINITY) return reduce(t, "ReduceMax", size, keep);
  if (p == -INFINITY) return reduce(t, "ReduceMin", size, keep);
  if (p == 0) {
    const std::string some = t.node("Greater", {size, t.number(0)});
    return reduce(t, "ReduceSum", t.writer().cast(some, t.dtype()), keep);
  }
  if (p == 2) {
    const std::string squares = t.node("Mul", {size, size});
    return t.node("Sqrt", {reduce(t, "ReduceSum", squares, keep)});
  }
  const std::string powers = t.node("Pow", {size, t.number(p)});
  return t.node("Pow", {reduce(t, "ReduceSum", powers, keep), t.number(1 / p)});
}

// Where elements are other than 0, as int64.
std::string ones_of(Translation& t) {
  const std::string truth = t.dtype() == kBool ? t.in(0) : t.writer().cast(t.in(0), kBool);
  return t.writer().cast(truth, kInt64);
}

Rule logic(const char* type, bool to_bool) {
  return [=](Translation& t) {
    const std::string found = reduce(t, type, ones_of(t), t.flag("keepdim"));
    return to_bool ? t.writer().cast(found, kBool) : found;
  };
}

// The first place of an extreme.
Rule place(const char* type) {
  return [type](Translation& t) {
    const bool keep = t.flag("keepdim");
    if (t.has("dim") && t.rank(0) > 0) {
      return t.node(type, {t.in(0)}, {{"axis", t.dim("dim")}, {"keepdims", keep ? 1 : 0}});
    }
    const std::string row = t.node("Reshape", {t.in(0), t.writer().ints({-1})});
    const std::string found = t.node(type, {row}, {{"axis", 0}, {"keepdims", 0}});
    return t.reshape(found, t.result_sizes());
  };
}

Rule along(const char* type, const char* index_type) {
  return [=](Translation& t) {
    if (t.rank(0) == 0) {
      t.set_result("indices", t.writer().number(0, kInt64));
      return t.in(0);
    }
    const std::int64_t dim = t.dim("dim");
    const std::int64_t keep = t.flag("keepdim") ? 1 : 0;
    t.set_result("indices", t.node(index_type, {t.in(0)}, {{"axis", dim}, {"keepdims", keep}}));
    return t.node(type, {t.in(0)}, {{"axes", std::vector<std::int64_t>{dim}}, {"keepdims", keep}});
  };
}

std::string cumsum(Translation& t) {
  const std::string x = summand(t);
  if (t.rank(0) == 0) return x;
  const std::string axis = t.writer().constant(full({}, t.dim("dim"), kInt64));
  return t.node("CumSum", {x, axis}, {{"reverse", t.flag("reverse") ? 1 : 0}});
}

std::string nansum(Translation& t) {
  const std::string known = t.node("Where", {t.node("IsNaN", {t.in(0)}), t.number(0), t.in(0)});
  return reduce(t, "ReduceSum", known, t.flag("keepdim"));
}

const bool kAdded = add_rules({
    {"sum", reduction("ReduceSum")},
    {"nansum", nansum},
    {"prod", reduction("ReduceProd")},
    {"amax", extreme("ReduceMax")},
    {"amin", extreme("ReduceMin")},
    {"logsumexp", extreme("ReduceLogSumExp")},
    {"max", along("ReduceMax", "ArgMax")},
    {"min", along("ReduceMin", "ArgMin")},
    {"argmax", place("ArgMax")},
    {"argmin", place("ArgMin")},
    {"all", logic("ReduceMin", true)},
    {"any", logic("ReduceMax", true)},
    {"count_nonzero", logic("ReduceSum", false)},
    {"var", variance},
    {"std", [](Translation& t) { return t.node("Sqrt", {variance(t)}); }},
    {"norm", norm},
    {"cumsum", cumsum},
});

}  // namespace
}  // namespace gradus::onnx
