// Printing as PyTorch prints: one format for all elements, "..." in the middle of what is large.
#include "framework/tensor/tensor.h"

#include <cmath>
#include <cstdio>
#include <sstream>

namespace gradus {
namespace {

constexpr std::int64_t kSummaryNumel = 1000;
constexpr std::int64_t kEdge = 3;
constexpr int kLineWidth = 80;

// How the elements of one tensor are written.
struct Format {
  enum class Kind { Integer, Whole, Fixed, Scientific } kind = Kind::Integer;
  int width = 0;

  Format(const std::vector<double>& values, DType dtype) : is_bool(dtype == kBool) {
    if (is_floating(dtype)) kind = choose(values);
    for (const double value : values) {
      if (std::isfinite(value)) width = std::max(width, static_cast<int>(text(value).size()));
    }
  }
  [[nodiscard]] std::string text(double value) const {
    if (is_bool) return value != 0 ? "True" : "False";
    if (std::isnan(value)) return "nan";
    if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
    const char* formats[] = {"%.0f", "%.0f.", "%.4f", "%.4e"};
    char buffer[64];
    std::snprintf(buffer, sizeof buffer, formats[static_cast<int>(kind)], value);
    return buffer;
  }
  [[nodiscard]] std::string padded(double value) const {
    std::string result = text(value);
    const int missing = width - static_cast<int>(result.size());
    result.insert(0, static_cast<std::size_t>(std::max(missing, 0)), ' ');
    return result;
  }

 private:
  bool is_bool;

  static Kind choose(const std::vector<double>& values) {
    double largest = 0;
    double smallest = INFINITY;
    bool whole = true;
    for (const double value : values) {
      if (!std::isfinite(value)) continue;
      whole = whole && value == std::floor(value);
      largest = std::max(largest, std::fabs(value));
      if (value != 0) smallest = std::min(smallest, std::fabs(value));
    }
    const bool wide = largest > 1e8 || largest / smallest > 1e3;
    if (wide || (!whole && smallest < 1e-4)) return Kind::Scientific;
    return whole ? Kind::Whole : Kind::Fixed;
  }
};

class Printer {
 public:
  explicit Printer(const Tensor& tensor)
      : sizes_(tensor.sizes()),
        values_(tensor.to_vector<double>()),
        summary_(tensor.numel() > kSummaryNumel),
        format_(shown(), tensor.dtype()) {}

  void print(std::ostream& out) const { level(out, 0, 0, 7); }

 private:
  // The indices of a dim that are written; -1 stands for "...".
  [[nodiscard]] std::vector<std::int64_t> indices(int dim) const {
    std::vector<std::int64_t> result;
    for (std::int64_t i = 0; i < sizes_[dim]; ++i) {
      if (summary_ && sizes_[dim] > 2 * kEdge && i == kEdge) {
        result.push_back(-1);
        i = sizes_[dim] - kEdge;
      }
      result.push_back(i);
    }
    return result;
  }

  void collect(std::vector<double>& into, int dim, std::int64_t offset) const {
    if (dim == sizes_.size()) {
      into.push_back(values_[static_cast<std::size_t>(offset)]);
      return;
    }
    for (const std::int64_t i : indices(dim)) {
      if (i >= 0) collect(into, dim + 1, offset * sizes_[dim] + i);
    }
  }

  [[nodiscard]] std::vector<double> shown() const {
    std::vector<double> result;
    if (!values_.empty()) collect(result, 0, 0);
    return result;
  }

  void level(std::ostream& out, int dim, std::int64_t offset, int indent) const {
    if (dim == sizes_.size()) {
      out << format_.padded(values_[static_cast<std::size_t>(offset)]);
      return;
    }
    const bool last = dim == sizes_.size() - 1;
    const std::string pad(static_cast<std::size_t>(indent + 1), ' ');
    const int per_line = std::max(1, (kLineWidth - indent) / (format_.width + 2));
    out << '[';
    int count = 0;
    for (const std::int64_t i : indices(dim)) {
      if (count > 0 && last) out << (count % per_line == 0 ? ",\n" + pad : ", ");
      if (count > 0 && !last) {
        out << ',' << std::string(static_cast<std::size_t>(sizes_.size() - dim - 1), '\n') << pad;
      }
      ++count;
      if (i < 0) {
        out << (last ? " ..." : "...");
      } else {
        level(out, dim + 1, offset * sizes_[dim] + i, indent + 1);
      }
    }
    out << ']';
  }

  Shape sizes_;
  std::vector<double> values_;
  bool summary_;
  Format format_;
};

}  // namespace

std::string to_string(const Tensor& tensor) {
  std::ostringstream out;
  out << tensor;
  return out.str();
}

std::ostream& operator<<(std::ostream& out, const Tensor& tensor) {
  if (!tensor.defined()) return out << "tensor(undefined)";
  out << "tensor(";
  if (tensor.numel() == 0) {
    out << "[]";
    if (tensor.dim() != 1) out << ", size=" << to_string(tensor.sizes());
  } else {
    Printer(tensor).print(out);
  }
  const DType dtype = tensor.dtype();
  const bool usual = dtype == kFloat32 || dtype == kBool || (dtype == kInt64 && tensor.numel() > 0);
  if (!usual) out << ", dtype=" << name_of(dtype);
  if (!tensor.is_leaf()) {
    out << ", grad_fn=<" << tensor.name() << ">";
  } else if (tensor.requires_grad()) {
    out << ", requires_grad=True";
  }
  return out << ")";
}

}  // namespace gradus
