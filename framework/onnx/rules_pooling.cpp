// Pooling. Windows are told by padding alone, never by ONNX's ceil_mode, on whose meaning runtimes
// differ: the padding behind is what the last window needs.
#include "framework/onnx/translation.h"

#include <algorithm>
#include <limits>

namespace gradus::onnx {
namespace {

// The windows along one dim of images.
struct Windows {
  std::int64_t kernel, stride, padding, dilation, size, count;

  [[nodiscard]] std::int64_t begin(std::int64_t i) const { return i * stride - padding; }
  [[nodiscard]] std::int64_t behind() const {
    const std::int64_t end = begin(count - 1) + dilation * (kernel - 1) + 1;
    return std::max<std::int64_t>(end - size, 0);
  }
};

Windows windows(const Translation& t, std::size_t axis) {
  return {t.ints("kernel")[axis],
          t.ints("stride")[axis],
          t.ints("padding")[axis],
          t.ints("dilation")[axis],
          t.fixed(t.sizes(0)[axis + 2], "the image"),
          t.fixed(t.result_sizes()[axis + 2], "the image")};
}

// A pooling node over the windows, of the input with `border` where a runtime takes no such pads.
std::string pool(Translation& t, const char* type, const Windows& h, const Windows& w,
                 double border, NodeAttributes attributes) {
  std::vector<std::int64_t> pads = {h.padding, w.padding, h.behind(), w.behind()};
  std::string x = t.in(0);
  if (pads[2] >= h.kernel || pads[3] >= w.kernel) {
    const std::vector<std::int64_t> all = {0, 0, pads[0], pads[1], 0, 0, pads[2], pads[3]};
    x = t.node("Pad", {x, t.writer().ints(all), t.number(border)});
    pads = {0, 0, 0, 0};
  }
  attributes.emplace_back("kernel_shape", std::vector<std::int64_t>{h.kernel, w.kernel});
  attributes.emplace_back("strides", std::vector<std::int64_t>{h.stride, w.stride});
  attributes.emplace_back("pads", pads);
  return t.node(type, {x}, attributes);
}

// ---- As many windows as the result is to have --------------------------------------------------

// Along one dim: window i is [i * size / count, (i + 1) * size / count), rounded outwards.
std::string share_out(Translation& t, const char* type, const std::string& x, std::size_t axis) {
  const std::int64_t size = t.fixed(t.sizes(0)[axis], "the image");
  const std::int64_t count = t.fixed(t.result_sizes()[axis], "the image");
  const auto dim = static_cast<std::int64_t>(axis);
  if (size == count) return x;
  std::vector<std::string> parts;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::string window =
        t.slice(x, dim, i * size / count, ((i + 1) * size + count - 1) / count);
    parts.push_back(
        t.node(type, {window}, {{"axes", std::vector<std::int64_t>{dim}}, {"keepdims", 1}}));
  }
  return parts.size() == 1 ? parts[0] : t.node("Concat", parts, {{"axis", dim}});
}

std::string adaptive(Translation& t, bool max) {
  const std::vector<std::int64_t> outputs = t.ints("adaptive");
  const std::vector<std::int64_t> image = t.fixed_sizes(0, 2);
  if (outputs[0] == 1 && outputs[1] == 1) {
    return t.node(max ? "GlobalMaxPool" : "GlobalAveragePool", {t.in(0)});
  }
  if (image[0] % outputs[0] == 0 && image[1] % outputs[1] == 0) {
    const std::vector<std::int64_t> kernel = {image[0] / outputs[0], image[1] / outputs[1]};
    return t.node(max ? "MaxPool" : "AveragePool", {t.in(0)},
                  {{"kernel_shape", kernel}, {"strides", kernel}});
  }
  const char* type = max ? "ReduceMax" : "ReduceMean";
  return share_out(t, type, share_out(t, type, t.in(0), 2), 3);
}

// ---- Pooling by windows -------------------------------------------------------------------------

std::string max_pool(Translation& t) {
  if (t.has_result("indices")) t.refuse("max pooling with indices");
  if (t.ints("adaptive")[0] != 0) return adaptive(t, true);
  const Windows h = windows(t, 0);
  const Windows w = windows(t, 1);
  const double lowest = -std::numeric_limits<double>::infinity();
  return pool(t, "MaxPool", h, w, lowest,
              {{"dilations", std::vector<std::int64_t>{h.dilation, w.dilation}}});
}

// By how much the mean over a whole window is to be multiplied, at each place of the result:
// windows that hang over the padded image, or a divisor of the user's, have another divisor.
Tensor correction(Translation& t, const Windows& h, const Windows& w) {
  const auto divisor = static_cast<double>(t.integer("divisor"));
  const std::int64_t pad = t.flag("count_include_pad") ? 1 : 0;
  const auto length = [pad](const Windows& windows, std::int64_t i) {
    const std::int64_t begin = windows.begin(i);
    const std::int64_t end = std::min(begin + windows.kernel, windows.size + pad * windows.padding);
    return static_cast<double>(end - std::max(begin, -pad * windows.padding));
  };
  Tensor factors({h.count, w.count}, kFloat64);
  double* factor = factors.data_ptr<double>();
  for (std::int64_t i = 0; i < h.count; ++i) {
    for (std::int64_t j = 0; j < w.count; ++j) {
      const double counted = divisor == 0 ? length(h, i) * length(w, j) : divisor;
      *factor++ = static_cast<double>(h.kernel * w.kernel) / counted;
    }
  }
  return factors;
}

std::string avg_pool(Translation& t) {
  if (t.ints("adaptive")[0] != 0) return adaptive(t, false);
  const Windows h = windows(t, 0);
  const Windows w = windows(t, 1);
  const Tensor factors = correction(t, h, w);
  const std::vector<double> values = factors.to_vector<double>();
  const bool whole = std::all_of(values.begin(), values.end(), [](double f) { return f == 1; });
  const std::string mean = pool(t, "AveragePool", h, w, 0, {{"count_include_pad", 1}});
  return whole ? mean : t.node("Mul", {mean, t.writer().constant(factors.to(t.dtype()))});
}

const bool kAdded = add_rules({
    {"max_pool2d", max_pool},
    {"relu_max_pool2d", [](Translation& t) { return t.node("Relu", {max_pool(t)}); }},
    {"avg_pool2d", avg_pool},
});

}  // namespace
}  // namespace gradus::onnx
